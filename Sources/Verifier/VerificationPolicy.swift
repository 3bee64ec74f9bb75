// VerificationPolicy: what a verifier accepts. Fixed for the life of a verifier, so that nothing it has cached was ever judged
// by another policy.
public import MartletJOSE

/// What tokens must be like.
public struct VerificationPolicy: Sendable {
    /// The algorithms that are accepted, whatever a token or a key set says.
    public let algorithms: Set<SignatureAlgorithm>
    /// The demands on header and claims.
    public private(set) var claims: ClaimsPolicy

    /// A policy for access tokens.
    ///
    /// - `issuer`: what `iss` must be, byte by byte.
    /// - `audiences`: `aud` must contain one of these; nil accepts any, for who tells what a token is and acts on none.
    /// - `type`: what `typ` must be; RFC 9068 §2.1 says `at+jwt`.
    /// - `algorithms`: by default all in which the verifier holds no secret; HS256 only by name.
    /// - `leeway`: seconds by which clocks may differ, brought into 0…60.
    /// - `requiredScopes`: scopes that every token must have.
    public init(
        issuer: String, audiences: [String]?, type: String = "at+jwt", algorithms: [SignatureAlgorithm] = SignatureAlgorithm.asymmetric,
        leeway: Int64 = 30, requiredScopes: [String] = []
    ) {
        self.algorithms = Set(algorithms)
        claims = ClaimsPolicy(
            type: type, issuer: issuer, audiences: audiences, leeway: leeway, requiredScopes: requiredScopes)
    }

    /// The same, for an issuer that goes by these names as well.
    package func accepting(otherIssuers: [String]) -> Self {
        var policy = self
        policy.claims.otherIssuers = otherIssuers
        return policy
    }
}
