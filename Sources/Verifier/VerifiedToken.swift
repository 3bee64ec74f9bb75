// VerifiedToken: what a token says, after everything about it was checked. Only a `TokenVerifier` makes one; handing one on
// costs a reference count, cached or not.
import MartletEncoding
public import MartletJOSE

/// A token that was verified.
public final class VerifiedToken: Sendable {
    /// `sub`; of a token of the old issuer the user by its claim.
    public let subject: String?
    /// Whether it is one of the old issuer's (``OldIssuer``): it has no session, and no scopes and roles of its own.
    public let isFromOldIssuer: Bool
    /// `client_id`.
    public let clientID: String?
    /// `sid`.
    public let sessionID: String?
    /// `jti`.
    public let tokenID: String?
    /// The scopes that are granted.
    public let scopes: [String]
    /// `iat`, in seconds.
    public let issuedAt: Int64?
    /// `exp`, in seconds; of a token of the old issuer no later than that issuer's end.
    public let expiresAt: Int64
    /// `kid`.
    public let keyID: String?
    /// The algorithm it is signed with.
    public let algorithm: SignatureAlgorithm
    /// All claims.
    public let claims: Claims
    /// Whether `cnf` says that only the holder of a key may use it (RFC 7800): whoever merely bears it is nobody.
    public let isBound: Bool
    /// `cnf.jkt`: the thumbprint of that key (RFC 9449 §6.1); nil for a token that is not bound, or in another way.
    public let proofKey: String?

    let text: [UInt8]
    let notBefore: Int64?
    let revocationSubject: RevocationSubject

    /// `aud`.
    public var audience: [String] { claims.audience }
    /// `roles`.
    public var roles: [String] { isFromOldIssuer ? [] : claims.roles }

    /// Whether this scope is granted.
    public func hasScope(_ scope: String) -> Bool {
        scopes.contains { $0.utf8.elementsEqual(scope.utf8) }
    }

    /// Bytes of memory held, about: the text, the claims with their index, and the strings made of them.
    var footprint: Int { text.count + 2 * claims.footprint }

    /// The claims have passed the policy, which demands `exp`.
    init(text: [UInt8], header: ResolvedHeader, algorithm: SignatureAlgorithm, claims: Claims, expiresAt: Int64) {
        self.text = text
        isFromOldIssuer = false
        self.algorithm = algorithm
        self.claims = claims
        (isBound, proofKey) = Self.binding(claims)
        self.expiresAt = expiresAt
        notBefore = claims.notBefore
        keyID = header.header.keyID
        subject = claims.subject
        clientID = claims.clientID
        sessionID = claims.sessionID
        tokenID = claims.tokenID
        scopes = claims.scopes
        issuedAt = claims.issuedAt
        revocationSubject = RevocationSubject(
            sessionID: sessionID, tokenID: tokenID, clientID: clientID, key: header.keyDigest, issuedAt: issuedAt)
    }

    /// A token of the old issuer. The cache looks at `exp` alone, so it cannot be later than the end of the key; the policy's leeway
    /// does not reach beyond that.
    init(text: [UInt8], keyID: String?, _ token: OldIssuer.Token, of old: OldIssuer, leeway: Int64) {
        self.text = text
        isFromOldIssuer = true
        algorithm = old.key.algorithm
        claims = token.claims
        (isBound, proofKey) = Self.binding(token.claims)
        expiresAt = min(token.expiresAt, old.until.adding(seconds: -leeway).seconds)
        notBefore = claims.notBefore
        self.keyID = keyID
        subject = token.subject
        clientID = nil
        sessionID = nil
        tokenID = claims.tokenID
        scopes = old.scopes
        issuedAt = claims.issuedAt
        revocationSubject = RevocationSubject(old: token)
    }

    private static func binding(_ claims: Claims) -> (isBound: Bool, proofKey: String?) {
        guard let confirmation = claims["cnf"] else { return (false, nil) }
        return (true, confirmation["jkt"]?.string)
    }
}
