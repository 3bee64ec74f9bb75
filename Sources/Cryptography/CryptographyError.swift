// CryptographyError: why a key or a sealed text cannot be used. Says nothing about the secret itself.

/// What is wrong with something that was handed to this layer.
public enum CryptographyError: Error, Sendable, Hashable {
    /// A component has the wrong length, is out of range, or is no point of the curve.
    case invalidKey
    /// Fewer bits than are accepted: RSA under 2048, a symmetric key under 32 bytes.
    case keyTooSmall
    /// More bits than are accepted: RSA over 8192.
    case keyTooLarge
    /// The private part does not belong to the public part.
    case mismatchedKeyPair
    /// The key is of another kind than the signature scheme needs.
    case wrongKeyKind
    /// A sealed text was altered, cut, or sealed under another key or for another place.
    case notAuthentic
    /// libcrypto refused an operation that does not depend on a peer's bytes, such as for want of memory.
    case libraryFailure
}
