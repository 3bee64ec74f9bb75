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
    /// `BLACKLIST_AFTER_ROTATION`. Without it the refresh token before a rotation stays good, too.
    package var blacklistsAfterRotation: Bool
    /// Verifying judges what simplejwt judges: signature, time and, with `BLACKLIST_AFTER_ROTATION`, blacklisted refresh tokens.
    package var isStrict: Bool
    /// The first of `AUTH_HEADER_TYPES`, for challenges.
    package var headerType: String
    /// The sliding pair of views stands in the place of the pair of tokens.
    package var isSliding: Bool

    package init(
        rotatesRefreshTokens: Bool, blacklistsAfterRotation: Bool = true, isStrict: Bool = false, headerType: String = "Bearer",
        isSliding: Bool = false
    ) {
        self.rotatesRefreshTokens = rotatesRefreshTokens
        self.blacklistsAfterRotation = blacklistsAfterRotation
        self.isStrict = isStrict
        self.headerType = headerType
        self.isSliding = isSliding
    }

    var rule: RefreshRule { !rotatesRefreshTokens ? .keep : blacklistsAfterRotation ? .rotate : .extend }

    /// What the router's refusal of a request is at these endpoints: 405 above all. Nil for other paths and for what is this
    /// service's own trouble; the server adds `Allow`.
    package func answer(to refusal: Refusal, of request: Request?) -> Response? {
        DRFAnswers.answer(to: refusal, of: request, at: SimpleJWTRoutes.paths)
    }
}

struct SimpleJWTRoutes: Sendable {
    let services: Services
    let settings: SimpleJWTSettings

    private typealias Handler = @Sendable (Request) throws(Refusal) -> Outcome

    static let paths = ["/api/token/", "/api/token/refresh/", "/api/token/verify/", "/api/token/blacklist/"]

    /// The routes.
    func all(bodyLimit: Int) -> [Route] {
        let sliding = SlidingTokenRoutes(services: services)
        let pair: (obtain: Handler, refresh: Handler) = settings.isSliding ? (sliding.obtain, sliding.refresh) : (obtain, refresh)
        let views: [(lane: Lane, handler: Handler)] = [(.worker, pair.obtain), (.loop, pair.refresh), (.loop, verify), (.loop, blacklist)]
        return zip(Self.paths, views).map { path, view in
            Route(.post, path, lane: view.lane, bodyLimit: bodyLimit) { request in
                DRFAnswers.shaped(
                    answering { () throws(Refusal) in
                        try DRFAnswers.negotiate(request)
                        return try view.handler(request)
                    }, answer: { [settings] in DRFAnswers.response($0, scheme: settings.headerType) })
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
        try services.exchange(try refreshToken(request), rule: settings.rule, for: request) { tokens, hasNewRefresh in
            Self.answer(tokens, withRefresh: hasNewRefresh)
        }
    }

    /// `POST /api/token/verify/`: a token of any type.
    func verify(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try DRFBody(request).fields(["token"])[0].utf8)
        do throws(VerificationFailure) {
            let token = try services.anyAudience.verify(text, at: request.receivedAt)
            guard token.tokenID != nil else { throw .missingClaim("jti") }
            guard token.isFromOldIssuer else { return .respond(Self.empty) }
            return hop(to: .worker) { () throws(Refusal) in
                _ = try services.oldAccount(of: token, at: request.receivedAt)
                return .respond(Self.empty)
            }
        } catch {
            switch error {
            case .wrongType: break
            // What was taken back is looked at last: signature and time are good.
            case .revoked where settings.isStrict: return .respond(Self.empty)
            case .missingClaim("jti"): throw Refusal(.unauthorized, code: "token_without_id", detail: error.message)
            default: throw Refusal(error)
            }
        }
        let token = try services.refreshToken(text, at: request.receivedAt)
        if settings.isStrict, !settings.blacklistsAfterRotation { return .respond(Self.empty) }
        return hop(to: .worker) { () throws(Refusal) in
            guard try isCurrent(token, at: request.receivedAt) else {
                throw settings.isStrict
                    ? DRFBody.refusal([("non_field_errors", ["Token is blacklisted"])]) : Refusal(TokenFailure.sessionEnded)
            }
            return .respond(Self.empty)
        }
    }

    private func isCurrent(_ token: PresentedToken, at now: UnixTime) throws(Refusal) -> Bool {
        guard case .own(let own) = token else {
            return try services.isLive(token, keepingToken: !settings.rotatesRefreshTokens, at: now)
        }
        let session = try services.read { reads throws(StoreError) in try reads.session(own.session, at: now) }
        return own.isOf(session) && session?.counter == own.counter
    }

    /// `POST /api/token/blacklist/`.
    private func blacklist(_ request: Request) throws(Refusal) -> Outcome {
        services.blacklist(
            try refreshToken(request), keepingToken: !settings.rotatesRefreshTokens, reason: "blacklisted by its holder",
            audit: AuditContext(request), for: request
        ) { Self.empty }
    }

    private func refreshToken(_ request: Request) throws(Refusal) -> PresentedToken {
        try services.refreshTokenAlone(Array(try DRFBody(request).fields(["refresh"])[0].utf8), at: request.receivedAt)
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
