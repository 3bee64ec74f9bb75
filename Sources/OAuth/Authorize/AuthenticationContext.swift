// AuthenticationContext: how surely, and how lately, somebody proved who they are: the values of `acr` (OpenID Connect Core 1.0 §2), and
// what a request asks of them (§3.1.2.1 `acr_values`, §5.5.1.1 `claims`, RFC 9470).

package import MartletEncoding

/// A value of `acr`.
package enum AuthenticationContext: String, Sendable, Hashable, CaseIterable {
    /// A password was proved in this sign-in.
    case password = "urn:martlet:acr:password"
    /// A password was proved at most ``recentSeconds`` ago.
    case recentPassword = "urn:martlet:acr:recent-password"

    /// How long a proof is a recent one.
    package static let recentSeconds: Int64 = 300

    /// Whether a password that was proved then meets it now.
    package func isMet(authenticatedAt: UnixTime, at now: UnixTime) -> Bool {
        switch self {
        case .password: true
        case .recentPassword: now <= authenticatedAt.adding(seconds: Self.recentSeconds)
        }
    }
}

/// What a request asks of the person's authentication, besides its age.
package struct AuthenticationDemand: Sendable, Hashable {
    /// Those that would do, the most wanted first; as they were given, known here or not. Empty for any.
    package let contexts: [String]
    /// Whether nothing else will do (OpenID Connect Core 1.0 §5.5.1.1); else they are a wish.
    package let isEssential: Bool
    /// The one person that the request is about (§5.5.1, `sub` with a value); nil for any.
    package let subject: String?

    /// What `acr_values` and `claims` ask of `acr`, and `claims` and `id_token_hint` of `sub`. An `acr` that `claims` needs goes before
    /// `acr_values`.
    ///
    /// Throws `invalid_request` where two people are named.
    package init(contexts: [String], claims: RequestedClaims?, hinted: String? = nil) throws(OAuthError) {
        let asked = claims?.contexts ?? []
        isEssential = claims?.requiresContext ?? false
        self.contexts = isEssential ? asked : contexts + asked.filter { !contexts.contains($0) }
        subject = claims?.subject ?? hinted
        guard hinted == nil || hinted == subject else {
            throw OAuthError(.invalidRequest, "claims and id_token_hint are about two people.")
        }
    }
}
