// RevocationFeedRefusal: why a document of the feed was not believed. Each is an alarm: an issuer in order never causes one, so
// somebody stands in between, or something is badly set up.

/// Why a document was refused. The raw value is a stable code for programs, logs and metrics.
public enum RevocationFeedRefusal: String, Error, Sendable, Hashable, CaseIterable {
    /// It is no compact JWS, or its payload is not as the format says.
    case malformed
    /// `typ` is not `revocations+jwt`.
    case wrongType = "wrong_type"
    /// The issuer has no key for its feed with that `kid`, also after its keys were fetched for it.
    case unknownKey = "unknown_key"
    /// The signature does not match.
    case badSignature = "bad_signature"
    /// `iss` is another.
    case wrongIssuer = "wrong_issuer"
    /// `exp` has passed, by more than clocks may differ.
    case expired
    /// `iat` has not come, by more than clocks may differ.
    case fromTheFuture = "from_the_future"
    /// It is older than one that was believed before: `iat`, or `seq` of the same lineage.
    case replayed
    /// It is longer than is accepted, or has more entries than there is room for.
    case tooLarge = "too_large"
}

/// Why an exchange with the feed brought nothing.
public enum RevocationFeedFailure: Sendable, Hashable {
    /// There is no answer.
    case fetch(FetchFailure)
    /// The answer has this status, which is not 200. Redirects are not followed.
    case status(Int)
    /// The document was refused.
    case refused(RevocationFeedRefusal)

    /// The stable code, for logs.
    public var code: String {
        switch self {
        case .fetch(.unreachable): "unreachable"
        case .fetch(.timedOut): "timed_out"
        case .fetch(.tooLarge): RevocationFeedRefusal.tooLarge.rawValue
        case .fetch(.untrusted): "untrusted"
        case .fetch(.cancelled): "cancelled"
        case .status(let status): "status_\(status)"
        case .refused(let refusal): refusal.rawValue
        }
    }
}
