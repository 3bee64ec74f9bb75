// Argon2id over legacy digests: the way there, what it hides, and strings that must not be taken for one.
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Testing

@Suite struct WrappedHashTests {
    private let parameters: Argon2Parameters

    init() throws {
        parameters = try #require(Argon2Parameters(memoryKiB: 64, iterations: 1, parallelism: 1))
    }

    @Test(arguments: DjangoVector.checkable.filter { $0.algorithm != "argon2" })
    func `a wrapped hash takes the same password, and no part of the legacy digest stands in it`(vector: DjangoVector) throws {
        let legacy = try PasswordHash(parsing: vector.encoded, allowingWeak: true)
        let wrapped = try PasswordHash.wrapping(legacy, parameters: parameters)
        #expect(try wrapped.verify(vector.password.bytes))
        #expect(try !wrapped.verify([0x78] + vector.password.bytes))
        #expect(wrapped.scheme == "wrapped.\(vector.algorithm)")
        #expect(wrapped.isLegacy)
        #expect(!wrapped.isWeak)
        #expect(wrapped.djangoEncoded == nil)
        #expect(wrapped.needsRehash(for: parameters))
        #expect(try PasswordHash(parsing: wrapped.encoded) == wrapped)
        let last = vector.encoded.split(separator: "$").last.map(String.init) ?? ""
        let digest = Array(vector.algorithm.hasPrefix("bcrypt") ? last.dropFirst(22) : last[...])
        for start in 0...digest.count - 6 {
            #expect(!wrapped.encoded.contains(String(digest[start..<start + 6])))
        }
    }

    @Test func `the wrapped form is the setting and the PHC string of argon2id over the digest`() throws {
        let salt = RandomSource { [UInt8](repeating: 0xFB, count: $0) }
        // RFC 1321 §A.5: the MD5 of "abc", here of the salt "a" and the password "bc".
        let legacy = try PasswordHash(parsing: "md5$a$900150983cd24fb0d6963f7d28e17f72", allowingWeak: true)
        let wrapped = try PasswordHash.wrapping(legacy, parameters: parameters, random: salt)
        let digest: [UInt8] = [
            0x90, 0x01, 0x50, 0x98, 0x3C, 0xD2, 0x4F, 0xB0, 0xD6, 0x96, 0x3F, 0x7D, 0x28, 0xE1, 0x7F, 0x72,
        ]
        let outer = try PasswordHash(password: digest, parameters: parameters, random: salt)
        #expect(wrapped.encoded == "$argon2id-over$v=1$md5$a" + outer.encoded)
        #expect(try wrapped.verify(Array("bc".utf8)))
    }

    @Test func `two wrappings of one hash differ`() throws {
        let legacy = try PasswordHash(parsing: "md5$a$900150983cd24fb0d6963f7d28e17f72", allowingWeak: true)
        #expect(
            try PasswordHash.wrapping(legacy, parameters: parameters) != PasswordHash.wrapping(legacy, parameters: parameters))
    }

    @Test func `what is argon2 or wrapped already stays as it is`() throws {
        let own = try PasswordHash(password: [1], parameters: parameters)
        #expect(try PasswordHash.wrapping(own, parameters: parameters) == own)
        for vector in DjangoVector.all.prefix(1) + DjangoVector.all.filter({ $0.algorithm == "argon2" }) {
            let once = try PasswordHash.wrapping(PasswordHash(parsing: vector.encoded), parameters: parameters)
            #expect(try PasswordHash.wrapping(once, parameters: parameters) == once)
            #expect((once.encoded == vector.encoded) == (vector.algorithm == "argon2"))
        }
    }

    private static let outer = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"

    @Test func `the form by itself is read`() throws {
        #expect(try PasswordHash(parsing: "$argon2id-over$v=1$md5$s" + Self.outer).scheme == "wrapped.md5")
        #expect(try PasswordHash(parsing: "$argon2id-over$v=1$sha1$" + Self.outer).scheme == "wrapped.unsalted_sha1")
    }

    @Test(arguments: [
        ("$argon2id-over", PasswordHashError.malformed, "nothing behind"),
        ("$argon2id-over$v=1\(outer)", .malformed, "no setting"),
        ("$argon2id-over$v=2$md5$s\(outer)", .malformed, "another version"),
        ("$argon2id-over$md5$s\(outer)", .malformed, "no version"),
        ("argon2id-over$v=1$md5$s\(outer)", .malformed, "no separator in front"),
        ("$argon2id-over$v=1$md5$s", .malformed, "no outer hash"),
        ("$argon2id-over$v=1$md5\(outer)", .malformed, "no field for the salt"),
        ("$argon2id-over$v=1$md5$s$\(outer)", .malformed, "an empty field between"),
        ("$argon2id-over$v=1$md5$s$900150983cd24fb0d6963f7d28e17f72\(outer)", .malformed, "the digest that it is to hide"),
        ("$argon2id-over$v=1$argon2\(outer)\(outer)", .malformed, "argon2 inside"),
        ("$argon2id-over$v=1$argon2id-over$v=1$md5$s\(outer)\(outer)", .malformed, "wrapped twice"),
        ("$argon2id-over$v=1$md5$s$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "another variant"),
        ("$argon2id-over$v=1$md5$s\(outer)$", .malformed, "a field more"),
        ("$argon2id-over$v=1$pbkdf2_sha256$10000001$s\(outer)", .parametersOutOfRange, "an inner cost too high"),
        ("$argon2id-over$v=1$pbkdf2_sha256$01$s\(outer)", .malformed, "a leading zero inside"),
        ("$argon2id-over$v=1$bcrypt$$2b$17$.....................e\(outer)", .parametersOutOfRange, "an inner cost too high"),
        ("$argon2id-over$v=1$bcrypt$$2b$04$.....................f\(outer)", .malformed, "spare bits inside"),
        ("$argon2id-over$v=1$scrypt$16$s$1\(outer)", .malformed, "a parameter short"),
        (
            "$argon2id-over$v=1$md5$s$argon2id$v=19$m=1048577,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange,
            "an outer cost too high"
        ),
        ("$argon2id-over$v=1$md5$\(String(repeating: "s", count: 129))\(outer)", .parametersOutOfRange, "a salt too long"),
        ("$argon2id-over$v=1$md5$\(String(repeating: "s", count: 460))\(outer)", .malformed, "over 512 bytes"),
    ])
    func `a string that is not exactly of the wrapped form is refused`(text: String, error: PasswordHashError, reason: String) {
        #expect(throws: error, Comment(rawValue: reason)) { try PasswordHash(parsing: text) }
        #expect(throws: error, Comment(rawValue: reason)) { try PasswordHash(parsing: text, allowingWeak: true) }
    }

    /// The longest setting with the longest salts and hash must still be read again.
    @Test func `the longest wrapped form is within the length that is read`() throws {
        let salt = String(repeating: "s", count: 128)
        let longest = "scrypt$1048576$\(salt)$1$1$" + String(repeating: "A", count: 86) + "=="
        #expect(throws: PasswordHashError.parametersOutOfRange) { try PasswordHash(parsing: longest) }
        let legacy = try PasswordHash(parsing: "scrypt$16384$\(salt)$16$16$" + String(repeating: "A", count: 86) + "==")
        let wrapped = try PasswordHash.wrapping(legacy, parameters: parameters)
        #expect(try PasswordHash(parsing: wrapped.encoded) == wrapped)
    }
}
