// SessionRoutes: one's own sessions: seen, ended one by one or all at once; and the password, whose change ends the others.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

struct SessionRoutes: Sendable {
    let services: Services

    /// `POST /auth/logout`: by refresh token in the body, else by bearer token, else by cookie. A page whose access token has run
    /// out logs out by its cookie alone.
    func logout(_ request: Request) throws(Refusal) -> Outcome {
        if let text = try JSONBody(request, mayBeEmpty: true).string("refresh") { return try logout(by: text, request) }
        do throws(Refusal) {
            return try services.asUser(request) { _, caller in answering { () throws(Refusal) in try logout(caller, request) } }
        } catch {
            guard let cookie = services.cookie.token(in: request) else { throw error }
            try services.cookie.requireOwnOrigin(request)
            return try logout(by: cookie, request)
        }
    }

    /// The session of the token ends; a token of the service before, which has none, ends by itself.
    private func logout(_ caller: Caller, _ request: Request) throws(Refusal) -> Outcome {
        let target: RevocationTarget
        if let session = caller.session {
            target = .session(session, ofUser: caller.user)
        } else {
            guard caller.token.isFromOldIssuer else { throw Refusal(VerificationFailure.missingClaim("sid")) }
            do throws(VerificationFailure) { target = try .init(ending: caller.token) } catch { throw Refusal(error) }
        }
        let now = request.receivedAt
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.revoke(target, reason: "logout", audit: caller.audit, at: now) != nil
        } then: { hasEnded throws(Refusal) in
            try loggedOut(hasEnded, request)
        }
    }

    /// `POST /auth/logout-all`.
    func logoutAll(_ request: Request) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        let hasCookie = services.cookie.token(in: request) != nil
        return try services.asUser(request) { services, caller in
            services.commit(for: request) { transaction throws(StoreError) in
                try transaction.revoke(.user(caller.user), reason: "logout everywhere", audit: caller.audit, at: now)
            } then: { _ in
                hasCookie ? .noContent.adding(.setCookie, services.cookie.clearing) : .noContent
            }
        }
    }

    /// `GET /auth/sessions`.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        try services.asUser(request) { services, caller throws(Refusal) in
            let page = try Page(request)
            return hop(to: .worker) { () throws(Refusal) in
                let listing = try services.read { reads throws(StoreError) in
                    try reads.sessions(of: caller.user, at: request.receivedAt, page: page)
                }
                return .respond(
                    .privateJSON(Representation.list(listing) { Representation.write($0, current: caller.session, to: &$1) }))
            }
        }
    }

    /// `DELETE /auth/sessions/{id}`: one's own; another user's is not there.
    func end(_ request: Request) throws(Refusal) -> Outcome {
        let id = SessionID(request.parameter("id") ?? "")
        let now = request.receivedAt
        return try services.asUser(request) { services, caller in
            services.commit(for: request) { transaction throws(StoreError) in
                try transaction.revoke(.session(id, ofUser: caller.user), reason: "ended by its user", audit: caller.audit, at: now)
            } then: { event throws(Refusal) in
                guard event != nil else { throw .notFound("There is no such session.") }
                return .noContent
            }
        }
    }

    /// `POST /auth/password`.
    func changePassword(_ request: Request) throws(Refusal) -> Outcome {
        try services.asUser(request) { services, caller throws(Refusal) in
            let body = try JSONBody(request)
            let (current, new) = (try body.required("current_password"), try body.required("new_password"))
            return services.reauthenticated(request, caller, current: current, new: new) { user, hash in
                UserChange(passwordHash: hash, keepingSession: caller.session, ifVersion: user.version)
            } then: { _ in
                .noContent
            }
        }
    }

    private func logout(by text: String, _ request: Request) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        let token: PresentedToken
        do throws(TokenFailure) {
            token = try services.sessions.presented(Array(text.utf8), at: now)
        } catch {
            throw Refusal(error == .expired ? TokenFailure.sessionEnded : error)
        }
        var audit = AuditContext(request)
        if case .own(let own) = token {
            guard !own.isExpired(at: now) else { throw Refusal(TokenFailure.sessionEnded) }
            audit.actor = .user(own.user)
        }
        return services.end(token, request, reason: "logout", audit: audit) { hasEnded throws(Refusal) in try loggedOut(hasEnded, request) }
    }

    private func loggedOut(_ hasEnded: Bool, _ request: Request) throws(Refusal) -> Response {
        guard hasEnded else { throw Refusal(TokenFailure.sessionEnded) }
        return services.cookie.token(in: request) == nil ? .noContent : .noContent.adding(.setCookie, services.cookie.clearing)
    }
}

extension Services {
    /// Carries out a change of the caller's account that wants the current password.
    func reauthenticated(
        _ request: Request, _ caller: Caller, current: String, new: String?,
        change: @escaping @Sendable (User, String?) -> UserChange, then respond: @escaping @Sendable (User) throws(Refusal) -> Response
    ) -> Outcome {
        hop(to: .worker) { () throws(Refusal) in
            let pending: Reauthentication.Pending
            do throws(AccountError) {
                pending = try reauthentication.prepare(
                    caller.user, current: current, new: new, from: client(request))
            } catch {
                throw Refusal(error)
            }
            return hop(to: .hashing) { () throws(Refusal) in
                let hash: String?
                do throws(AccountError) { hash = try reauthentication.run(pending, audit: caller.audit, at: clock()) } catch {
                    throw Refusal(error)
                }
                return changeUser(
                    request, caller.user, change(pending.user, hash), by: caller, then: respond)
            }
        }
    }

    /// Changes an account and answers with what it became.
    func changeUser(
        _ request: Request, _ id: UserID, _ change: UserChange, by caller: Caller,
        then respond: @escaping @Sendable (User) throws(Refusal) -> Response
    ) -> Outcome {
        let now = clock()
        return commit(for: request) { transaction throws(StoreError) in
            try transaction.changeUser(id, change, audit: caller.audit, at: now)
        } then: { outcome throws(Refusal) in
            try respond(try outcome.user())
        }
    }
}

extension ChangeUserOutcome {
    /// The changed account; throws the refusal that the outcome is.
    func user() throws(Refusal) -> User {
        switch self {
        case .changed(let user): return user
        case .notFound: throw Refusal(AccountError.notFound)
        case .versionMismatch: throw Refusal(AccountError.versionMismatch)
        case .lastAdministrator: throw Refusal(AccountError.lastAdministrator)
        case .emailTaken: throw Refusal(AccountError.emailTaken)
        case .usernameTaken: throw Refusal(AccountError.usernameTaken)
        }
    }
}

extension Page {
    /// `?limit=` and `?cursor=`.
    init(_ request: Request) throws(Refusal) {
        var limit: Int64 = 50
        if let text = try request.query("limit") {
            guard let number = Int64(digits: ArraySlice(Array(text.utf8))), (1...Int64(Page.maximumLimit)).contains(number) else {
                throw .invalid([FieldProblem("limit", "invalid", "A whole number from 1 to \(Page.maximumLimit).")])
            }
            limit = number
        }
        self.init(limit: Int(limit), cursor: try request.query("cursor"))
    }
}
