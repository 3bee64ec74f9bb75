// UserRoutes: the protected user API: a resource server like any other, with the same verifier. One's own profile is
// answered on the loop, from the cache that the event log keeps true.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

struct UserRoutes: Sendable {
    let services: Services
    /// Where one's own account is asked about, an access token may come in one of these; nil for the header alone.
    let cookies: JWTCookies?

    /// `GET /api/v1/users/me`.
    func me(_ request: Request) throws(Refusal) -> Outcome {
        try asUser(request) { services, caller throws(Refusal) in
            try services.account(caller.user) { entry in .respond(.privateJSON(entry.profile)) }
        }
    }

    /// `PATCH /api/v1/users/me`.
    func changeMe(_ request: Request) throws(Refusal) -> Outcome {
        try asUser(request) { _, caller throws(Refusal) in try changeMe(caller, request) }
    }

    private func changeMe(_ caller: Caller, _ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let name = try body.string("display_name")
        if let name, name.unicodeScalars.count > 150 || name.unicodeScalars.contains(where: { $0.value < 0x20 }) {
            throw .invalid([FieldProblem("display_name", "invalid", "At most 150 characters, none of them control characters.")])
        }
        let respond: @Sendable (User) -> Response = { .privateJSON(Representation.user($0)) }
        guard body.has("email") else {
            return services.changeUser(request, caller.user, UserChange(displayName: name), by: caller, then: respond)
        }
        let email = try AdminUserRoutes.email(body)
        guard let current = try body.string("current_password") else {
            throw .invalid([FieldProblem("current_password", "required", "Changing the e-mail needs the current password.")])
        }
        return services.reauthenticated(request, caller, current: current, new: nil) { user, _ in
            UserChange(displayName: name, email: .some(email), ifVersion: user.version)
        } then: {
            respond($0)
        }
    }

    /// `GET /api/v1/users`: for administrators.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        let page = try Page(request)
        let query = try request.query("query")
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) in try reads.users(matching: query, page: page) }
            return .respond(.privateJSON(Representation.list(listing) { Representation.write($0, to: &$1) }))
        }
    }

    /// `GET /api/v1/users/{id}`: oneself, or anybody for administrators.
    func one(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        let token = try services.verified(request, by: services.verifier)
        if token.isFromOldIssuer {
            return try services.asUser(request) { services, caller throws(Refusal) in
                guard caller.user == id else { throw Refusal(VerificationFailure.insufficientScope(FirstPartyScope.admin.rawValue)) }
                return try services.account(id) { entry in .respond(.privateJSON(entry.profile)) }
            }
        }
        guard token.subject != id.text else { return try me(request) }
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let user = try services.read { reads throws(StoreError) in try reads.user(id) }
            guard let user else { throw Refusal(AccountError.notFound) }
            return .respond(.privateJSON(Representation.user(user)))
        }
    }

    /// The header wins over the cookie, which counts in requests that change something only when they come from our own pages.
    private func asUser(
        _ request: Request, _ body: @escaping @Sendable (Services, Caller) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        guard let cookies, request.headerCount(.authorization) == 0, let text = cookies.access(in: request) else {
            return try services.asUser(request, body)
        }
        try cookies.requireOwnPages(request, unlessItOnlyReads: true)
        return try services.asUser(bearing: Array(text.utf8)[...], request, body)
    }
}
