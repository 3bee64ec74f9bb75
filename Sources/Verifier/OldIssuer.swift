// OldIssuer: the service that the issuer took over from, whose tokens are still believed for a while. It has one key, which only
// verifies and is bound to one algorithm, and an end. Its tokens are the plain JWTs that Python's libraries write: `typ` JWT or none,
// no `kid` that the issuer would know, an access and a refresh token under one key told apart by a claim.
//
// What such a token says of scopes and roles was another service's word and counts for nothing here.
public import MartletEncoding
public import MartletJOSE

/// Whose tokens are accepted besides the issuer's own, until when, and how they are read.
public struct OldIssuer: Sendable {
    /// Verifies its tokens.
    public let key: JWSVerificationKey
    /// From then on its tokens are strangers', whatever their own `exp`. A whole second.
    public let until: UnixTime
    /// The claim that names the user, by a string or a whole number.
    public let userIDClaim: String
    /// The claim that says `access` or `refresh`; nil when its tokens have none: then each is an access token, and one that has
    /// `token_type` is refused.
    public let tokenTypeClaim: String?
    /// What `iss` must be; nil when it is not looked at.
    public let issuer: String?
    /// What `aud` must contain; nil when it is not looked at.
    public let audience: String?
    /// The scopes that its access tokens count as having.
    public let scopes: [String]

    /// An issuer of old.
    public init(
        key: JWSVerificationKey, until: UnixTime, userIDClaim: String = "user_id", tokenTypeClaim: String? = "token_type",
        issuer: String? = nil, audience: String? = nil, scopes: [String] = []
    ) {
        self.key = key
        self.until = UnixTime(seconds: until.seconds)
        self.userIDClaim = userIDClaim
        self.tokenTypeClaim = tokenTypeClaim
        self.issuer = issuer
        self.audience = audience
        self.scopes = scopes
    }

    /// What a token is for.
    package enum Use: String, Sendable {
        case access, refresh
    }

    /// What a token with a right signature says.
    package struct Token: Sendable {
        /// The user, as text.
        package let subject: String
        /// `exp`, in seconds.
        package let expiresAt: Int64
        /// All claims.
        package let claims: Claims
    }

    /// By what a token is known to have been taken back: its `jti`; where one token followed from another under the old service, the
    /// first one's.
    package static func tokenID(in claims: Claims) -> String? {
        guard let id = (claims["orig_jti"] ?? claims["jti"])?.string, (1...longestID).contains(id.utf8.count) else { return nil }
        return id
    }

    /// Reads a token for one use. No leeway, as everywhere where the issuer reads tokens itself.
    package func read(_ text: [UInt8], as use: Use, at now: UnixTime) throws(VerificationFailure) -> Token {
        let result = text.withUnsafeBufferPointer { text -> Result<Token, VerificationFailure> in
            do throws(VerificationFailure) {
                let layout: CompactJWS.Layout
                let header: JWSHeader
                do throws(JOSEError) {
                    layout = try CompactJWS.Layout(parsing: text)
                    header = try JWSHeader(segment: layout.header(in: text))
                } catch {
                    throw .malformed(error)
                }
                guard now < until, Self.mayBe(header) else { throw .wrongType }
                let clock = ClaimsPolicy(type: "JWT", issuer: "", audiences: nil, leeway: 0)
                return .success(try token(text, layout, header, as: use, clock, at: now))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The name under which every token of one of its users is taken back: that of a client in the revocation feed.
    public static func revocationID(ofUser subject: String) -> String { "old-user:" + subject }

    // MARK: The steps

    /// Whether a token with this header may be one of an old issuer.
    static func mayBe(_ header: JWSHeader) -> Bool { header.type == nil || header.hasType("JWT") }

    func token(
        _ text: UnsafeBufferPointer<UInt8>, _ layout: CompactJWS.Layout, _ header: JWSHeader, as use: Use, _ clock: ClaimsPolicy,
        at now: UnixTime
    ) throws(VerificationFailure) -> Token {
        try checkAlgorithm(of: header)
        guard let signature = Base64URL.decode(layout.signature(in: text)) else { throw .malformed(.invalidBase64URL) }
        let isValid = signature.withUnsafeBufferPointer { key.isValid(signature: $0, for: layout.signed(in: text)) }
        guard isValid else { throw .badSignature }
        guard let payload = Base64URL.decode(layout.payload(in: text)) else { throw .malformed(.invalidBase64URL) }
        let claims: Claims
        do { claims = try Claims(parsing: payload) } catch { throw .malformed(error) }
        let subject = try subject(in: claims, as: use)
        for check in ClaimsPolicy.Check.allCases {
            if let failure = failure(of: check, header, claims, clock, at: now) { throw failure }
        }
        guard let expiresAt = claims.expiresAt else { throw .missingClaim("exp") }
        return Token(subject: subject, expiresAt: expiresAt, claims: claims)
    }

    /// One key, one algorithm (RFC 8725 §3.1).
    func checkAlgorithm(of header: JWSHeader) throws(VerificationFailure) {
        guard header.algorithm == key.algorithm else { throw .algorithmNotAllowed }
    }

    /// The user of a token that is for this use.
    func subject(in claims: Claims, as use: Use) throws(VerificationFailure) -> String {
        if let tokenTypeClaim {
            guard let type = claims[tokenTypeClaim] else { throw .missingClaim(tokenTypeClaim) }
            guard type.equals(use.rawValue) else { throw .wrongType }
        } else {
            guard claims["token_type"] == nil else { throw .wrongType }
        }
        guard let claim = claims[userIDClaim] else { throw .missingClaim(userIDClaim) }
        guard let subject = claim.string ?? claim.integer.map(String.init), (1...Self.longestID).contains(subject.utf8.count) else {
            throw .malformedClaim(userIDClaim)
        }
        return subject
    }

    /// How a claim fails; nil when it passes. The clock's leeway is the verifier's.
    func failure(
        of check: ClaimsPolicy.Check, _ header: JWSHeader, _ claims: Claims, _ clock: ClaimsPolicy, at now: UnixTime
    ) -> VerificationFailure? {
        switch check {
        case .type: return nil
        case .issuer:
            guard let issuer else { return nil }
            guard let claim = claims["iss"] else { return .missingClaim("iss") }
            return claim.equals(issuer) ? nil : .wrongIssuer
        case .audience:
            guard let audience else { return nil }
            guard let claim = claims["aud"] else { return .missingClaim("aud") }
            guard let values = claim.isArray ? claim.elements : [claim] else { return .malformedClaim("aud") }
            return values.contains { $0.equals(audience) } ? nil : .wrongAudience
        case .notBefore where claims.issuedAt.map({ $0 > now.seconds + Self.leeway }) ?? false:
            // What is taken back is all up to a time: a token from the future would outlive it.
            return .notYetValid
        case .expiry, .notBefore: return clock.failure(of: check, header: header, claims: claims, at: now).map(VerificationFailure.init)
        case .scope:
            let missing = clock.requiredScopes.first { required in !scopes.contains { $0.utf8.elementsEqual(required.utf8) } }
            return missing.map { .insufficientScope($0) }
        }
    }

    /// Seconds by which the clock of the service before may be ahead: what is taken back counts for tokens of as much later.
    public static let leeway: Int64 = 5
    /// In bytes: what Django keeps of a `jti`, and more than a user has of a name.
    private static let longestID = 255
}
