// ClientCredentialsGrant: a client acts for itself (RFC 6749 §4.4). What it may ask for is what its operator wrote down for it: there is
// nobody to consent.

package import Tokens

/// `grant_type=client_credentials`.
package enum ClientCredentialsGrant {
    /// What the client gets. Throws `unauthorized_client`, `invalid_scope` and `invalid_target`.
    package static func grant(
        _ parameters: OAuthParameters, to client: Client, resources: ResourceCatalogue, policy: TokenPolicy
    ) throws(OAuthError) -> ClientGrant {
        try client.require(.clientCredentials)
        // OAuth 2.1 §4.2: confidential clients only.
        guard !client.isPublic else { throw OAuthError(.unauthorizedClient, "A public client cannot act for itself.") }
        let scope = try scope(parameters, of: client)
        let audience = try resources.granted(parameters.all("resource"), to: client)
        return ClientGrant(
            clientID: client.id, scope: scope.text, audience: audience.isEmpty ? [policy.audience] : audience,
            lifetime: min(client.policy.accessLifetime ?? policy.accessLifetime, policy.accessLifetime))
    }

    /// Some of the client's scopes, or all when it asks for none (RFC 6749 §3.3). Those about a person mean nothing here, and those of
    /// the account's own APIs are never a client's.
    private static func scope(_ parameters: OAuthParameters, of client: Client) throws(OAuthError) -> ScopeSet {
        let allowed = (client.metadata.scope ?? .none).subtracting(aboutPeople)
        let asked = try ScopeSet(parsing: parameters["scope"] ?? "")
        guard !asked.isEmpty else { return allowed }
        guard asked.isSubset(of: allowed) else {
            throw OAuthError(.invalidScope, "The client may not have: \(asked.subtracting(allowed).text).")
        }
        return asked
    }

    private static let aboutPeople = ScopeSet(
        ScopeCatalogue.openID.map(\.name) + [FirstPartyScope.account, .admin].map(\.rawValue))
}
