// TokenExplanation: every check of one token with what was found and what was made of it, for people who wonder why a token
// is refused. What it shows of a token that failed is the token's own word.
public import MartletJOSE

/// All that was checked.
public struct TokenExplanation: Sendable {
    /// The checks in the order in which verifying makes them.
    public let steps: [Step]
    /// The header, when there is one to read; unverified.
    public let unverifiedHeader: JWSHeader?
    /// The claims, when there are any to read; unverified.
    public let unverifiedClaims: Claims?

    /// Why verifying refuses the token: the first step that failed; nil when it is accepted.
    public var failure: VerificationFailure? {
        for step in steps { if case .failed(let failure) = step.verdict { return failure } }
        return nil
    }

    /// One check.
    public struct Step: Sendable, Hashable {
        /// Which check.
        public let check: Check
        /// What the token says, or what was found; for people.
        public let value: String?
        /// What was made of it.
        public let verdict: Verdict
    }

    /// The checks. The raw values are stable.
    public enum Check: String, Sendable, CaseIterable {
        case form
        case type
        case algorithm
        case key
        case signature
        case claims
        case issuer
        case audience
        case expiry
        case notBefore = "not_before"
        case scope
        case revocation
        /// Whether it is for whoever bears it.
        case binding
    }

    /// What was made of it.
    public enum Verdict: Sendable, Hashable {
        case passed
        case failed(VerificationFailure)
        /// It could not be looked at, because something before it failed.
        case skipped
    }
}
