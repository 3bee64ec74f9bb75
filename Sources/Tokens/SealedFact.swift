// SealedFact: a secret of the database as a whole: made once, never rotated, never published; a fact that is sealed under the master
// key as the ring's private keys are.

package import MartletCryptography
import MartletEncoding
package import Store

/// A secret of 32 bytes that a database keeps for as long as it lives.
package enum SealedFact {
    /// The secret, made where there is none yet, and sealed anew where an earlier master key sealed it.
    ///
    /// Throws what stands in the way, as the key ring does.
    package static func load(
        _ fact: Fact, store: any Store, masterKey: MasterKey, random: RandomSource
    ) throws(KeyRing.Failure) -> [UInt8] {
        let made = random.bytes(32)
        let first = try seal(made, fact, masterKey, random)
        let text: String
        do throws(StoreError) {
            if let known = try store.read({ reads throws(StoreError) in try reads.fact(fact) }) {
                text = known
            } else {
                text = try store.write { transaction throws(StoreError) in
                    // Another process may have made it since.
                    if let known = try transaction.fact(fact) { return known }
                    try transaction.setFact(fact, first)
                    return first
                }
            }
        } catch {
            throw .store(error)
        }
        let opened: (secret: [UInt8], isStale: Bool)
        do throws(MasterKey.Failure) {
            guard let sealed = Base64URL.decode(text) else { throw .malformed }
            opened = try masterKey.open(sealed, fact: fact)
        } catch {
            throw .sealed(error, keyID: fact.rawValue)
        }
        guard opened.isStale else { return opened.secret }
        let anew = try seal(opened.secret, fact, masterKey, random)
        do throws(StoreError) {
            try store.write { transaction throws(StoreError) in try transaction.setFact(fact, anew) }
        } catch {
            throw .store(error)
        }
        return opened.secret
    }

    private static func seal(
        _ secret: [UInt8], _ fact: Fact, _ masterKey: MasterKey, _ random: RandomSource
    ) throws(KeyRing.Failure) -> String {
        do throws(CryptographyError) {
            return Base64URL.encode(try masterKey.seal(secret, fact: fact, random: random))
        } catch {
            throw .cryptography(detail: "\(fact.rawValue) cannot be sealed")
        }
    }
}
