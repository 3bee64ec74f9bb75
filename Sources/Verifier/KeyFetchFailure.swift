// KeyFetchFailure: why an issuer's keys could not be fetched: a stable code for metrics, a sentence for people.
public import MartletJOSE

/// Why keys could not be fetched.
public enum KeyFetchFailure: Error, Sendable, Hashable {
    /// No answer came.
    case exchange(FetchFailure)
    /// An answer of another status than 200.
    case status(Int)
    /// More than three redirects.
    case tooManyRedirects
    /// A redirect that names no address, or one that trust may not be fetched from, such as plain http.
    case badRedirect
    /// The metadata is no JSON object with a `jwks_uri` that trust may be fetched from.
    case badMetadata
    /// The metadata is another issuer's.
    case wrongIssuer
    /// The document is no JWK Set.
    case badKeySet(JOSEError)
    /// The set has no key that can be used. An issuer that signs has one.
    case noUsableKey

    /// The stable code.
    public var code: String {
        switch self {
        case .exchange(.unreachable): "unreachable"
        case .exchange(.timedOut): "timed_out"
        case .exchange(.tooLarge): "too_large"
        case .exchange(.untrusted): "untrusted"
        case .exchange(.cancelled): "cancelled"
        case .status: "status"
        case .tooManyRedirects: "too_many_redirects"
        case .badRedirect: "bad_redirect"
        case .badMetadata: "bad_metadata"
        case .wrongIssuer: "wrong_issuer"
        case .badKeySet: "bad_key_set"
        case .noUsableKey: "no_usable_key"
        }
    }

    /// A sentence for people.
    public var message: String {
        switch self {
        case .exchange(.unreachable(let detail)): "The issuer cannot be reached: \(detail)."
        case .exchange(.timedOut): "The issuer did not answer in time."
        case .exchange(.tooLarge): "The issuer's answer is too large."
        case .exchange(.untrusted(let detail)): "The issuer's certificate is not believed: \(detail)."
        case .exchange(.cancelled): "The fetch was given up."
        case .status(let status): "The issuer answered with status \(status)."
        case .tooManyRedirects: "The issuer redirects too often."
        case .badRedirect: "The issuer redirects to where keys may not be fetched from."
        case .badMetadata: "The issuer's metadata cannot be used."
        case .wrongIssuer: "The metadata at the issuer's address is another issuer's."
        case .badKeySet(let error): "The issuer's key set cannot be used: \(error.message)"
        case .noUsableKey: "The issuer's key set has no key that can be used."
        }
    }
}
