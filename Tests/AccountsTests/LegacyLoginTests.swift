// Logging in with a hash that another system made: once with it, from then on with this service's own.

import Accounts
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Store
import Testing
import Tokens

struct LegacyLoginTests {
    /// What Django's hashers make of `Fixture.password`, by the scheme's name.
    static let stored = [
        ("django.pbkdf2_sha256", "pbkdf2_sha256$3$salt1$/sYj8DwDpGlKTjwWhzv1xnG3b+67l5SFx1KNQF+cccg="),
        ("django.pbkdf2_sha1", "pbkdf2_sha1$3$salt2$ILY2/1Y4YyhCyP9NUH0HKqXrPfw="),
        ("django.argon2", "argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQz$33E7eD+J1DfXsJigf/t1TNhNzAk/WlQDAsdnT/5Xm9c"),
        ("django.bcrypt_sha256", "bcrypt_sha256$$2b$04$3EH3bENVRiujxH3NKwYjQu8C96ehq5.jH97fIwJPnK.O1kW0Zd5nu"),
        ("django.bcrypt", "bcrypt$$2b$04$d5XK5YpbCKHOQ7qkCTCTo.gi8HYJsPRbjIJy.3swHgiobgPCzL3/O"),
        (
            "django.scrypt",
            "scrypt$2$salt4$1$1$joKxTyIcBbjGRC8w0rEmsbekMuhaU61uwbUmMMbMTG5XTrIQry5qj/lBkuuBjNtQkA+eLVidNiyA7EdJ3hpmew=="
        ),
        ("django.md5", "md5$salt5$a4d3619cfa5a08ce86e0579fbb51eb1d"),
        ("django.sha1", "sha1$salt6$083400d6e853381e64463fffd56b48b396568632"),
    ]

    @Test("the first login makes the hash anew, and the next ones leave it as it is", arguments: stored)
    func first(scheme: String, hash: String) throws {
        let fixture = try Fixture()
        let user = try fixture.bring(hash)
        #expect(try fixture.schemes(after: 0) == ["\(scheme) 1"])
        #expect(try fixture.failure(.username("ada"), "wrong password") == .invalidCredentials)
        #expect(try fixture.stored(user).passwordHash == hash, "a wrong password rehashes nothing")
        _ = try fixture.logIn(.username("ada"), Fixture.password)
        let first = try fixture.stored(user)
        #expect(first.passwordHash?.hasPrefix("$argon2id$") == true && first.version == 1)
        #expect(try fixture.schemes(after: 1) == ["argon2id 1"])
        _ = try fixture.logIn(.username("ada"), Fixture.password)
        #expect(try fixture.stored(user).passwordHash == first.passwordHash)
        #expect(try fixture.failure(.username("ada"), "wrong password") == .invalidCredentials)
    }

    @Test("a wrapped hash is unwrapped by the first login", arguments: stored.filter { $0.0 != "django.argon2" })
    func wrapped(scheme: String, hash: String) throws {
        let fixture = try Fixture()
        let parameters = try #require(Argon2Parameters(memoryKiB: 8, iterations: 1, parallelism: 1))
        let wrapped = try PasswordHash.wrapping(try PasswordHash(parsing: hash, allowingWeak: true), parameters: parameters)
        let user = try fixture.bring(wrapped.encoded)
        #expect(try fixture.schemes(after: 0) == ["wrapped.\(scheme.dropFirst("django.".count)) 1"])
        _ = try fixture.logIn(.username("ada"), Fixture.password)
        #expect(try fixture.stored(user).passwordHash?.hasPrefix("$argon2id$") == true)
    }

    @Test("the store calls a scheme what its reader calls it, and counts as legacy what the reader does", arguments: stored)
    func names(scheme: String, hash: String) throws {
        let parameters = try #require(Argon2Parameters(memoryKiB: 8, iterations: 1, parallelism: 1))
        let django = try PasswordHash(parsing: hash, allowingWeak: true)
        let own = try PasswordHash(password: Array(Fixture.password.utf8), parameters: parameters)
        for read in [django, try PasswordHash.wrapping(django, parameters: parameters), own] {
            let told = try #require(PasswordScheme(of: read.encoded))
            #expect(told.name == read.scheme && told.isLegacy == read.isLegacy)
        }
        #expect(django.scheme == scheme)
    }

    @Test("whether legacy passwords are left is known from the last look, and assumed before the first")
    func left() throws {
        let fixture = try Fixture()
        let legacy = LegacyPasswords()
        #expect(legacy.areLeft)
        legacy.look(in: fixture.store)
        #expect(!legacy.areLeft)
        try fixture.bring(Self.stored[0].1)
        #expect(!legacy.areLeft)
        legacy.look(in: fixture.store)
        #expect(legacy.areLeft)
        _ = try fixture.logIn(.username("ada"), Fixture.password)
        legacy.look(in: fixture.store)
        #expect(!legacy.areLeft)
        try fixture.bring(Self.stored[1].1, as: "bob")
        legacy.look(in: fixture.store)
        fixture.store.close()
        legacy.look(in: fixture.store)
        #expect(legacy.areLeft, "a store that cannot be asked changes nothing")
    }
}

extension Fixture {
    /// An account that comes from another system with this hash.
    @discardableResult
    fileprivate func bring(_ hash: String, as name: String = "ada") throws -> UserID {
        let user = ImportedUser(
            id: UserID("i-\(name)"), username: name, matchesExactly: false, email: nil, emailVerified: false, displayName: "",
            passwordHash: hash, roles: [], isActive: true, createdAt: Self.start, lastLoginAt: nil, attributes: "{}", externalID: name)
        _ = try store.write { transaction throws(StoreError) in
            try transaction.importUser(user, audit: Self.audit, at: Self.start)
        }
        return user.id
    }

    /// `scheme count`, counted anew after so many hours.
    fileprivate func schemes(after hours: Int64) throws -> [String] {
        try store.read { reads throws(StoreError) in try reads.passwordSchemes(at: Self.start.adding(seconds: hours * 3600)) }
            .map { "\($0.name) \($0.accounts)" }
    }
}
