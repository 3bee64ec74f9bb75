// DPoPNonces: the nonces that a server wants to see in proofs (RFC 9449 §8 and §9), so that none can be made long before it is used.
// Nothing is kept: a nonce is a code of the time under a key, so that all processes that share the key give and take the same ones.
import MartletCryptography
public import MartletEncoding

/// Gives out nonces, and knows them again.
public struct DPoPNonces: Sendable {
    private let key: HMACKey

    /// Seconds after which another nonce is given out. One is taken until twice that.
    public static let slot: Int64 = 120

    /// Nonces under a secret of 32 random bytes, which is for nothing else.
    public init(secret: [UInt8]) { key = HMACKey(secret) }

    /// The nonce to give out now.
    public func nonce(at now: UnixTime) -> String { code(now.seconds / Self.slot) }

    /// Whether this is the nonce of now, or the one before it.
    public func accepts(_ nonce: String, at now: UnixTime) -> Bool {
        let slot = now.seconds / Self.slot
        return isCurrent(nonce, at: now) || ConstantTime.equal(Array(nonce.utf8), Array(code(slot - 1).utf8))
    }

    /// Whether this is the nonce of now: whoever has it needs no other yet.
    public func isCurrent(_ nonce: String, at now: UnixTime) -> Bool {
        ConstantTime.equal(Array(nonce.utf8), Array(self.nonce(at: now).utf8))
    }

    private func code(_ slot: Int64) -> String {
        Base64URL.encode(Array(key.code(for: Array("dpop nonce\0\(slot)".utf8)).prefix(16)))
    }
}
