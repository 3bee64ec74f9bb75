// IdentityClaims: what a client is told about a person, given the scopes that the person agreed to: where it is said, and in which order.
//
//     userinfo ── OpenID Connect's claims by scope, the operator's own rules in their place where both name one
//     ID token ── the operator's rules for ID tokens, and of userinfo's what the request named for the ID token
//     access token ── the operator's rules for access tokens

import MartletEncoding
package import Store
import Tokens

extension AuthorizationServer {
    /// The answer of userinfo (OpenID Connect Core 1.0 §5.3.2), a JSON object.
    package func userInfo(of user: User, for client: Client, scope: ScopeSet) -> [UInt8] {
        JSONWriter.object(capacity: 512) { writer in
            // §5.3.2: "The sub (subject) Claim MUST always be returned".
            writer.member("sub", subject(of: user, for: client))
            write(userInfoClaims(of: user, scope), to: &writer)
        }
    }

    /// The names that userinfo and ID tokens may have (`claims_supported`, OpenID Connect Discovery 1.0 §3).
    package var supportedClaims: [String] {
        var names = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"]
        let own = scopes.scopes.flatMap { $0.claims.idToken + $0.claims.userInfo }.map(\.name)
        for name in StandardClaims.allCases.flatMap(\.names) + own where !names.contains(name) { names.append(name) }
        return names
    }

    /// What an ID token says about the person, `requested` being the request's `claims`.
    func idTokenClaims(of user: User, _ scope: ScopeSet, requested: RequestedClaims?) -> [ClaimRule.Value] {
        let own = scopes.rules(\.idToken, of: scope).compactMap { $0.value(of: user) }
        guard let requested, !requested.idToken.isEmpty else { return own }
        return own
            + userInfoClaims(of: user, scope).filter { claim in
                requested.idToken.contains { $0.name == claim.name } && !own.contains { $0.name == claim.name }
            }
    }

    /// What an access token says besides.
    func accessTokenMembers(of user: User, _ scope: ScopeSet) -> [ClientTokenContent.Member] {
        scopes.rules(\.accessToken, of: scope).compactMap { rule in
            rule.value(of: user).map { ClientTokenContent.Member(name: $0.name, json: $0.json) }
        }
    }

    func write(_ claims: [ClaimRule.Value], to writer: inout JSONWriter) {
        for claim in claims {
            writer.name(claim.name)
            writer.raw(claim.json)
        }
    }

    private func userInfoClaims(of user: User, _ scope: ScopeSet) -> [ClaimRule.Value] {
        let own = scopes.rules(\.userInfo, of: scope)
        let standard = StandardClaims.allCases.filter { scope.contains($0.rawValue) }.flatMap { $0.members(of: user) }
        return standard.filter { claim in !own.contains { $0.name == claim.name } } + own.compactMap { $0.value(of: user) }
    }
}
