// Introspection: what a token is, and whose business it is (RFC 7662). An access token is judged in memory, as at every API. A refresh
// token is active as long as the token endpoint would take it, which only its session's row says.
//
//     text ──▶ an access token? ─────────────────────▶ active for whom it concerns        on the loop
//         └──▶ a refresh token? ──▶ its session's row ─▶ active for its own client          on a worker
//
// The two are told apart by `typ`, so `token_type_hint` is not looked at (§2.1: "An authorization server MAY ignore this parameter,
// particularly if it is able to detect the token type automatically").

package import MartletEncoding
package import MartletVerifier
import Store
package import Tokens

/// What memory says about a token.
package enum Introspection: Sendable {
    /// The answer: nil where the token is not active, for this client at least.
    case access(VerifiedToken?)
    /// Well signed: ask ``AuthorizationServer/introspect(_:by:at:)`` on a worker.
    case refresh(RefreshToken)
}

/// A refresh token that is good, as its client may see it.
package struct ActiveRefreshToken: Sendable, Hashable {
    /// Space-separated; empty for none.
    package let scope: String
    package let clientID: String
    package let subject: String
    package let issuedAt: UnixTime
    package let expiresAt: UnixTime
}

extension AuthorizationServer {
    /// Looks at the token of a request from `client`. Never blocks.
    ///
    /// Throws `unauthorized_client` for a client that cannot prove who it is (§2.1: the endpoint "MUST also require some form of
    /// authorization"), `invalid_request` where there is no token.
    package func introspect(_ parameters: OAuthParameters, by client: Client, at now: UnixTime) throws(OAuthError) -> Introspection {
        guard !client.isPublic else { throw OAuthError(.unauthorizedClient, "A public client cannot ask about tokens.") }
        let text = try parameters.required("token")
        switch presented(text, at: now) {
        case .access(let token): return .access(mayLook(client, at: token) ? token : nil)
        case .refresh(let token): return .refresh(token)
        case nil: return .access(nil)
        }
    }

    /// What `client` may know of a refresh token; nil where it is not active. Blocks. Throws when the store cannot be asked.
    package func introspect(_ token: RefreshToken, by client: Client, at now: UnixTime) throws(OAuthError) -> ActiveRefreshToken? {
        guard !token.isExpired(at: now) else { return nil }
        let found: (session: Session, user: User)?
        do throws(StoreError) {
            found = try store.read { reads throws(StoreError) in
                guard let session = try reads.session(token.session, at: now), token.isOf(session),
                    let user = try reads.user(session.userID), user.isActive
                else { return nil }
                return (session, user)
            }
        } catch { throw OAuthError(error) }
        guard let (session, user) = found, session.belongs(to: client), isTaken(token, of: session, at: now) else { return nil }
        return ActiveRefreshToken(
            scope: session.scope, clientID: session.clientID, subject: subject(of: user, for: client), issuedAt: token.issuedAt,
            expiresAt: min(token.expiresAt, session.refreshExpiresAt))
    }

    /// A token of this service, well signed; an access token is good besides.
    enum Presented {
        case access(VerifiedToken)
        case refresh(RefreshToken)
    }

    /// Reads what a client has a question about. Nil for anything else, and for an access token that is over.
    func presented(_ text: String, at now: UnixTime) -> Presented? {
        switch Result(catching: { () throws(VerificationFailure) in try verifier.examine(text, at: now) }) {
        case .success(let token): return token.isFromOldIssuer ? nil : .access(token)
        // What a refresh token's `typ` is to the verifier; a bad signature is one whatever else is tried.
        case .failure(.wrongType): break
        case .failure: return nil
        }
        do throws(TokenFailure) { return .refresh(try sessions.read(Array(text.utf8))) } catch { return nil }
    }

    /// Whether `client` may be told about an access token: it got it, it is one of the APIs that the token is for, or it is the
    /// operator's own (§2.2: an answer may differ for each protected resource). To everybody else it is not active.
    private func mayLook(_ client: Client, at token: VerifiedToken) -> Bool {
        client.policy.isFirstParty || client.got(token) || client.isFor(token)
    }

    /// Whether the token endpoint would take it: the current one of its session, or the one before within the grace.
    private func isTaken(_ token: RefreshToken, of session: Session, at now: UnixTime) -> Bool {
        if token.counter == session.counter { return true }
        return token.counter &+ 1 == session.counter
            && session.isWithinGrace(seconds: policy.graceSeconds, maximumRetries: TokenPolicy.maximumRetries, at: now)
    }
}

extension Client {
    /// Whether an access token was issued to this client.
    func got(_ token: VerifiedToken) -> Bool { token.clientID?.utf8.elementsEqual(id.utf8) == true }

    /// Whether an access token is for an API that this client stands for.
    func isFor(_ token: VerifiedToken) -> Bool {
        guard !metadata.resources.isEmpty else { return false }
        return token.audience.contains { audience in metadata.resources.contains { $0.utf8.elementsEqual(audience.utf8) } }
    }
}

extension Session {
    /// Whether it is one that a person's consent gave to this client; the first-party login's are no client's.
    func belongs(to client: Client) -> Bool { details != nil && clientID.utf8.elementsEqual(client.id.utf8) }
}
