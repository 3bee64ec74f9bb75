// Dumps: what manage.py dumpdata writes, in its variants, and what it does not.

import DjangoData
import Testing

@Suite("dumps")
struct DumpSourceTests {
    let folder: Folder
    let usual: DjangoTables

    init() throws {
        folder = try Folder()
        usual = try DjangoTables()
    }

    private func source(_ text: String, _ tables: DjangoTables? = nil) throws -> DjangoSource {
        try DjangoSource(try folder.dump(text), tables: tables ?? usual)
    }

    private func failure(_ bytes: [UInt8]) throws -> String {
        let location = try folder.dump(bytes)
        do {
            _ = try DjangoSource(location, tables: usual)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test("an account is read whatever the order of the elements and the spelling of the references")
    func natural() throws {
        let byKey = """
            [{"model": "auth.user", "pk": 7, "fields": {"password": "p", "last_login": null, "is_superuser": true, "username": "jo",
              "first_name": "Jo", "last_name": "Gray", "email": "jo@example.com", "is_staff": true, "is_active": false,
              "date_joined": "2026-01-02T03:04:05.678Z", "groups": [2, 1], "user_permissions": []}},
             {"model": "auth.group", "pk": 1, "fields": {"name": "Editors", "permissions": []}},
             {"model": "auth.group", "pk": 2, "fields": {"name": "\\u00e9t\\u00e9", "permissions": []}},
             {"model": "sessions.session", "pk": "x", "fields": {"a": {"b": [1, "]}"]}}},
             {"model": "account.emailaddress", "pk": 1, "fields": {"user": 7, "email": "jo@example.com", "verified": true, "primary": true}}]
            """
        let byName = """
            [{"model": "account.emailaddress", "pk": 1, "fields": {"user": ["jo"], "email": "jo@example.com", "verified": true,
              "primary": true}},
             {"model": "auth.user", "pk": 7, "fields": {"password": "p", "last_login": null, "is_superuser": true, "username": "jo",
              "first_name": "Jo", "last_name": "Gray", "email": "jo@example.com", "is_staff": true, "is_active": false,
              "date_joined": "2026-01-02T03:04:05.678+00:00", "groups": [["été"], ["Editors"]], "user_permissions": []}}]
            """
        for text in [byKey, byName, byKey.split(separator: "\n").joined(), "\u{FEFF}" + byKey] {
            let account = try #require(try source(text).accounts().first)
            #expect(Set(account.groups) == ["Editors", "été"])
            var rest = account
            rest.groups = []
            #expect(
                rest
                    == DjangoUser(
                        key: "7", username: "jo", email: "jo@example.com", password: "p", firstName: "Jo", lastName: "Gray",
                        isActive: false, isStaff: true, isSuperuser: true, dateJoined: DjangoTime.parse("2026-01-02 03:04:05.678"),
                        emailAddresses: [DjangoEmailAddress(email: "jo@example.com", isVerified: true, isPrimary: true)]))
        }
    }

    @Test("a dump by lines is read as well")
    func lines() throws {
        let text = """
            {"model": "auth.user", "pk": 1, "fields": {"username": "a", "password": ""}}
            {"model": "auth.user", "pk": 2, "fields": {"username": "b", "password": ""}}

            """
        #expect(try source(text).accounts().map(\.key) == ["1", "2"])
        #expect(try source("[]").accounts().isEmpty)
    }

    @Test("with --natural-primary an account is called by its username")
    func naturalPrimary() throws {
        let text = #"[{"model": "auth.user", "fields": {"username": "ada", "password": "p", "groups": [["g"]]}}]"#
        let account = try #require(try source(text).accounts().first)
        #expect(account.key == "ada" && account.groups == ["g"])
    }

    @Test("a custom user model is known by its table, with UUIDs as keys")
    func custom() throws {
        let text = """
            [{"model": "accounts.person", "pk": "0f8fad5b-d9cb-469f-a165-70867728950e", "fields": {"mail": "a@example.com", "password": "p"}},
             {"model": "auth.user", "pk": 1, "fields": {"username": "other", "password": "p"}}]
            """
        let source = try source(text, try DjangoTables(users: "accounts_person", username: "mail", email: "mail"))
        #expect(try source.accounts().map(\.key) == ["0f8fad5b-d9cb-469f-a165-70867728950e"])
        #expect(try source.accounts().map(\.username) == ["a@example.com"])
    }

    @Test("tokens and opaque tokens are found")
    func tokens() throws {
        let source = try source(
            """
            [{"model": "token_blacklist.blacklistedtoken", "pk": 5, "fields": {"token": 3, "blacklisted_at": "2026-01-01T00:00:00Z"}},
             {"model": "token_blacklist.outstandingtoken", "pk": 3, "fields": {"user": ["jo"], "jti": "j", "token": "t",
              "created_at": null, "expires_at": "2026-01-02T00:00:00Z"}},
             {"model": "authtoken.token", "pk": "0123", "fields": {"user": 1, "created": "2026-01-01T00:00:00Z"}}]
            """)
        #expect(try source.blacklistedTokens(after: nil, limit: 5)?.tokens.map(\.jti) == ["j"])
        #expect(try source.countOpaqueTokens() == 1)
    }

    @Test("a blacklisted token that is not of its usual form is told as one")
    func unreadableTokens() throws {
        let source = try source(
            """
            [{"model": "token_blacklist.blacklistedtoken", "pk": 5, "fields": {"token": 3}},
             {"model": "token_blacklist.blacklistedtoken", "pk": 5, "fields": {"token": 4}},
             {"model": "token_blacklist.blacklistedtoken", "pk": 6, "fields": {"token": {"a": 1}}},
             {"model": "token_blacklist.outstandingtoken", "pk": 3, "fields": {"jti": "j", "expires_at": {"a": 1}}},
             {"model": "token_blacklist.outstandingtoken", "pk": 4, "fields": {"jti": "k", "expires_at": "2026-01-02T00:00:00Z"}}]
            """)
        let batch = try #require(try source.blacklistedTokens(after: nil, limit: 9))
        #expect(batch.tokens.isEmpty && batch.unreadable.count == 3)
    }

    @Test("an element that cannot be an account is told, and the others are read")
    func unreadable() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let source = try source(
            """
            [{"model": "auth.user", "pk": 1, "fields": {"username": "good", "password": "p"}},
             {"model": "auth.user", "pk": 2, "fields": {"username": ["list"], "password": "p"}},
             {"model": "auth.user", "pk": 3, "fields": {"username": "half \\ud800", "password": "p"}},
             {"model": "auth.user", "pk": 1, "fields": {"username": "again", "password": "p"}},
             {"model": "auth.user", "fields": {"password": "p"}},
             {"model": "auth.user", "pk": 6, "fields": {"username": "\(long)", "password": "p"}},
             {"pk": 7},
             {"model": "auth.user", "pk": 8, "fields": {"username": "flag", "password": "p", "is_active": "yes"}},
             {"model": "auth.user", "pk": 9, "fields": {"username": "twice", "username": "twice", "password": "p"}},
             {"model": "auth.user", "pk": 10, "fields": {"username": "also good", "password": "p"}}]
            """)
        #expect(try source.accounts().map(\.username) == ["good", "also good"])
        #expect(
            Set(try source.problems().keys) == ["2", "element 3", "element 4", "element 5", "element 6", "element 7", "8", "element 9"])
    }

    @Test("groups that the dump does not have are told, and so are broken parts of other models")
    func notes() throws {
        let source = try source(
            """
            [{"model": "auth.user", "pk": 1, "fields": {"username": "a", "password": "p", "groups": [1, 2]}},
             {"model": "auth.group", "pk": 1, "fields": {"name": "g"}}, {"model": "auth.group", "pk": 2, "fields": {"name": 2}}]
            """)
        #expect(try source.accounts().map(\.groups) == [["g"]])
        #expect(source.notes.count == 2)
    }

    @Test(
        "what is no dump is refused before anything is taken of it",
        arguments: [
            ("", "empty"), ("hello", "not what dumpdata writes"), ("[1, 2]", "not what dumpdata writes"),
            (#"[{"model": "auth.user""#, "ends in the middle"), (#"[{"model": "auth.user"}"#, "ends in the middle"),
            (#"[{"a": 1} {"b": 2}]"#, "not what dumpdata writes"), (#"[{"a": 1}] tail"#, "not what dumpdata writes"),
            (#"[{"a": 1},]"#, "not what dumpdata writes"), ("<?xml version=\"1.0\"?>", "not what dumpdata writes"),
        ])
    func refused(text: String, words: String) throws {
        #expect(try failure(Array(text.utf8)).contains(words))
    }

    @Test("UTF-16, as a shell's redirection may make it, is told")
    func utf16() throws {
        #expect(try failure([0xFF, 0xFE, 0x5B, 0x00]).contains("--output"))
    }

    @Test("an element may stand across the pieces in which the file is read")
    func pieces() throws {
        let elements = (1...3000).map { #"{"model": "auth.user", "pk": \#($0), "fields": {"username": "u\#($0)", "password": "\\\"{["}}"# }
        let accounts = try source("[" + elements.joined(separator: ",\n") + "]").accounts(by: 1000)
        #expect(accounts.count == 3000)
        #expect(accounts.allSatisfy { $0.username == "u\($0.key)" && $0.password == "\\\"{[" })
    }
}
