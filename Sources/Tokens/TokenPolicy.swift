// TokenPolicy: how long tokens live, who they are for, and which scopes a first-party login may have.

import Store

/// The operator's rules for tokens.
package struct TokenPolicy: Sendable {
    /// `iss` of every token.
    package var issuer: String
    /// `aud` of an access token when none is asked for.
    package var audience: String
    /// Seconds that an access token lives.
    package var accessLifetime: Int64
    /// Seconds that a refresh token lives without use.
    package var refreshLifetime: Int64
    /// Seconds after which a session ends however often it is refreshed.
    package var sessionLifetime: Int64
    /// Seconds in which the refresh token before the current one is answered; 0 is strict.
    package var graceSeconds: Int64
    /// Whose clients read the tokens, too; nil for nobody's.
    package var compatibility: ClaimsCompatibility?
    /// Access tokens have drf-jwt's claims, too. Where `compatibility` has a claim `user_id`, it is that one.
    package var hasDRFJWTClaims: Bool
    /// `iss` of access tokens, where it is another than the issuer.
    private(set) var accessIssuer: String?
    /// The audience for which tokens have first-party scopes, besides the issuer.
    private(set) var firstPartyAudience: String?

    package init(
        issuer: String, audience: String, accessLifetime: Int64, refreshLifetime: Int64, sessionLifetime: Int64, graceSeconds: Int64,
        compatibility: ClaimsCompatibility? = nil, hasDRFJWTClaims: Bool = false
    ) {
        self.issuer = issuer
        self.audience = audience
        self.accessLifetime = accessLifetime
        self.refreshLifetime = refreshLifetime
        self.sessionLifetime = sessionLifetime
        self.graceSeconds = graceSeconds
        self.compatibility = compatibility
        self.hasDRFJWTClaims = hasDRFJWTClaims
    }

    /// The rules at the endpoints of the other issuer: its `iss` and `aud` in access tokens. The API that an audience stands for
    /// is what its frontends have one token for, so that it goes on to open the account, too.
    package var compatible: Self {
        var policy = self
        policy.accessIssuer = compatibility?.issuer
        if let audience = compatibility?.audience {
            policy.audience = audience
            policy.firstPartyAudience = audience
        }
        return policy
    }

    /// The client that first-party logins belong to.
    package static let firstPartyClient = "martlet"
    /// Live sessions of one account.
    package static let maximumSessions = 100
    /// Answers to the refresh token before the current one.
    package static let maximumRetries: Int64 = 64
    /// `typ` of an access token (RFC 9068 §2.1).
    package static let accessType = "at+jwt"
    /// `typ` of a refresh token.
    package static let refreshType = "rt+jwt"
    /// `typ` of an ID token, which OpenID Connect leaves open.
    package static let idTokenType = "JWT"
    /// `typ` of all that the keys of statements sign: ID tokens, logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4) and answers
    /// of introspection (RFC 9701 §5).
    package static let statementTypes = [idTokenType, "logout+jwt", "token-introspection+jwt"]
}

/// A scope of the first-party APIs.
package enum FirstPartyScope: String, Sendable, CaseIterable {
    /// One's own account and sessions.
    case account
    /// The admin API; granted to holders of the role only.
    case admin
    /// The revocation feed, where it is not public; granted when asked for, to holders of the role of that name and administrators.
    case revocations

    /// The scope to keep with a session: what was asked for, or what a login usually has. Nil when something else was asked for.
    package static func requested(_ text: String?) -> String? {
        guard let text else { return "\(account.rawValue) \(admin.rawValue)" }
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty, words.allSatisfy({ FirstPartyScope(rawValue: $0) != nil }) else { return nil }
        return allCases.map(\.rawValue).filter(words.contains).joined(separator: " ")
    }

    /// What of a session's scope an access token for the issuer's own APIs has, given the roles of this moment.
    package static func granted(_ sessionScope: String, roles: [String]) -> String {
        sessionScope.split(separator: " ").map(String.init).filter { name in
            switch FirstPartyScope(rawValue: name) {
            case .admin: roles.contains(User.administrator)
            case .revocations: roles.contains(User.administrator) || roles.contains(name)
            case .account, nil: true
            }
        }.joined(separator: " ")
    }

    /// What of the user's roles a session's tokens say: whoever did not get in as an administrator, or asked for less, is none to
    /// anybody who reads roles.
    static func roles(_ roles: [String], of sessionScope: String) -> [String] {
        let isAdministrators = sessionScope.split(separator: " ").contains { $0 == admin.rawValue }
        return isAdministrators ? roles : roles.filter { $0 != User.administrator }
    }
}
