// UserInfoRoutes: what a client may know about the person that its access token speaks for (OpenID Connect Core 1.0 §5.3).

import HTTP
import MartletEncoding
import MartletVerifier
import OAuth
import ResourceServer
import Store
import Tokens

struct UserInfoRoutes: Sendable {
    let services: Services

    /// Where it is, below the issuer.
    static let path = "/oauth2/userinfo"

    /// `GET` and `POST /oauth2/userinfo`. A bad token is refused on the loop; the rest is the store's to say.
    func userInfo(_ request: Request) throws(Refusal) -> Outcome {
        let token = try token(request)
        guard token.hasScope("openid"), !token.isFromOldIssuer else {
            throw Refusal(OAuthError(.insufficientScope, "The access token does not have the scope openid."))
        }
        guard let clientID = token.clientID, let session = token.sessionID else { throw Self.ended }
        return try services.withClient(clientID, of: request) { client throws(Refusal) in
            guard let client else { throw Self.ended }
            return hop(to: .worker) { () throws(Refusal) in
                .respond(.privateJSON(try answer(token, Session.id(ofAccessSessionID: session), client, at: request.receivedAt)))
            }
        }
    }

    private func answer(
        _ token: VerifiedToken, _ id: SessionID, _ client: Client, at now: UnixTime
    ) throws(Refusal) -> [UInt8] {
        let found = try services.read { reads throws(StoreError) -> (Session, User)? in
            guard let session = try reads.session(id, at: now), let user = try reads.user(session.userID) else { return nil }
            return (session, user)
        }
        guard let (session, user) = found, user.isActive, session.clientID.utf8.elementsEqual(client.id.utf8),
            token.sessionID == session.accessSessionID
        else { throw Self.ended }
        return services.oauth.userInfo(of: user, for: client, scope: ScopeSet(token.scopes))
    }

    /// The access token: in `Authorization`, or of a form alone (RFC 6750 §2.1, §2.2: "Clients MUST NOT use more than one method").
    private func token(_ request: Request) throws(Refusal) -> VerifiedToken {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            return try services.verified(request, by: services.anyAudience)
        }
        let sent: String?
        do throws(OAuthError) { sent = try OAuthParameters(parsing: request.body[...])["access_token"] } catch { throw Refusal(error) }
        guard let sent else { return try services.verified(request, by: services.anyAudience) }
        guard request.headerCount(.authorization) == 0 else {
            throw Refusal(OAuthError(.invalidRequest, "The access token is given in more than one way."))
        }
        do throws(VerificationFailure) {
            return try services.anyAudience.verify(sent, at: request.receivedAt)
        } catch {
            throw Refusal(error)
        }
    }

    private static let ended = Refusal(OAuthError(.invalidToken, "What the access token was made for has ended."))
}
