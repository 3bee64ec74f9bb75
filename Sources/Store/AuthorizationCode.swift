// AuthorizationCode: a person's yes on its way to the client, and the table by which it is redeemed.

package import MartletEncoding

/// A code that was given out. The code itself is not stored.
package struct AuthorizationCode: Sendable, Hashable {
    /// SHA-256 of the code.
    package var hash: [UInt8]
    package var clientID: String
    package var userID: UserID
    /// As the client asked for it.
    package var redirectURI: String
    /// SHA-256 of the PKCE verifier.
    package var challenge: [UInt8]
    /// The thumbprint that `dpop_jkt` announced (RFC 9449 §10); nil for none.
    package var proofKey: String?
    /// Space-separated, as granted.
    package var scope: String
    /// A JSON object of what the tokens will say besides; the OAuth layer's.
    package var details: String
    /// The sign-in that it came from.
    package var browserSession: String?
    package var expiresAt: UnixTime

    package init(
        hash: [UInt8], clientID: String, userID: UserID, redirectURI: String, challenge: [UInt8], proofKey: String?, scope: String,
        details: String, browserSession: String?, expiresAt: UnixTime
    ) {
        self.hash = hash
        self.clientID = clientID
        self.userID = userID
        self.redirectURI = redirectURI
        self.challenge = challenge
        self.proofKey = proofKey
        self.scope = scope
        self.details = details
        self.browserSession = browserSession
        self.expiresAt = expiresAt
    }

    /// Seconds that a redeemed or expired code is remembered.
    package static let rememberedSeconds: Int64 = 86_400
}

/// A code that a client presents, the client having been authenticated.
package struct CodeRedemption: Sendable, Hashable {
    /// SHA-256 of the code.
    package var hash: [UInt8]
    package var clientID: String
    /// `redirect_uri`; nil where it was left out, as OAuth 2.1 §4.1.3 allows.
    package var redirectURI: String?
    /// SHA-256 of `code_verifier`.
    package var verifierHash: [UInt8]
    /// The thumbprint of the key that the request was proved with; nil for none.
    package var proofKey: String?

    package init(hash: [UInt8], clientID: String, redirectURI: String?, verifierHash: [UInt8], proofKey: String?) {
        self.hash = hash
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.verifierHash = verifierHash
        self.proofKey = proofKey
    }
}

/// The redemption table.
///
/// | the code | the request | outcome |
/// | --- | --- | --- |
/// | unknown, or its time is over | any | `refused` |
/// | good | another client, redirect URI, verifier or key | `refused`; the code stays good for the one it was made for |
/// | good | right, but the account is gone or disabled | `refused` |
/// | good | right, but not for what is asked: there is no session to begin | `declined`; the code stays good |
/// | good | right | `redeemed`: a session begins |
/// | redeemed before | right in everything | `refused`, and nothing else: a client that lost the answer asks again |
/// | redeemed before | wrong in anything | `replayed`: what was minted from it ends (RFC 6749 §4.1.2), audited `codeReplayed` |
package enum CodeRedemptionOutcome: Sendable, Hashable {
    case redeemed(AuthorizationCode, Session, User)
    case refused
    case declined
    case replayed
    /// As in ``BeginSessionOutcome``.
    case staleKeys
}
