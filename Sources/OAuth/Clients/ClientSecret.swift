// ClientSecret: the secret of a confidential client. Made here, 256 bits, shown once; what is stored is its code under a key of this
// service's, so that a copy of the database says nothing to guess with, and checking one costs a microsecond.

package import MartletCryptography
import MartletEncoding

/// Makes and checks client secrets.
package struct ClientSecrets: Sendable {
    private let key: HMACKey

    /// With the key that the codes are made under.
    package init(key: HMACKey) { self.key = key }

    /// A new secret and what to store of it.
    package func make(random: RandomSource) -> (secret: String, stored: [UInt8]) {
        let secret = Base64URL.encode(random.bytes(32))
        return (secret, code(of: secret))
    }

    /// Whether `secret` is the one that was stored as `stored`; in constant time.
    package func isRight(_ secret: String, stored: [UInt8]) -> Bool {
        // RFC 6749 leaves the length open; ours have 43 characters, and a long text is not worth a hash.
        guard secret.utf8.count <= 512 else { return false }
        return ConstantTime.equal(code(of: secret), stored)
    }

    private func code(of secret: String) -> [UInt8] { key.code(for: Array("client secret\0\(secret)".utf8)) }
}
