// JOSEError: why bytes are no token, no key, or not signed by that key. Whether a signed token is acceptable here and now
// is `ClaimsFailure`'s business.

/// What is wrong with a JWS, a JWT or a JWK. The raw value is a stable code for programs and logs.
public enum JOSEError: String, Error, Sendable, Hashable, CaseIterable {
    // The text of a token.
    case tooLarge = "too_large"
    case notThreeSegments = "not_three_segments"
    case invalidBase64URL = "invalid_base64url"
    case invalidJSON = "invalid_json"
    case invalidHeader = "invalid_header"
    case criticalHeader = "critical_header"
    case unsupportedAlgorithm = "unsupported_algorithm"
    case claimsNotAnObject = "claims_not_an_object"
    // Its signature.
    case algorithmMismatch = "algorithm_mismatch"
    case badSignature = "bad_signature"
    // A key.
    case invalidKey = "invalid_key"
    case unsupportedKeyType = "unsupported_key_type"
    case unsupportedCurve = "unsupported_curve"
    case notForSignatures = "not_for_signatures"
    case keyTooSmall = "key_too_small"
    case keyTooLarge = "key_too_large"
    case mismatchedKeyPair = "mismatched_key_pair"
    case notAPrivateKey = "not_a_private_key"
    case tooManyKeys = "too_many_keys"
    // libcrypto, for want of memory.
    case libraryFailure = "library_failure"

    /// The stable code.
    public var code: String { rawValue }

    /// A sentence for people.
    public var message: String {
        switch self {
        case .tooLarge: "The text is longer than is accepted."
        case .notThreeSegments: "The token is not three segments separated by dots."
        case .invalidBase64URL: "A part is not base64url without padding."
        case .invalidJSON: "A part is not one strict JSON text."
        case .invalidHeader: "The header is not an object with alg, and typ and kid as strings."
        case .criticalHeader: "The header demands an extension that is not understood."
        case .unsupportedAlgorithm: "The algorithm is not supported."
        case .claimsNotAnObject: "The claims are not a JSON object."
        case .algorithmMismatch: "The token names another algorithm than the key is for."
        case .badSignature: "The signature does not match."
        case .invalidKey: "The key's numbers are not well formed."
        case .unsupportedKeyType: "The key type is not supported."
        case .unsupportedCurve: "The curve is not supported."
        case .notForSignatures: "The key is not for signatures."
        case .keyTooSmall: "The key is too small."
        case .keyTooLarge: "The key is too large."
        case .mismatchedKeyPair: "The private part does not belong to the public part."
        case .notAPrivateKey: "The key has no private part."
        case .tooManyKeys: "The set has more keys than are accepted."
        case .libraryFailure: "The cryptographic library failed."
        }
    }
}
