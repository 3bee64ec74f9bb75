// Argon2id against its RFC, and stored strings that must not be taken.
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Testing

@Suite struct PasswordHashTests {
    private func parameters(_ memory: Int = 64, _ iterations: Int = 1, _ lanes: Int = 1) throws -> Argon2Parameters {
        try #require(Argon2Parameters(memoryKiB: memory, iterations: iterations, parallelism: lanes))
    }

    @Test func `the test vector of RFC 9106 §5.3 comes out`() throws {
        let hash = Argon2.id.hash(
            [UInt8](repeating: 1, count: 32), salt: [UInt8](repeating: 2, count: 16), parameters: try parameters(32, 3, 4), length: 32,
            secret: [UInt8](repeating: 3, count: 8), associatedData: [UInt8](repeating: 4, count: 12))
        #expect(hash.map(Hex.encode) == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    }

    @Test func `a password verifies and another does not, in whatever order memory is asked for`() throws {
        for memory in [64, 4096, 64] {
            let hash = try PasswordHash(password: Array("correct horse".utf8), parameters: try parameters(memory, 2, 2))
            #expect(try hash.verify(Array("correct horse".utf8)))
            #expect(try !hash.verify(Array("correct horsf".utf8)))
            #expect(try !hash.verify([]))
            #expect(try PasswordHash(parsing: hash.encoded).verify(Array("correct horse".utf8)))
        }
    }

    @Test func `the stored form is the PHC string of the parameters, salt and hash`() throws {
        let salt = RandomSource { [UInt8](repeating: 0xFB, count: $0) }
        let hash = try PasswordHash(password: [0x61], parameters: try parameters(), random: salt)
        #expect(hash.encoded.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$+/v7+/v7+/v7+/v7+/v7+w$"))
        #expect(try PasswordHash(parsing: hash.encoded) == hash)
    }

    @Test func `an empty password and one of 4096 bytes hash, a longer one does not`() throws {
        let long = [UInt8](repeating: 0x61, count: PasswordHash.maximumPasswordLength)
        #expect(try PasswordHash(password: [], parameters: try parameters()).verify([]))
        let hash = try PasswordHash(password: long, parameters: try parameters())
        #expect(try hash.verify(long))
        #expect(throws: PasswordHashError.passwordTooLong) { try PasswordHash(password: long + [1], parameters: try parameters()) }
        #expect(throws: PasswordHashError.passwordTooLong) { try hash.verify(long + [1]) }
    }

    @Test func `two hashes of one password differ`() throws {
        let parameters = try parameters()
        #expect(try PasswordHash(password: [1], parameters: parameters) != PasswordHash(password: [1], parameters: parameters))
    }

    @Test func `no password has the dummy hash`() throws {
        let dummy = PasswordHash.dummy(try parameters())
        #expect(try !dummy.verify([]))
        #expect(try !dummy.verify(Array("password".utf8)))
        #expect(try PasswordHash(parsing: dummy.encoded) == dummy)
    }

    @Test func `other parameters ask for a new hash`() throws {
        let hash = try PasswordHash(password: [1], parameters: try parameters())
        #expect(!hash.needsRehash(for: try parameters()))
        #expect(hash.needsRehash(for: try parameters(128)))
        #expect(hash.needsRehash(for: try parameters(64, 2)))
        #expect(hash.needsRehash(for: try parameters(64, 1, 2)))
        let short = try PasswordHash(parsing: "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
        #expect(short.needsRehash(for: try parameters()))
    }

    @Test(arguments: [
        ("", PasswordHashError.malformed, "nothing"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA", .malformed, "no hash"),
        ("$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "another type"),
        ("$argon2id$v=16$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "another version"),
        ("$argon2id$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "no version"),
        ("$argon2id$v=19$t=1,m=64,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "another order"),
        ("$argon2id$v=19$m=064,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "a leading zero"),
        ("$argon2id$v=19$m=+64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "a sign"),
        ("$argon2id$v=19$m=64,t=1,p=1,x=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "a fourth parameter"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA=$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "padding"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "spare bits"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAA_$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "base64url letters"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA$", .malformed, "a seventh field"),
        (" $argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "white space"),
        ("$argon2id$v=19$m=4294967296,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "4 TiB"),
        ("$argon2id$v=19$m=1048577,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "over 1 GiB"),
        ("$argon2id$v=19$m=64,t=101,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "101 passes"),
        ("$argon2id$v=19$m=1024,t=1,p=17$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "17 lanes"),
        ("$argon2id$v=19$m=15,t=1,p=2$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "under 8 KiB a lane"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "a short salt"),
        ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAA", .parametersOutOfRange, "a short hash"),
    ])
    func `a stored string that is not exactly of the form is refused`(text: String, error: PasswordHashError, reason: String) {
        #expect(throws: error, Comment(rawValue: reason)) { try PasswordHash(parsing: text) }
    }
}
