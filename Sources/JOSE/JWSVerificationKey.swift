// JWSVerificationKey: what checks signatures of exactly one algorithm. Made by `JWK`; the algorithm comes from the key's side,
// never from a token, so that an RSA key can never become an HMAC secret (RFC 8725 §2.1).
import MartletCryptography

/// A key and the one algorithm it is used with.
public struct JWSVerificationKey: Sendable {
    /// `kid`, when the key has one.
    public let keyID: String?
    /// The algorithm.
    public let algorithm: SignatureAlgorithm
    /// The only `typ` that the key signs, or several with a space between; nil when it does not say.
    public let signs: String?
    private let checker: Checker

    /// Whether the key signs tokens of this `typ`; nil is none at all.
    func isFor(type: String?) -> Bool {
        guard let signs else { return true }
        guard let type else { return false }
        return signs.utf8.split(separator: UInt8(ascii: " ")).contains { JWSHeader.isSameType(type, String(decoding: $0, as: UTF8.self)) }
    }

    /// Whether `signature` is this key's for `message`. Anything malformed is just not valid.
    public func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        signature.withUnsafeBufferPointer { signature in
            message.withUnsafeBufferPointer { isValid(signature: signature, for: $0) }
        }
    }

    /// Whether `signature` is this key's for `message`. Anything malformed is just not valid.
    package func isValid(signature: UnsafeBufferPointer<UInt8>, for message: UnsafeBufferPointer<UInt8>) -> Bool {
        switch checker {
        case .publicKey(let key): key.isValid(signature: signature, for: message)
        case .secret(let key): key.code(for: message).withUnsafeBufferPointer { ConstantTime.equal($0, signature) }
        }
    }

    init(keyID: String?, algorithm: SignatureAlgorithm, signs: String?, _ checker: Checker) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.signs = signs
        self.checker = checker
    }

    enum Checker: Sendable {
        case publicKey(VerificationKey)
        case secret(HMACKey)
    }
}
