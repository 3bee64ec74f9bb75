// What Django stores: its own strings with right and wrong passwords, strings that must not be taken, and what is told of each.
import MartletEncoding
import PasswordHashing
import Testing

@Suite struct DjangoHashTests {
    private let parameters: Argon2Parameters

    init() throws {
        parameters = try #require(Argon2Parameters(memoryKiB: 64, iterations: 1, parallelism: 1))
    }

    @Test(arguments: DjangoVector.checkable)
    func `what Django stores takes the right password and no other`(vector: DjangoVector) throws {
        let hash = try PasswordHash(parsing: vector.encoded, allowingWeak: true)
        let password = vector.password.bytes
        #expect(try hash.verify(password))
        #expect(try !hash.verify([0x78] + password))
        #expect(try !hash.verify(Array(password.dropLast(30) + [0x78])))
        #expect(try hash.verify(password.prefix(72) + [0x78]) == (vector.algorithm == "bcrypt" && password.count > 72))
        #expect(throws: PasswordHashError.passwordTooLong) { try hash.verify([UInt8](repeating: 0x61, count: 4097)) }
    }

    @Test(arguments: DjangoVector.all)
    func `what is told of a stored password names its hasher and asks for a new hash`(vector: DjangoVector) throws {
        let hash = try PasswordHash(parsing: vector.encoded, allowingWeak: true)
        #expect(hash.scheme == "django.\(vector.algorithm)")
        #expect(hash.isLegacy)
        #expect(hash.encoded == vector.encoded)
        #expect(hash.djangoEncoded == vector.encoded)
        #expect(hash.needsRehash(for: parameters))
        #expect(hash.needsRehash(for: .standard))
    }

    @Test func `every hasher has a row`() {
        let hashers: Set = [
            "pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt", "bcrypt_sha256", "scrypt", "md5", "sha1", "unsalted_md5", "unsalted_sha1",
        ]
        #expect(Set(DjangoVector.all.map(\.algorithm)) == hashers)
    }

    @Test(arguments: DjangoVector.all)
    func `one pass of MD5 or SHA-1 is refused unless it is allowed`(vector: DjangoVector) throws {
        let weak: Set = ["md5", "sha1", "unsalted_md5", "unsalted_sha1"]
        #expect(try PasswordHash(parsing: vector.encoded, allowingWeak: true).isWeak == weak.contains(vector.algorithm))
        if weak.contains(vector.algorithm) {
            #expect(throws: PasswordHashError.weak) { try PasswordHash(parsing: vector.encoded) }
        } else {
            #expect(try PasswordHash(parsing: vector.encoded) == PasswordHash(parsing: vector.encoded, allowingWeak: true))
        }
    }

    @Test func `our own hash goes to Django as its argon2 hasher writes it`() throws {
        let hash = try PasswordHash(password: [0x61], parameters: parameters)
        #expect(hash.scheme == "argon2id")
        #expect(!hash.isLegacy)
        #expect(!hash.isWeak)
        #expect(hash.djangoEncoded == "argon2" + hash.encoded)
        let exported = try PasswordHash(parsing: try #require(hash.djangoEncoded))
        #expect(try exported.verify([0x61]))
        #expect(exported.scheme == "django.argon2")
    }

    #if os(Linux)
        /// Django's bcrypt takes a NUL as any byte, libcrypt as the end: such a password is refused, and never taken for what
        /// stands before its NUL.
        @Test func `no password with a NUL among the bytes that count matches bcrypt`() throws {
            // Of "nul\0inside" and of "nul", by Django.
            let whole = try PasswordHash(parsing: "bcrypt$$2b$04$q4Q2JkLzEfzynLuHn3nC9eZzkeh4.iDhEcoTV4gpfrKF/WNxMt2Bi")
            let start = try PasswordHash(parsing: "bcrypt$$2b$04$t2VMZF6f14/Rtfoe7qaP0udxT15PtRZhJHRJFEXHbjL5EKKxuoG1O")
            #expect(try start.verify(Array("nul".utf8)))
            #expect(try !start.verify(DjangoVector.Password.nul.bytes))
            #expect(try !start.verify(Array("nul\0".utf8)))
            #expect(try !whole.verify(DjangoVector.Password.nul.bytes))
            #expect(try !whole.verify(Array("nul".utf8)))
        }
    #else
        @Test(arguments: DjangoVector.all.filter { $0.algorithm.hasPrefix("bcrypt") })
        func `without a bcrypt of the system's a hash is read, kept and said to be unsupported`(vector: DjangoVector) throws {
            let hash = try PasswordHash(parsing: vector.encoded)
            #expect(throws: PasswordHashError.unsupported) { try hash.verify(vector.password.bytes) }
        }
    #endif

    @Test(arguments: ["!", "!WXx4jLkOmd8yDkmVRTbIrpqRyQqJpFkLhqKJaYTZ", "!md5$a$900150983cd24fb0d6963f7d28e17f72", "!$argon2id$"])
    func `the mark of an account without a password is told from a string that cannot be read`(text: String) {
        #expect(throws: PasswordHashError.unusable) { try PasswordHash(parsing: text) }
        #expect(throws: PasswordHashError.unusable) { try PasswordHash(parsing: text, allowingWeak: true) }
    }

    @Test(arguments: DjangoMalformedRow.all)
    func `a string that Django would not write is refused`(row: DjangoMalformedRow) {
        #expect(throws: row.error, Comment(rawValue: row.reason)) { try PasswordHash(parsing: row.text, allowingWeak: true) }
    }
}
