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
        let caller: Caller
        do throws(Refusal) {
            caller = try services.caller(request)
        } catch {
            guard let cookie = services.cookie.token(in: request) else { throw error }
            try services.cookie.requireOwnOrigin(request)
            return try logout(by: cookie, request)
        }
        guard let session = caller.session else { throw Refusal(VerificationFailure.missingClaim("sid")) }
        let now = request.receivedAt
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.revoke(.session(session, ofUser: caller.user), reason: "logout", audit: caller.audit, at: now)
        } then: { event throws(Refusal) in
            try loggedOut(event, request)
        }
    }

    /// `POST /auth/logout-all`.
    func logoutAll(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        let now = request.receivedAt
        let hasCookie = services.cookie.token(in: request) != nil
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.revoke(.user(caller.user), reason: "logout everywhere", audit: caller.audit, at: now)
        } then: { _ in
            hasCookie ? .noContent.adding(.setCookie, services.cookie.clearing) : .noContent
        }
    }

    /// `GET /auth/sessions`.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        let page = try Page(request)
        return hop(to: .worker) { () throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) in
                try reads.sessions(of: caller.user, at: request.receivedAt, page: page)
            }
            return .respond(
                .privateJSON(Representation.list(listing) { Representation.write($0, current: caller.session, to: &$1) }))
        }
    }

    /// `DELETE /auth/sessions/{id}`: one's own; another user's is not there.
    func end(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        let target = RevocationTarget.session(SessionID(request.parameter("id") ?? ""), ofUser: caller.user)
        let now = request.receivedAt
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.revoke(target, reason: "ended by its user", audit: caller.audit, at: now)
        } then: { event throws(Refusal) in
            guard event != nil else { throw .notFound("There is no such session.") }
            return .noContent
        }
    }

    /// `POST /auth/password`.
    func changePassword(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        let body = try JSONBody(request)
        let (current, new) = (try body.required("current_password"), try body.required("new_password"))
        return services.reauthenticated(request, caller, current: current, new: new) { user, hash in
            UserChange(passwordHash: hash, keepingSession: caller.session, ifVersion: user.version)
        } then: { _ in
            .noContent
        }
    }

    private func logout(by text: String, _ request: Request) throws(Refusal) -> Outcome {
        let token = try refusing { () throws(TokenFailure) in try services.sessions.read(Array(text.utf8)) }
        guard !token.isExpired(at: request.receivedAt) else { throw Refusal(TokenFailure.sessionEnded) }
        let audit = AuditContext(request, actor: .user(token.user))
        return services.end(token, request, reason: "logout", audit: audit) { event throws(Refusal) in try loggedOut(event, request) }
    }

    private func loggedOut(_ event: RevocationEvent?, _ request: Request) throws(Refusal) -> Response {
        guard event != nil else { throw Refusal(TokenFailure.sessionEnded) }
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
