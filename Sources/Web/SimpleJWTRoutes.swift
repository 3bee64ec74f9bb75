// SimpleJWTRoutes: the four endpoints of djangorestframework-simplejwt with its bodies, statuses and codes, over the same
// services as the native ones. Where it differs on purpose, docs/django.md says so and why.

import Accounts
package import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

/// What a client of these endpoints can observe.
package struct SimpleJWTSettings: Sendable {
    /// `ROTATE_REFRESH_TOKENS`. Without it the refresh token of the login stays good until its end.
    package var rotatesRefreshTokens: Bool

    package init(rotatesRefreshTokens: Bool) {
        self.rotatesRefreshTokens = rotatesRefreshTokens
    }

    /// What the router's refusal of a request is at these endpoints: 405 above all. Nil for other paths and for what is this
    /// service's own trouble; the server adds `Allow`.
    package func answer(to refusal: Refusal, of request: Request?) -> Response? {
        guard let request, refusal.status.code < 500 else { return nil }
        let path = request.path.hasSuffix("/") ? request.path : request.path + "/"
        guard SimpleJWTRoutes.paths.contains(path) else { return nil }
        return DRFAnswers.response(refusal.status == .methodNotAllowed ? DRFAnswers.methodNotAllowed(request) : refusal)
    }
}

struct SimpleJWTRoutes: Sendable {
    let services: Services
    let settings: SimpleJWTSettings

    private typealias Handler = @Sendable (Request) throws(Refusal) -> Outcome

    static let paths = ["/api/token/", "/api/token/refresh/", "/api/token/verify/", "/api/token/blacklist/"]

    /// The routes.
    func all(bodyLimit: Int) -> [Route] {
        let views: [(lane: Lane, handler: Handler)] = [(.worker, obtain), (.loop, refresh), (.loop, verify), (.loop, blacklist)]
        return zip(Self.paths, views).map { path, view in
            Route(.post, path, lane: view.lane, bodyLimit: bodyLimit) { request in
                DRFAnswers.shaped(
                    answering { () throws(Refusal) in
                        try DRFAnswers.negotiate(request)
                        return try view.handler(request)
                    })
            }
        }
    }

    /// `POST /api/token/`.
    private func obtain(_ request: Request) throws(Refusal) -> Outcome {
        let fields = try DRFBody(request).fields(["username", "password"])
        let scope = FirstPartyScope.requested(nil) ?? ""
        return try services.logIn(.username(fields[0]), password: fields[1], scope: scope, audience: nil, for: request) { tokens, _ in
            .respond(Self.answer(tokens, withRefresh: true))
        }
    }

    /// `POST /api/token/refresh/`.
    private func refresh(_ request: Request) throws(Refusal) -> Outcome {
        let token = try refreshToken(request)
        return try services.refresh(
            token, keepingToken: !settings.rotatesRefreshTokens, audience: nil, for: request
        ) { result throws(Refusal) in
            switch result {
            case .success(let refreshed): .respond(Self.answer(refreshed.tokens, withRefresh: settings.rotatesRefreshTokens))
            case .failure(.sessionEnded): ended(token)
            case .failure(let failure): throw Refusal(failure)
            }
        }
    }

    /// `POST /api/token/verify/`: a token of any type.
    private func verify(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try DRFBody(request).fields(["token"])[0].utf8)
        do throws(VerificationFailure) {
            _ = try services.anyAudience.verify(text, at: request.receivedAt)
            return .respond(Self.empty)
        } catch {
            guard error == .wrongType else { throw Refusal(error) }
        }
        let token = try services.refreshToken(text, at: request.receivedAt)
        return hop(to: .worker) { () throws(Refusal) in
            let session = try services.read { reads throws(StoreError) in try reads.session(token.session, at: request.receivedAt) }
            guard token.isOf(session), session?.counter == token.counter else { throw Refusal(TokenFailure.sessionEnded) }
            return .respond(Self.empty)
        }
    }

    /// `POST /api/token/blacklist/`. A token that was rotated ends its session, too: its holder wants out, or has no business here.
    private func blacklist(_ request: Request) throws(Refusal) -> Outcome {
        let token = try refreshToken(request)
        let now = request.receivedAt
        let audit = AuditContext(request)
        return services.commit(for: request) { transaction throws(StoreError) -> Bool in
            guard let session = try transaction.session(token.session, at: now), token.isOf(session) else { return false }
            _ = try transaction.revoke(
                .session(token.session, ofUser: token.user), reason: "blacklisted by its holder", audit: audit, at: now)
            return session.counter == token.counter
        } then: { wasCurrent throws(Refusal) in
            guard wasCurrent else { throw Refusal(TokenFailure.sessionEnded) }
            return Self.empty
        }
    }

    /// The refresh token of the body. Of an access token the signature and the end are judged before its type is.
    private func refreshToken(_ request: Request) throws(Refusal) -> RefreshToken {
        let text = Array(try DRFBody(request).fields(["refresh"])[0].utf8)
        do throws(VerificationFailure) {
            _ = try services.anyAudience.verify(text, at: request.receivedAt)
        } catch {
            guard error == .wrongType else { throw Refusal(error) }
            return try services.refreshToken(text, at: request.receivedAt)
        }
        throw Refusal(TokenFailure.wrongType)
    }

    /// Why a session is not there: its account is gone or disabled, or it was ended.
    private func ended(_ token: RefreshToken) -> Outcome {
        hop(to: .worker) { () throws(Refusal) in
            let user = try services.read { reads throws(StoreError) in try reads.user(token.user) }
            guard let user, user.isActive else {
                throw Refusal(.unauthorized, code: "no_active_account", detail: "No active account found for the given token.")
            }
            throw Refusal(TokenFailure.sessionEnded)
        }
    }

    private static func answer(_ tokens: SessionTokens, withRefresh: Bool) -> Response {
        .privateJSON(
            JSONWriter.object(capacity: 1536) { writer in
                if withRefresh { writer.member("refresh", tokens.refresh) }
                writer.member("access", tokens.access.text)
            })
    }

    private static let empty = Response.privateJSON(Array("{}".utf8))
}
