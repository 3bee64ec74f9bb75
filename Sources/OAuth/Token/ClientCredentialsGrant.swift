// ClientCredentialsGrant: a client acts for itself (OAuth 2.1 §4.2). What it may ask for is what its operator wrote down for it: there is
// nobody to consent.

import Tokens

extension AuthorizationServer {
    /// `grant_type=client_credentials`. Throws `unauthorized_client`, `invalid_scope` and `invalid_target`.
    func actForItself(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        let client = request.client
        // §4.2: confidential clients only.
        guard !client.isPublic else { throw OAuthError(.unauthorizedClient, "A public client cannot act for itself.") }
        let scope = try scope(request.parameters, of: client)
        let audience = try resources.granted(request.parameters.all("resource"), to: client)
        guard audience.count <= 1 || client.policy.mayCombineResources else { throw OAuthError.severalResources }
        let grant = ClientGrant(
            clientID: client.id, scope: scope.text, audience: audience.isEmpty ? [policy.audience] : audience,
            lifetime: lifetimes(of: client).access, proofKey: request.proofKey)
        return { [self] completion in
            sessions.token(for: grant, at: request.now) { finish in
                completion { () throws(OAuthError) in
                    do throws(TokenFailure) {
                        // Without a refresh token: RFC 6749 §4.4.3 says that there should be none.
                        return IssuedTokens(access: try finish(), scope: grant.scope, isBound: grant.proofKey != nil)
                    } catch {
                        throw OAuthError(error)
                    }
                }
            }
        }
    }

    /// Some of the client's scopes, or all when it asks for none (RFC 6749 §3.3). Those about a person mean nothing here, and those of
    /// the account's own APIs are never a client's; the revocation feed's is an operator's own client's alone.
    private func scope(_ parameters: OAuthParameters, of client: Client) throws(OAuthError) -> ScopeSet {
        // The feed tells who was locked out: that is for the operator's own machines.
        let closed = client.policy.isFirstParty ? Self.aboutPeople : Self.aboutPeople.union(Self.operatorsOwn)
        let allowed = (client.metadata.scope ?? .none).subtracting(closed)
        let asked = try ScopeSet(parsing: parameters["scope"] ?? "")
        guard !asked.isEmpty else { return allowed }
        guard asked.isSubset(of: allowed) else {
            throw OAuthError(.invalidScope, "The client may not have: \(asked.subtracting(allowed).text).")
        }
        return asked
    }

    private static let aboutPeople = ScopeSet(
        ScopeCatalogue.openID.map(\.name) + [FirstPartyScope.account, .admin].map(\.rawValue))
    private static let operatorsOwn = ScopeSet([FirstPartyScope.revocations.rawValue])
}
