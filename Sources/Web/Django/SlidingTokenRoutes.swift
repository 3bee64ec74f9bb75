// SlidingTokenRoutes: simplejwt's sliding pair: one token that opens the API and gets the next one itself, until the end that its
// login gave it. What a sliding token is else — verified, refused at the blacklist — SimpleJWTRoutes has.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Tokens

struct SlidingTokenRoutes: Sendable {
    let services: Services

    /// `POST /api/token/`.
    func obtain(_ request: Request) throws(Refusal) -> Outcome {
        let fields = try DRFBody(request).fields(["username", "password"])
        let scope = FirstPartyScope.requested(nil) ?? ""
        return try services.logIn(
            .username(fields[0]), password: fields[1], scope: scope, audience: nil, form: .sliding(id: nil), for: request
        ) { tokens, _ in
            .respond(Self.answer(tokens.access))
        }
    }

    /// `POST /api/token/refresh/`: of a token that has not expired; simplejwt looks at its end first, too.
    func refresh(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try DRFBody(request).fields(["token"])[0].utf8)
        let token: VerifiedToken
        do throws(VerificationFailure) {
            token = try services.anyAudience.verify(text, at: request.receivedAt)
        } catch .wrongType {
            // A refresh token is of the wrong type; what is no token of this service's is none at all.
            _ = try services.refreshToken(text, at: request.receivedAt)
            throw Refusal(TokenFailure.wrongType)
        } catch {
            throw Refusal(error)
        }
        let form = AccessForm(following: token)
        guard case .sliding = form else { throw Refusal(TokenFailure.wrongType) }
        return try services.renew(token, as: form, for: request) { result throws(Refusal) in
            .respond(Self.answer(try refusing { () throws(TokenFailure) in try result.get() }))
        }
    }

    private static func answer(_ token: AccessToken) -> Response {
        .privateJSON(JSONWriter.object(capacity: 1024) { $0.member("token", token.text) })
    }
}
