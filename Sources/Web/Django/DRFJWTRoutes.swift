// DRFJWTRoutes: the endpoints of drf-jwt with its bodies, statuses and words, over the same services as the native ones. A token
// is the access token of a session of this service, which it may renew until the end that its login gave it. Where it differs on
// purpose, docs/django.md says so and why.

import Accounts
package import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

package struct DRFJWTRoutes: Sendable {
    let services: Services

    private var tokens: DRFJWTTokens { DRFJWTTokens(services: services) }

    private typealias Handler = @Sendable (Request) throws(Refusal) -> Outcome

    private static let paths = [
        "/api-token-auth/", "/api-token-refresh/", "/api-token-verify/", "/api-token-blacklist/", "/api-token-impersonate/",
    ]

    /// What the router's refusal of a request is at these endpoints; nil for other paths.
    package static func answer(to refusal: Refusal, of request: Request?) -> Response? {
        DRFAnswers.answer(to: refusal, of: request, at: paths + OlderJWTRoutes.paths)
    }

    /// The routes.
    func all(bodyLimit: Int) -> [Route] {
        let views: [(lane: Lane, handler: Handler)] = [
            (.worker, obtain), (.loop, refresh), (.loop, verify), (.loop, blacklist), (.loop, impersonate),
        ]
        return zip(Self.paths, views).map { path, view in
            Route(.post, path, lane: view.lane, bodyLimit: bodyLimit) { request in Self.shaped(request, view.handler) }
        }
    }

    /// What a view of drf-jwt makes of a handler's outcome.
    static func shaped(_ request: Request, _ handler: @Sendable (Request) throws(Refusal) -> Outcome) -> Outcome {
        DRFAnswers.shaped(
            answering { () throws(Refusal) in
                try DRFAnswers.negotiate(request)
                return try handler(request)
            },
            answer: { DRFAnswers.response(inOwnWords($0), scheme: scheme) })
    }

    private static func inOwnWords(_ refusal: Refusal) -> Refusal {
        switch refusal.code {
        case "invalid_credentials": .nonField("Unable to log in with provided credentials.")
        case "username_taken": DRFBody.refusal([("username", ["A user with that username already exists."])])
        case "forbidden", "insufficient_scope": .notPermitted
        default: refusal
        }
    }

    /// `POST /api-token-auth/`.
    private func obtain(_ request: Request) throws(Refusal) -> Outcome {
        let fields = try DRFBody(request).fields(["username", "password"])
        let scope = FirstPartyScope.requested(nil) ?? ""
        return try services.logIn(
            .username(fields[0]), password: fields[1], scope: scope, audience: nil, form: .drfJWT(origin: nil), for: request
        ) { tokens, now in
            .respond(Self.answer(tokens.access.text, issuedAt: now.seconds))
        }
    }

    /// `POST /api-token-refresh/`.
    private func refresh(_ request: Request) throws(Refusal) -> Outcome {
        let text = try DRFBody(request).fields(["token"])[0]
        return try tokens.given(text, request) { token throws(Refusal) in
            let form = AccessForm(following: token)
            guard case .drfJWT = form else { throw .nonField("orig_iat field not found in token.") }
            guard !token.isFromOldIssuer else { return try exchange(text, form, request) }
            return try services.renew(token, as: form, for: request) { result throws(Refusal) in
                switch result {
                case .success(let access): return .respond(Self.answer(access.text, issuedAt: request.receivedAt.seconds))
                case .failure(.refreshExpired): throw .nonField("Refresh has expired.")
                case .failure(.sessionEnded): return tokens.gone(token.subject) { .nonField($0.words) }
                case .failure(let failure): throw Refusal(failure)
                }
            }
        }
    }

    /// A token of the service before, for the first one of a session that goes on from it.
    private func exchange(_ text: String, _ form: AccessForm, _ request: Request) throws(Refusal) -> Outcome {
        let old = try services.refreshToken(Array(text.utf8), at: request.receivedAt)
        return try services.refresh(old, audience: nil, form: form, for: request) { result throws(Refusal) in
            switch result {
            case .success(let begun): return .respond(Self.answer(begun.tokens.access.text, issuedAt: request.receivedAt.seconds))
            case .failure(.sessionEnded), .failure(.replayed): throw .nonField(DRFJWTTokens.Gone.isBlacklisted.words)
            case .failure(let failure): throw Refusal(failure)
            }
        }
    }

    /// `POST /api-token-verify/`: any access token.
    private func verify(_ request: Request) throws(Refusal) -> Outcome {
        let text = try DRFBody(request).fields(["token"])[0]
        return try tokens.given(text, request) { token throws(Refusal) in
            let answer = Self.answer(text, issuedAt: token.issuedAt)
            guard token.isFromOldIssuer else { return .respond(answer) }
            return hop(to: .worker) { () throws(Refusal) in
                do throws(Refusal) { _ = try services.oldAccount(of: token, at: request.receivedAt) } catch {
                    throw error.status == .unauthorized ? .nonField(DRFJWTTokens.Gone.isBlacklisted.words) : error
                }
                return .respond(answer)
            }
        }
    }

    /// `POST /api-token-blacklist/`: the token of the body, else the caller's own, with all that came and comes of its login.
    private func blacklist(_ request: Request) throws(Refusal) -> Outcome {
        try tokens.presented(request) { own, ownText throws(Refusal) in
            let body = try DRFBody(request)
            guard body.has("token") else { return end(own, ownText, by: own, request) }
            let text = try body.fields(["token"])[0]
            do throws(VerificationFailure) {
                return end(try services.anyAudience.verify(text, at: request.receivedAt), text, by: own, request)
            } catch .revoked {
                return .respond(Self.answer(text))
            } catch {
                throw DRFJWTTokens.refusal(error) { .nonField($0) }
            }
        }
    }

    /// `POST /api-token-impersonate/`: for administrators, by their own token. Never as another administrator.
    private func impersonate(_ request: Request) throws(Refusal) -> Outcome {
        try tokens.presented(request) { own, _ throws(Refusal) in
            let caller: Caller
            do throws(Refusal) { caller = try services.caller(request, .admin) } catch { throw .notPermitted }
            // What a token of somebody who is acted for may do ends here.
            guard own.actor == nil else { throw .notPermitted }
            return try services.asAdministrator(request) { _ throws(Refusal) in
                let key = try DRFBody(request).key("user")
                let user = try services.read { reads throws(StoreError) -> User? in
                    if let user = try reads.user(externalID: key) { return user }
                    return try reads.user(UserID(key))
                }
                guard let user else { throw Self.noSuchUser(key) }
                return begin(as: user, key, caller, request)
            }
        }
    }

    private func begin(as user: User, _ key: String, _ caller: Caller, _ request: Request) -> Outcome {
        let now = request.receivedAt
        let audit = caller.audit
        let prepared = services.sessions.prepare(
            for: user.id, scope: FirstPartyScope.account.rawValue, from: services.client(request), at: now)
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.impersonate(
                prepared.new, by: caller.user, with: caller.token.sessionID ?? "", maximumPerUser: TokenPolicy.maximumSessions,
                audit: audit, at: now)
        } then: { outcome throws(Refusal) in
            switch outcome {
            case .notAdministrator, .isAdministrator: throw .notPermitted
            case .notFound: throw Self.noSuchUser(key)
            case .isInactive: throw .nonField(DRFJWTTokens.Gone.isInactive.words)
            case .staleKeys: throw Refusal(StoreError.staleKeys)
            case .begun(let session, let user):
                return Self.answer(
                    try refusing { () throws(TokenFailure) in
                        try services.sessions.token(
                            of: session, user, begun: prepared, by: caller.user, form: .drfJWT(origin: nil), at: now)
                    }.text)
            }
        }
    }

    private func end(_ token: VerifiedToken, _ text: String, by caller: VerifiedToken, _ request: Request) -> Outcome {
        let now = request.receivedAt
        let audit = AuditContext(request, actor: (caller.actor ?? caller.subject.map { UserID($0) }).map { .user($0) } ?? .anonymous)
        return services.commit(for: request) { transaction throws(StoreError) in
            let target: RevocationTarget =
                if let session = token.sessionID {
                    .session(Session.id(ofAccessSessionID: session), ofUser: token.subject.map { UserID($0) })
                } else {
                    .token(id: token.tokenID ?? "", until: UnixTime(seconds: token.expiresAt))
                }
            _ = try transaction.revoke(target, reason: "blacklisted by its holder", audit: audit, at: now)
        } then: { _ in
            Self.answer(text)
        }
    }

    /// Texts that are no key at all are told apart, as Django tells them: keys are whole numbers or those of this service.
    private static func noSuchUser(_ key: String) -> Refusal {
        let isKey = Int64(key) != nil || key.utf8.count == 36
        return DRFBody.refusal([
            ("user", [isKey ? "Invalid pk \"\(key)\" - object does not exist." : "Incorrect type. Expected pk value, received str."])
        ])
    }

    /// 201: `pk`, which is the token's `iat`, and the token.
    private static func answer(_ token: String, issuedAt: Int64?) -> Response {
        .privateJSON(
            .created,
            JSONWriter.object(capacity: 1024) { writer in
                if let issuedAt { writer.member("pk", issuedAt) } else { writer.member("pk", nil as String?) }
                writer.member("token", token)
            })
    }

    private static func answer(_ token: String) -> Response {
        .privateJSON(.created, JSONWriter.object(capacity: 1024) { $0.member("token", token) })
    }

    /// What challenges ask for.
    static let scheme = "JWT"
}
