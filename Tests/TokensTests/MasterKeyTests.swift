// Keys at rest: what the master key seals opens in its own row and nowhere else.

import MartletCryptography
import MartletEncoding
import Testing
import Tokens

struct MasterKeyTests {
    private let random = RandomSource.repeatable(seed: 1)
    private let secret = Array("a private key".utf8)

    @Test("a sealed key opens in its row, and is not stale")
    func opens() throws {
        let key = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let sealed = try key.seal(secret, keyID: "k1", random: random)
        let opened = try key.open(sealed, keyID: "k1")
        #expect(opened.secret == secret)
        #expect(!opened.isStale)
        #expect(!sealed.contains(secret))
        #expect(sealed != (try key.seal(secret, keyID: "k1", random: random)), "each seal has a nonce of its own")
    }

    @Test("moved to another row it does not open")
    func otherRow() throws {
        let key = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let sealed = try key.seal(secret, keyID: "k1", random: random)
        #expect(throws: MasterKey.Failure.notAuthentic) { try key.open(sealed, keyID: "k2") }
        #expect(throws: MasterKey.Failure.notAuthentic) { try key.open(sealed, keyID: "") }
    }

    @Test("the key before this one opens, and says that it is stale; it seals nothing")
    func previous() throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let sealed = try #require(MasterKey(old)).seal(secret, keyID: "k1", random: random)
        let both = try #require(MasterKey(new, previous: old))
        let opened = try both.open(sealed, keyID: "k1")
        #expect(opened.secret == secret && opened.isStale)
        let anew = try both.seal(secret, keyID: "k1", random: random)
        #expect(try !both.open(anew, keyID: "k1").isStale)
        #expect(throws: MasterKey.Failure.otherKey) { try #require(MasterKey(old)).open(anew, keyID: "k1") }
        #expect(throws: MasterKey.Failure.otherKey) { try #require(MasterKey(new)).open(sealed, keyID: "k1") }
        #expect(throws: MasterKey.Failure.notAuthentic) { try both.open(sealed, keyID: "k2") }
    }

    @Test("no byte of a sealed key can be changed, and none be missing")
    func changed() throws {
        let key = try #require(MasterKey([UInt8](repeating: 1, count: 32)))
        let sealed = try key.seal(secret, keyID: "k1", random: random)
        for place in sealed.indices {
            for bit in 0..<8 {
                var other = sealed
                other[place] ^= 1 << bit
                let expected: MasterKey.Failure = place == 0 ? .malformed : place < 5 ? .otherKey : .notAuthentic
                #expect(throws: expected) { try key.open(other, keyID: "k1") }
            }
            #expect(throws: MasterKey.Failure.self) { try key.open(Array(sealed[..<place]), keyID: "k1") }
        }
        #expect(throws: MasterKey.Failure.notAuthentic) { try key.open(sealed + [0], keyID: "k1") }
    }

    @Test("a master key has 32 bytes", arguments: [0, 16, 31, 33, 64])
    func length(count: Int) {
        #expect(MasterKey([UInt8](repeating: 1, count: count)) == nil)
        #expect(MasterKey([UInt8](repeating: 1, count: 32), previous: [UInt8](repeating: 1, count: count)) == nil)
    }
}

struct IdentifierTests {
    @Test("a UUIDv7 has its time in front, then version, variant and randomness (RFC 9562 §5.7)")
    func layout() {
        let time = UnixTime(milliseconds: 0x0123_4567_89AB)
        #expect(
            Identifier.uuid(at: time, random: RandomSource { [UInt8](repeating: 0xFF, count: $0) })
                == "01234567-89ab-7fff-bfff-ffffffffffff")
        #expect(
            Identifier.uuid(at: time, random: RandomSource { [UInt8](repeating: 0, count: $0) }) == "01234567-89ab-7000-8000-000000000000")
        #expect(Identifier.uuid(at: UnixTime(seconds: -5), random: .repeatable(seed: 1)).hasPrefix("00000000-0000-7"))
    }

    @Test("later ones sort after earlier ones, and none comes twice")
    func order() {
        let random = RandomSource.repeatable(seed: 3)
        let ids = (0..<1000).map { Identifier.uuid(at: UnixTime(milliseconds: 1_800_000_000_000 + Int64($0)), random: random) }
        #expect(ids == ids.sorted())
        let sameTime = (0..<1000).map { _ in Identifier.uuid(at: Issuer.start, random: random) }
        #expect(Set(sameTime).count == 1000)
    }

    @Test("a jti is 128 random bits")
    func tokenID() {
        let random = RandomSource.repeatable(seed: 3)
        let ids = (0..<1000).map { _ in Identifier.random(random) }
        #expect(ids.allSatisfy { Base64URL.decode($0)?.count == 16 })
        #expect(Set(ids).count == 1000)
    }
}
