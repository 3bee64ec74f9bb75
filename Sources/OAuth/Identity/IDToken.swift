// IDToken: what a client is told about a sign-in (OpenID Connect Core 1.0 §2, §3.1.3.6, §12.2). Signed by keys that sign no access token,
// by the algorithm that the client registered.

import MartletCryptography
package import MartletEncoding
import MartletJOSE
package import Store
package import Tokens

extension AuthorizationServer {
    /// The ID token that goes with an access token. `scope` is that of the access token; `details` are the grant's, without the nonce for a
    /// token that was refreshed (§12.2: "it SHOULD NOT have a nonce Claim"); `code` is the one that both came of, where it was a code.
    ///
    /// It lives as long as the client's access tokens. Throws what stood in the way of signing it.
    package func idToken(
        for client: Client, _ user: User, _ details: GrantDetails, scope: ScopeSet, accessToken: String, code: String?, at now: UnixTime
    ) throws(TokenFailure) -> String {
        let algorithm = idTokenAlgorithm(of: client)
        let expiry = now.adding(seconds: lifetimes(of: client).access)
        let payload = JSONWriter.object(capacity: 640) { writer in
            writer.member("iss", issuer)
            writer.member("sub", subject(of: user, for: client))
            writer.member("aud", client.id)
            writer.member("exp", expiry.seconds)
            writer.member("iat", now.seconds)
            if let authenticatedAt = details.authenticatedAt { writer.member("auth_time", authenticatedAt.seconds) }
            if let nonce = details.nonce { writer.member("nonce", nonce) }
            if let context = details.context { writer.member("acr", context) }
            if !details.methods.isEmpty { writer.member("amr", details.methods) }
            if let signIn = details.signIn { writer.member("sid", signIn) }
            writer.member("at_hash", Self.half(algorithm, accessToken))
            if let code { writer.member("c_hash", Self.half(algorithm, code)) }
            write(idTokenClaims(of: user, scope, requested: RequestedClaims(stored: details.claims)), to: &writer)
        }
        return try sessions.statement(type: TokenPolicy.idTokenType, algorithm: algorithm.name, payload: payload, until: expiry)
    }

    /// What a client's ID tokens are signed with: RS256 unless it registered another (OpenID Connect Dynamic Client Registration 1.0
    /// §2). One that is not served any more, or stands in a document that nobody checked, is as good as none.
    func idTokenAlgorithm(of client: Client) -> SignatureAlgorithm { statementAlgorithm(client.metadata.idTokenAlgorithm) }

    /// The algorithm of this name, where statements are signed by it, else RS256.
    func statementAlgorithm(_ name: String?) -> SignatureAlgorithm {
        guard let name, let algorithm = SignatureAlgorithm(rawValue: name),
            sessions.canState(by: algorithm) || sessions.statementAlgorithms.contains(algorithm)
        else { return .rs256 }
        return algorithm
    }

    /// A grant must not be used up for a client whose ID tokens cannot be signed yet. Throws `temporarily_unavailable`.
    func requireKey(for client: Client) throws(OAuthError) {
        guard client.metadata.scope?.contains("openid") != false, !sessions.canState(by: idTokenAlgorithm(of: client)) else { return }
        throw OAuthError(.temporarilyUnavailable, "The keys of ID tokens are being made; try again in a moment.")
    }

    /// §3.1.3.6: "the base64url encoding of the left-most half of the hash of the octets of the ASCII representation".
    private static func half(_ algorithm: SignatureAlgorithm, _ text: String) -> String {
        let hash = algorithm.digest.hash(Array(text.utf8))
        return Base64URL.encode(Array(hash.prefix(hash.count / 2)))
    }
}
