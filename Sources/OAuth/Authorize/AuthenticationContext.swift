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

    /// Reads `acr_values`, and what `claims` asks of `acr` and `sub`. An `acr` that `claims` needs goes before `acr_values`.
    ///
    /// Throws `invalid_request` where `claims` is no JSON object, or its members are not as §5.5 has them.
    package init(contexts: [String], claims: [UInt8]?) throws(OAuthError) {
        let root = try claims.map { claims throws(OAuthError) in try Self.object(claims) }
        let asked = root?["id_token"]?["acr"]
        let values = asked.map { $0["values"]?.strings ?? $0["value"]?.string.map { [$0] } ?? [] } ?? []
        isEssential = asked?["essential"]?.bool == true && !values.isEmpty
        self.contexts = isEssential ? values : contexts + values.filter { !contexts.contains($0) }
        subject = root?["id_token"]?["sub"]?["value"]?.string ?? root?["userinfo"]?["sub"]?["value"]?.string
    }

    private static func object(_ claims: [UInt8]) throws(OAuthError) -> JSONValue {
        guard let root = (try? JSONDocument(parsing: claims))?.root, root.isObject,
            root.members.allSatisfy({ ($0.name != "id_token" && $0.name != "userinfo") || $0.value.isObject })
        else { throw OAuthError(.invalidRequest, "claims must be a JSON object of the members id_token and userinfo.") }
        return root
    }
}
