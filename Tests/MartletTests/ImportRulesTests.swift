// What an import makes of a row of Django's.

import DjangoData
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Store
import Testing

@testable import Martlet

@Suite("import rules")
struct ImportRulesTests {
    private let now = UnixTime(milliseconds: 1_790_000_000_000)

    private func account(
        _ rules: ImportRules = ImportRules(), _ change: (inout DjangoUser) -> Void
    ) throws(ImportRules.Refusal) -> ImportRules.Account {
        var row = DjangoUser(key: "7", username: "ada", email: "ada@example.com", password: "!")
        change(&row)
        return try rules.account(of: row, at: now, random: .secure)
    }

    private func reason(_ rules: ImportRules = ImportRules(), _ change: (inout DjangoUser) -> Void) -> ImportRules.Reason? {
        do throws(ImportRules.Refusal) {
            _ = try account(rules, change)
            return nil
        } catch {
            return error.reason
        }
    }

    private static let md5 = "md5$salt$d41d8cd98f00b204e9800998ecf8427e"
    private static let sha1 = "sha1$$da39a3ee5e6b4b0d3255bfef95601890afd80709"
    private static let pbkdf2 = "pbkdf2_sha256$1000$salt$" + String(repeating: "A", count: 43) + "="

    @Test("a password is taken as it is, or the account is not", arguments: [ImportRules.WeakPasswords.refused, .allowed, .wrapped])
    func passwords(weak: ImportRules.WeakPasswords) throws {
        let rules = ImportRules(weakPasswords: weak)
        for none in ["", "!", "!unusable and 40 characters of whatever"] {
            let account = try account(rules) { $0.password = none }
            #expect(account.user.passwordHash == nil && account.scheme == nil)
        }
        let strong = try account(rules) { $0.password = Self.pbkdf2 }
        #expect(strong.user.passwordHash == Self.pbkdf2 && strong.scheme == "django.pbkdf2_sha256" && strong.unwrapped == nil)
        for digest in [Self.md5, Self.sha1, "d41d8cd98f00b204e9800998ecf8427e"] {
            guard weak != .refused else {
                #expect(reason(rules) { $0.password = digest } == .weakPassword)
                continue
            }
            #expect(try account(rules, { $0.password = digest }).unwrapped?.encoded == (weak == .wrapped ? digest : nil))
        }
        #expect(reason(rules) { $0.password = "not a hash" } == .unknownPassword)
        #expect(reason(rules) { $0.password = "crypt$$ab0123456789a" } == .unknownPassword)
        #expect(reason(rules) { $0.password = "pbkdf2_sha256$99999999999$salt$" + Self.pbkdf2.suffix(44) } == .costlyPassword)
    }

    @Test("nothing of a password is in what is told about it")
    func discretion() {
        for secret in ["hunter2hunter2", "$hunter2$", "Hunter2$x", "hunter2-is-long-and-no-scheme$x", Self.md5 + "x"] {
            do throws(ImportRules.Refusal) {
                _ = try account { $0.password = secret }
                Issue.record("\(secret) was taken")
            } catch {
                #expect(!error.detail.lowercased().contains("hunter2") && !error.detail.contains("d41d8"))
            }
        }
    }

    @Test(
        "a username that is one line of 254 characters at most is taken, by its exact text where Martlet's own could not be it",
        arguments: [
            ("ada", nil, false), ("Ada Lovelace", nil, true), ("jose\u{301}", nil, true), ("李雷", nil, false),
            (String(repeating: "n", count: 151), nil, true), (String(repeating: "é", count: 254), nil, true),
            (String(repeating: "n", count: 255), ImportRules.Reason.badUsername, false), ("", .noUsername, false),
            ("a\0b", .badUsername, false),
            ("a\u{85}b", .badUsername, false), ("a\nb", .badUsername, false), (" ada", .badUsername, false), ("ada ", .badUsername, false),
            ("ada\u{A0}", .badUsername, false), ("\u{3000}ada", .badUsername, false), (" ", .badUsername, false),
        ] as [(String, ImportRules.Reason?, Bool)])
    func usernames(username: String, refused: ImportRules.Reason?, matchesExactly: Bool) throws {
        #expect(reason { $0.username = username } == refused)
        guard refused == nil else { return }
        let user = try account { $0.username = username }.user
        #expect(user.username.utf8.elementsEqual(username.utf8) && user.matchesExactly == matchesExactly)
    }

    @Test("an e-mail address is verified where allauth says so of this one")
    func emails() throws {
        let other = DjangoEmailAddress(email: "other@example.com", isVerified: true, isPrimary: true)
        let same = DjangoEmailAddress(email: "ADA@example.com", isVerified: true, isPrimary: false)
        #expect(try account { _ in }.user.emailVerified == false)
        #expect(try account { $0.emailAddresses = [other] }.user.emailVerified == false)
        #expect(try account { $0.emailAddresses = [other, same] }.user.emailVerified)
        let none = try account { $0.email = "" }.user
        #expect(none.email == nil && !none.emailVerified)
        let primary = try account { ($0.email, $0.emailAddresses) = ("", [same, other]) }.user
        #expect(primary.email == "other@example.com" && primary.emailVerified)
        #expect(reason { $0.email = String(repeating: "e", count: 255) } == .badEmail)
        #expect(reason { $0.email = "a\tb" } == .badEmail)
    }

    @Test("flags and groups become roles, and a group's name never makes more of its members than the operator says")
    func roles() throws {
        let groups = ["admin", "staff", "Editors"]
        let member = try account { $0.groups = groups }
        #expect(member.user.roles == ["Editors"] && member.leftOutGroups == ["admin", "staff"])
        let superuser = try account { ($0.isSuperuser, $0.isStaff, $0.groups) = (true, true, groups) }
        #expect(superuser.user.roles == ["Editors", "admin", "staff"])
        let none = try account(ImportRules(makesAdministrators: false)) { $0.isSuperuser = true }
        #expect(none.user.roles == [])
        let meant = try account(ImportRules(groupRoles: ["admin": "admin", "Editors": "editor"])) { $0.groups = groups }
        #expect(meant.user.roles == ["admin", "editor"] && meant.leftOutGroups == ["staff"])
    }

    @Test(
        "a group whose name would be read as another role gives none of itself",
        arguments: [
            ("Editors", true), ("équipe / été", true), ("x admin", true), ("administrators", true),
            (String(repeating: "é", count: 150), true),
            ("admin", false), ("ADMIN", false), ("Staff", false), (" admin ", false), ("\u{3000}staff\u{A0}", false),
            ("\u{FF41}\u{FF44}\u{FF4D}\u{FF49}\u{FF4E}", false), ("\u{FF21}dmin", false), ("adm\u{131}n", false), ("\u{17F}taff", false),
            ("sta\u{FB00}", false), ("x,admin", false), (",", false), ("", false), (" ", false), (" Editors", false),
            ("Editors\u{85}", false),
            ("a\nb", false), ("a\u{0}b", false), ("a\u{9B}b", false), (String(repeating: "e", count: 151), false),
            (String(repeating: "e", count: 1_000_000), false),
        ])
    func groups(name: String, isRole: Bool) throws {
        let account = try account { $0.groups = [name] }
        #expect(account.user.roles == (isRole ? [name] : []))
        #expect(account.leftOutGroups.count == (isRole ? 0 : 1) && account.leftOutGroups.allSatisfy { $0.unicodeScalars.count <= 151 })
        #expect(account.leftOutGroups.allSatisfy { ImportRules.problem(ofGroup: $0) == ImportRules.problem(ofGroup: name) })
        #expect((ImportRules.problem(ofGroup: name) == nil) == isRole)
        let named = ImportRules(groupRoles: [name: "named"])
        #expect(try self.account(named) { $0.groups = [name] }.user.roles == ["named"])
    }

    @Test("names, dates and the key come along")
    func others() throws {
        let joined = UnixTime(milliseconds: 1_500_000_000_123)
        let user = try account { row in
            (row.firstName, row.lastName, row.dateJoined, row.isActive) = ("Ada \"A\"", "Lovelace", joined, false)
        }.user
        #expect(user.displayName == "Ada \"A\" Lovelace" && user.createdAt == joined && user.lastLoginAt == nil)
        #expect(user.externalID == "7" && !user.isActive)
        let attributes = try JSONDocument(parsing: Array(user.attributes.utf8)).root
        #expect(attributes["first_name"]?.string == "Ada \"A\"" && attributes["last_name"]?.string == "Lovelace")
        #expect(try account { $0.lastName = "Lovelace" }.user.displayName == "Lovelace")
        #expect(try account { _ in }.user.createdAt == now, "an account without a date is of today")
        #expect(reason { $0.firstName = String(repeating: "x", count: 256) } == .badName)
    }
}
