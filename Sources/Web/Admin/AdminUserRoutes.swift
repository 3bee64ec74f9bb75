// AdminUserRoutes: accounts and their sessions in administrators' hands. `ETag` and `If-Match` stand for the account's
// version, which rises with everything that can be changed here.

import Accounts
import HTTP
import MartletEncoding
import ResourceServer
import Store
import Tokens

struct AdminUserRoutes: Sendable {
    let services: Services

    /// `GET /admin/api/users`.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        try UserRoutes(services: services, cookies: nil).list(request)
    }

    /// `POST /admin/api/users`.
    func create(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let (username, password, email) = (try body.string("username") ?? "", try body.string("password") ?? "", try body.string("email"))
        let roles = try Self.roles(body) ?? []
        let (isVerified, isActive) = (try body.bool("email_verified") ?? false, try body.bool("is_active") ?? true)
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let candidate: Registration.Candidate
            do throws(AccountError) {
                candidate = try Registration.candidate(username: username, password: password, email: email, common: services.common)
            } catch {
                throw Refusal(error)
            }
            return hop(to: .hashing) { () throws(Refusal) in
                let now = services.clock()
                var new: NewUser
                do throws(AccountError) {
                    new = try Registration.newUser(candidate, hasher: services.hasher, id: UserID(services.newID(now)))
                } catch {
                    throw Refusal(error)
                }
                new.roles = roles
                new.emailVerified = isVerified && email != nil
                new.isActive = isActive
                let user = new
                return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                    try transaction.createUser(user, audit: caller.audit, at: now)
                } then: { outcome throws(Refusal) in
                    switch outcome {
                    case .created(let user):
                        return Self.respond(.created, user).adding(.location, "/admin/api/users/\(user.id.text)")
                    case .usernameTaken, .notFirstAdministrator: throw Refusal(AccountError.usernameTaken)
                    case .emailTaken: throw Refusal(AccountError.emailTaken)
                    }
                }
            }
        }
    }

    /// `GET /admin/api/users/{id}`.
    func read(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let user = try services.read { reads throws(StoreError) in try reads.user(id) }
            guard let user else { throw Refusal(AccountError.notFound) }
            return .respond(Self.respond(.ok, user))
        }
    }

    /// `PATCH /admin/api/users/{id}`.
    func change(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        let body = try JSONBody(request)
        var change = UserChange(
            emailVerified: try body.bool("email_verified"), roles: try Self.roles(body), isActive: try body.bool("is_active"))
        if body.has("email") { change.email = .some(try Self.email(body)) }
        change.ifVersion = try request.version(of: "account")
        let password = try body.string("password")
        let wanted = change
        return try services.asAdministrator(request) { caller throws(Refusal) in
            guard let password else { return try apply(wanted, to: id, request, caller) }
            let user = try services.read { reads throws(StoreError) in try reads.user(id) }
            guard let user else { throw Refusal(AccountError.notFound) }
            let accepted: Password
            do throws(AccountError) {
                accepted = try Password(new: password, username: user.username, email: user.email, common: services.common)
            } catch {
                throw Refusal(error)
            }
            return hop(to: .hashing) { () throws(Refusal) in
                var change = wanted
                do throws(AccountError) { change.passwordHash = try services.hasher.hash(accepted) } catch { throw Refusal(error) }
                return try apply(change, to: id, request, caller)
            }
        }
    }

    /// `DELETE /admin/api/users/{id}`.
    func delete(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        let version = try request.version(of: "account")
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let now = request.receivedAt
            return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.deleteUser(id, ifVersion: version, audit: caller.audit, at: now)
            } then: { outcome throws(Refusal) in
                _ = try Self.user(outcome)
                return .noContent
            }
        }
    }

    /// `GET /admin/api/users/{id}/sessions`.
    func sessions(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        let page = try Page(request)
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) -> Listing<Session>? in
                guard try reads.user(id) != nil else { return nil }
                return try reads.sessions(of: id, at: request.receivedAt, page: page)
            }
            guard let listing else { throw Refusal(AccountError.notFound) }
            return .respond(
                .privateJSON(Representation.list(listing) { Representation.write($0, current: caller.session, to: &$1) }))
        }
    }

    /// `DELETE /admin/api/sessions/{id}`.
    func endSession(_ request: Request) throws(Refusal) -> Outcome {
        let id = Session.id(ofAccessSessionID: request.parameter("id") ?? "")
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let now = request.receivedAt
            return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.revoke(.session(id, ofUser: nil), reason: "ended by an administrator", audit: caller.audit, at: now)
            } then: { event throws(Refusal) in
                guard event != nil else { throw .notFound("There is no such session.") }
                return .noContent
            }
        }
    }

    /// `email` of a body: an address, or null to take it away.
    static func email(_ body: JSONBody) throws(Refusal) -> String? {
        guard let text = try body.string("email"), !text.isEmpty else { return nil }
        do throws(FieldProblem) { return try EmailAddress(parsing: text).text } catch { throw .invalid([error]) }
    }

    /// `roles` of a body: at most 32 names of 1 to 64 lower-case letters, digits and `. _ : -`.
    private static func roles(_ body: JSONBody) throws(Refusal) -> [String]? {
        guard let roles = try body.strings("roles") else { return nil }
        guard roles.count <= 32, roles.allSatisfy({ (try? RoleName(parsing: $0)) != nil }) else {
            throw .invalid([FieldProblem("roles", "invalid", "At most 32 names of lower-case letters, digits and . _ : -")])
        }
        return Set(roles).sorted()
    }

    private func apply(
        _ change: UserChange, to id: UserID, _ request: Request, _ caller: Caller
    ) throws(Refusal) -> Outcome {
        let now = services.clock()
        return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
            try transaction.changeUser(id, change, audit: caller.audit, at: now)
        } then: { outcome throws(Refusal) in
            Self.respond(.ok, try Self.user(outcome))
        }
    }

    private static func user(_ outcome: ChangeUserOutcome) throws(Refusal) -> User {
        // RFC 9110 §13.1.1: the versions differ only where If-Match named one.
        guard outcome != .versionMismatch else { throw .otherVersion(of: "account") }
        return try outcome.user()
    }

    private static func respond(_ status: Status, _ user: User) -> Response {
        .privateJSON(status, Representation.user(user)).adding(.etag, "\"\(user.version)\"")
    }
}
