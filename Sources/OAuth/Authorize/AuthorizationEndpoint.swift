// AuthorizationEndpoint: what /oauth2/authorize does, of which each step is a file beside this one:
//
//     parameters ──▶ resolved ──▶ AuthorizationRequest (every rule of the protocol) ──▶ AuthorizationStep ──▶ a page, or back to the client
//                                                                                             ▲              with a code or an error
//                                                      who is signed in, what they allowed ───┘              (AuthorizationAnswer)
//
// Pages and cookies are Web's.

package import MartletEncoding
package import Store

/// A code for a client, and what is kept of it.
package struct IssuedCode: Sendable {
    package let text: String
    package let record: AuthorizationCode
}

extension AuthorizationServer {
    /// The request that these parameters make, and the hash of the pushed one that they came by. Belongs on a worker.
    ///
    /// Throws what is wrong with it, and who is to hear that.
    package func asked(
        _ parameters: OAuthParameters, of client: Client, at now: UnixTime
    ) throws(AuthorizationFailure) -> (request: AuthorizationRequest, pushed: [UInt8]?) {
        let resolved: ResolvedRequest
        do throws(OAuthError) { resolved = try resolve(parameters, from: client, at: now) } catch { throw .told(error) }
        let request = try AuthorizationRequest(
            reading: resolved.parameters, of: client, wasPushed: resolved.wasPushed, rules: rules, issuer: issuer)
        return (request, resolved.pushed)
    }

    /// Who it is that is signed in, as the client of a request sees them. Reads the store.
    package func visitor(_ signedIn: SignedIn, of request: AuthorizationRequest, hasAllowed: Bool) throws(StoreError) -> Visitor {
        let consent = try store.read { reads throws(StoreError) in try reads.consent(of: signedIn.user.id, to: request.client.id) }
        return Visitor(
            signedIn, subject: subject(of: signedIn.user, for: request.client), consent: consent, hasAllowed: hasAllowed)
    }

    /// A code for what was asked: bound to the client, the redirect URI, the challenge and the key that was announced.
    package func code(
        for request: AuthorizationRequest, to signedIn: SignedIn, _ context: AuthenticationContext, at now: UnixTime
    ) -> IssuedCode {
        let session = signedIn.session
        let details = GrantDetails(
            resources: request.resources, nonce: request.nonce, authenticatedAt: session.authenticatedAt, methods: session.methods,
            context: context.rawValue, signIn: session.id, claims: request.claims?.json,
            hasRefreshToken: request.client.metadata.grants.contains(.refreshToken))
        let text = CodeText.make(random)
        return IssuedCode(
            text: text,
            record: AuthorizationCode(
                hash: CodeText.hash(text), clientID: request.client.id, userID: signedIn.user.id, redirectURI: request.answer.redirectURI,
                challenge: request.challenge.digest, proofKey: request.proofKey, scope: request.scope.text, details: details.json,
                browserSession: session.id, expiresAt: now.adding(seconds: CodeText.lifetime)))
    }
}
