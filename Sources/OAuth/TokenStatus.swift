// TokenStatus: who may ask about a token, or take it back, at the endpoints for that (RFC 7662, RFC 7009). Whether a token is good is
// the verifier's to say; here is only whose business it is.

package import MartletVerifier

/// The rules about other clients' tokens.
package enum TokenStatus {
    /// Whether `client` may be told about an access token: it got it, it is one of the APIs that the token is for, or it is the
    /// operator's own (RFC 7662 §2.2: an answer may differ for each protected resource). To everybody else it is not active.
    package static func mayLook(_ client: Client, at token: VerifiedToken) -> Bool {
        if client.policy.isFirstParty || isOwn(token, of: client) { return true }
        return token.audience.contains { audience in
            client.metadata.resources.contains { $0.utf8.elementsEqual(audience.utf8) }
        }
    }

    /// Whether the token was issued to this client (RFC 7009 §2.1).
    package static func isOwn(_ token: VerifiedToken, of client: Client) -> Bool {
        token.clientID?.utf8.elementsEqual(client.id.utf8) == true
    }
}
