// MasterKey: the 32 bytes that seal the ring's private keys at rest (AES-256-GCM). A sealed key is
//
//     version (1 byte, 1) ‖ id of the master key (4 bytes) ‖ nonce ‖ ciphertext ‖ tag
//
// with "signing_keys", the column and the kid as associated data, so that a sealed key moved to another row does not open; a sealed
// fact has "facts" and its name.

package import MartletCryptography
import MartletEncoding
package import Store

/// The key that seals other keys, and perhaps the one before it.
package struct MasterKey: Sendable {
    private let current: AEADKey
    private let currentID: [UInt8]
    private let previous: (key: AEADKey, id: [UInt8])?

    /// Why something sealed could not be opened.
    package enum Failure: Error, Sendable, Hashable {
        /// Not a sealed key of a known version.
        case malformed
        /// Sealed under another master key.
        case otherKey
        /// Sealed under this key, and changed since.
        case notAuthentic
    }

    /// A master key of exactly 32 bytes, and the one before it, which only opens. Nil for another length.
    package init?(_ bytes: [UInt8], previous: [UInt8]? = nil) {
        guard let key = try? AEADKey(bytes) else { return nil }
        current = key
        currentID = Self.id(of: bytes)
        if let previous {
            guard let key = try? AEADKey(previous) else { return nil }
            self.previous = (key, Self.id(of: previous))
        } else {
            self.previous = nil
        }
    }

    /// Seals a private key for its row.
    package func seal(_ secret: [UInt8], keyID: String, random: RandomSource) throws(CryptographyError) -> [UInt8] {
        try seal(secret, Self.place(keyID), random)
    }

    /// Seals a secret that is a fact of the database.
    package func seal(_ secret: [UInt8], fact: Fact, random: RandomSource) throws(CryptographyError) -> [UInt8] {
        try seal(secret, Self.place(fact), random)
    }

    /// Opens a sealed private key of this row; says whether it ought to be sealed anew.
    package func open(_ sealed: [UInt8], keyID: String) throws(Failure) -> (secret: [UInt8], isStale: Bool) {
        try open(sealed, Self.place(keyID))
    }

    /// Opens a sealed fact; says whether it ought to be sealed anew.
    package func open(_ sealed: [UInt8], fact: Fact) throws(Failure) -> (secret: [UInt8], isStale: Bool) {
        try open(sealed, Self.place(fact))
    }

    private func seal(_ secret: [UInt8], _ place: [UInt8], _ random: RandomSource) throws(CryptographyError) -> [UInt8] {
        [Self.version] + currentID + (try current.seal(secret, associatedData: place, random: random))
    }

    private func open(_ sealed: [UInt8], _ place: [UInt8]) throws(Failure) -> (secret: [UInt8], isStale: Bool) {
        guard sealed.count > 5, sealed[0] == Self.version else { throw .malformed }
        let id = Array(sealed[1..<5])
        let key: AEADKey
        if id == currentID {
            key = current
        } else if let previous, id == previous.id {
            key = previous.key
        } else {
            throw .otherKey
        }
        do {
            return (try key.open(Array(sealed[5...]), associatedData: place), id != currentID)
        } catch {
            throw .notAuthentic
        }
    }

    private static let version: UInt8 = 1

    /// Four bytes of a hash: enough to tell keys apart, nothing to find the key by.
    private static func id(of key: [UInt8]) -> [UInt8] {
        Array(Digest.sha256.hash(Array("martlet master key id".utf8) + key).prefix(4))
    }

    private static func place(_ keyID: String) -> [UInt8] {
        Array("signing_keys\0private_key\0\(keyID)".utf8)
    }

    private static func place(_ fact: Fact) -> [UInt8] { Array("facts\0\(fact.rawValue)".utf8) }
}
