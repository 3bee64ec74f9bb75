// A secret of the database: one for all who ask, and found again under the next master key.

import MartletCryptography
import MartletEncoding
import Store
import Testing
import Tokens

struct SealedFactTests {
    private let issuer: Issuer
    private let old = [UInt8](repeating: 1, count: 32)
    private let new = [UInt8](repeating: 2, count: 32)

    init() throws { issuer = try Issuer() }

    private func load(_ key: [UInt8], previous: [UInt8]? = nil) throws -> [UInt8] {
        let masterKey = try #require(MasterKey(key, previous: previous))
        return try SealedFact.load(.clientSecretKey, store: issuer.store, masterKey: masterKey, random: issuer.random)
    }

    @Test("it is made once, and does not stand in the database as it is")
    func once() throws {
        let first = try load(old)
        #expect(first.count == 32)
        #expect(try load(old) == first)
        let text = try #require(try issuer.store.read { reads throws(StoreError) in try reads.fact(.clientSecretKey) })
        #expect(!(try #require(Base64URL.decode(text))).contains(first))
    }

    @Test("the next master key seals it anew, and the one before does not open it then")
    func resealed() throws {
        let first = try load(old)
        #expect(try load(new, previous: old) == first)
        #expect(try load(new) == first)
        #expect(throws: KeyRing.Failure.sealed(.otherKey, keyID: "client_secret_key")) { try load(old) }
    }

    @Test("a key of the ring does not open in its place, and what is damaged does not at all")
    func places() throws {
        let masterKey = try #require(MasterKey(old))
        for sealed in [try masterKey.seal(new, keyID: "client_secret_key", random: issuer.random), [1], []] {
            _ = try issuer.store.write { transaction throws(StoreError) in
                try transaction.setFact(.clientSecretKey, Base64URL.encode(sealed))
            }
            #expect { try load(old) } throws: { if case .sealed = $0 as? KeyRing.Failure { true } else { false } }
        }
    }
}
