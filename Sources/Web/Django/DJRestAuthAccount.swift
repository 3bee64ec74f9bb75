// DJRestAuthAccount: the views of dj-rest-auth about one's own account: its details, its password, and making it.

import Accounts
import HTTP
import MartletEncoding
import ResourceServer
import Store
import Tokens

struct DJRestAuthAccount: Sendable {
    let services: Services
    let settings: DJRestAuthSettings
    let cookies: JWTCookies

    /// `GET user/`.
    func details(_ request: Request) throws(Refusal) -> Outcome {
        try services.asDRFUser(request, cookies) { services, caller throws(Refusal) in
            try services.account(caller.user) { entry throws(Refusal) in
                .respond(.privateJSON(try Self.details(of: entry.user)))
            }
        }
    }

    /// `PUT user/`: the username has to be there.
    func replace(_ request: Request) throws(Refusal) -> Outcome { try change(request, isWhole: true) }

    /// `PATCH user/`.
    func change(_ request: Request) throws(Refusal) -> Outcome { try change(request, isWhole: false) }

    private func change(_ request: Request, isWhole: Bool) throws(Refusal) -> Outcome {
        try services.asDRFUser(request, cookies) { _, caller throws(Refusal) in try change(request, of: caller, isWhole: isWhole) }
    }

    private func change(_ request: Request, of caller: Caller, isWhole: Bool) throws(Refusal) -> Outcome {
        let body = try DRFBody(request)
        return try services.account(caller.user) { entry throws(Refusal) in
            // The name that the account has is good, whatever the rules were when it got it.
            let own = entry.user.username
            let fields = try body.texts(
                [
                    DRFField("username", isRequired: isWhole, maximum: 150) { $0 == own ? [] : Self.problems(ofUsername: $0) }
                ]
                    + Self.names.map { DRFField($0, isRequired: false, mayBeBlank: true, maximum: 150) })
            let names = Self.names.compactMap { name in fields[name].map { (name: name, value: $0) } }
            let now = services.clock()
            // Whether a name is taken is not to be asked without end: it counts as a registration does.
            if let name = fields["username"], name != own {
                do throws(AccountError) {
                    try services.throttle.countRegistration(from: services.client(request).address, at: now)
                } catch {
                    throw Refusal(error)
                }
            }
            return services.commit(for: request) { transaction throws(StoreError) -> ChangeUserOutcome in
                guard let user = try transaction.user(caller.user) else { return .notFound }
                let attributes = try UserAttributes(parsing: user.attributes)
                let hasNew = names.contains { attributes[$0.name] ?? "" != $0.value }
                let change = UserChange(username: fields["username"], attributes: hasNew ? try attributes.setting(names) : nil)
                return try transaction.changeUser(caller.user, change, audit: caller.audit, at: now)
            } then: { outcome throws(Refusal) in
                .privateJSON(try Self.details(of: try outcome.user()))
            }
        }
    }

    /// `POST password/change/`. The session that asks goes on, the others end.
    func changePassword(_ request: Request) throws(Refusal) -> Outcome {
        try services.asDRFUser(request, cookies) { _, caller throws(Refusal) in try changePassword(request, of: caller) }
    }

    private func changePassword(_ request: Request, of caller: Caller) throws(Refusal) -> Outcome {
        // Whoever acts as the user has to know the password, whatever the users themselves need.
        let asksForOld = settings.asksForOldPassword || caller.token.actor != nil
        let names = (asksForOld ? ["old_password"] : []) + ["new_password1", "new_password2"]
        let fields = try DRFBody(request).texts(names.map { DRFField($0, maximum: 128) })
        let (new, repeated) = (fields["new_password1"] ?? "", fields["new_password2"] ?? "")
        return hop(to: .worker) { () throws(Refusal) in
            guard let old = fields["old_password"] else {
                let user = try services.read { reads throws(StoreError) in try reads.user(caller.user) }
                guard let user else { throw Refusal(AccountError.notFound) }
                return hop(to: .hashing) { () throws(Refusal) in try set(new, repeated, of: user, request, caller) }
            }
            do throws(AccountError) {
                let pending = try services.reauthentication.prepare(
                    caller.user, current: old, new: nil, from: services.client(request))
                return hop(to: .hashing) { () throws(Refusal) in
                    do throws(AccountError) {
                        _ = try services.reauthentication.run(pending, audit: caller.audit, at: services.clock())
                    } catch {
                        throw Self.refusal(error)
                    }
                    return try set(new, repeated, of: pending.user, request, caller)
                }
            } catch {
                throw Self.refusal(error)
            }
        }
    }

    /// Sets a new password that keeps the rules, if the account has not changed since: for the hashing lane.
    private func set(
        _ new: String, _ repeated: String, of user: User, _ request: Request, _ caller: Caller
    ) throws(Refusal) -> Outcome {
        guard new.utf8.elementsEqual(repeated.utf8) else {
            throw DRFBody.refusal([("new_password2", ["The two password fields didn’t match."])])
        }
        let attributes = try Self.attributes(of: user)
        let problems = DjangoPasswordRules(common: services.common).problems(
            of: new,
            for: DjangoPasswordRules.Names(
                username: user.username, firstName: attributes["first_name"], lastName: attributes["last_name"], email: user.email))
        guard problems.isEmpty else { throw DRFBody.refusal([("new_password2", problems)]) }
        let hash: String
        do throws(AccountError) {
            hash = try services.hasher.hash(
                Password(new: new, username: user.username, email: user.email, common: services.common, field: "new_password2"))
        } catch {
            throw Self.refusal(error)
        }
        let change = UserChange(passwordHash: hash, keepingSession: caller.session, ifVersion: user.version)
        return services.changeUser(request, caller.user, change, by: caller) { _ in
            .privateJSON(JSONWriter.object { $0.member("detail", "New password has been saved.") })
        }
    }

    /// `POST registration/`. That a name is taken is told last, and counted.
    func register(_ request: Request) throws(Refusal) -> Outcome {
        try services.refuseBadHeader(request)
        try cookies.requireOwnPages(request)
        guard services.registration.isOpen else { throw Refusal(AccountError.registrationClosed) }
        let rules = DjangoPasswordRules(common: services.common)
        let fields = try DRFBody(request).texts([
            DRFField("username", maximum: 150, problems: Self.problems(ofUsername:)),
            DRFField("email", isRequired: false, problems: Self.problems(ofEmail:)),
            DRFField("password1", maximum: 256) { rules.problems(of: $0) },
            DRFField("password2"),
        ])
        let (username, password, email) = (fields["username"] ?? "", fields["password1"] ?? "", fields["email"])
        guard password.utf8.elementsEqual((fields["password2"] ?? "").utf8) else {
            throw DRFBody.refusal([("non_field_errors", ["The two password fields didn't match."])])
        }
        let problems = rules.problems(of: password, for: DjangoPasswordRules.Names(username: username, email: email))
        guard problems.isEmpty else { throw DRFBody.refusal([("non_field_errors", problems)]) }
        let candidate: Registration.Candidate
        do throws(AccountError) {
            candidate = try services.registration.candidate(username: username, password: password, email: email)
        } catch {
            throw Self.refusal(error)
        }
        let scope = FirstPartyScope.requested(nil) ?? ""
        return services.register(candidate, scope: scope, audience: nil, for: request) { tokens, now throws(Refusal) in
            .respond(try loggedIn(.created, tokens, withExpiration: false, cookies, at: now))
        }
    }

    /// An account as these endpoints show it. `pk` is what it was called where it came from, a number there; else its id.
    static func details(of user: User) throws(Refusal) -> [UInt8] {
        let attributes = try attributes(of: user)
        return JSONWriter.object { writer in
            if let number = user.externalNumber {
                writer.member("pk", number)
            } else {
                writer.member("pk", user.externalID ?? user.id.text)
            }
            writer.member("username", user.username)
            writer.member("email", user.email ?? "")
            for name in names { writer.member(name, attributes[name] ?? "") }
        }
    }

    /// What is wrong with a username; nothing when it may be one.
    @Sendable private static func problems(ofUsername text: String) -> [String] {
        do throws(FieldProblem) { _ = try Username(parsing: text) } catch {
            return ["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]
        }
        return []
    }

    /// What is wrong with an e-mail address; nothing when it may be one.
    @Sendable static func problems(ofEmail text: String) -> [String] {
        do throws(FieldProblem) { _ = try EmailAddress(parsing: text) } catch { return ["Enter a valid email address."] }
        return []
    }

    private static func attributes(of user: User) throws(Refusal) -> UserAttributes {
        do throws(StoreError) { return try UserAttributes(parsing: user.attributes) } catch { throw Refusal(error) }
    }

    /// What these views say when the service's own rules refuse something.
    private static func refusal(_ error: AccountError) -> Refusal {
        switch error {
        case .invalidCredentials:
            DRFBody.refusal([("old_password", ["Your old password was entered incorrectly. Please enter it again."])])
        default: DRFBody.refusal(error)
        }
    }

    private static let names = ["first_name", "last_name"]
}
