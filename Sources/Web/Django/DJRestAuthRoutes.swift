// DJRestAuthRoutes: dj-rest-auth's endpoints with simplejwt's tokens, over the same services as the native ones: login, logout and
// the tokens, in bodies or in cookies. The account's own views stand in DJRestAuthAccount. Where they differ on purpose from the
// original, docs/django.md says so and why.

import Accounts
package import HTTP
import MartletEncoding
import ResourceServer
import Store
import Tokens

/// What a client of these endpoints can observe.
package struct DJRestAuthSettings: Sendable {
    /// What holds for its tokens, which are simplejwt's.
    package var tokens: SimpleJWTSettings
    /// `OLD_PASSWORD_FIELD_ENABLED`. Without it whoever holds an access token may set a password.
    package var asksForOldPassword: Bool
    /// `JWT_AUTH_RETURN_EXPIRATION`: a login says when its tokens end.
    package var returnsExpiration: Bool
    /// `JWT_AUTH_COOKIE`; nil for none.
    package var accessCookie: String?
    /// `JWT_AUTH_REFRESH_COOKIE`; nil for none: refresh tokens travel in bodies.
    package var refreshCookie: String?

    package init(
        tokens: SimpleJWTSettings = SimpleJWTSettings(rotatesRefreshTokens: false), asksForOldPassword: Bool = true,
        returnsExpiration: Bool = false,
        accessCookie: String? = nil, refreshCookie: String? = nil
    ) {
        self.tokens = tokens
        self.asksForOldPassword = asksForOldPassword
        self.returnsExpiration = returnsExpiration
        self.accessCookie = accessCookie
        self.refreshCookie = refreshCookie
    }

    /// What the router's refusal of a request is at these endpoints. Nil for other paths and for what is this service's own trouble.
    package func answer(to refusal: Refusal, of request: Request?) -> Response? {
        DRFAnswers.answer(to: refusal, of: request, at: DJRestAuthRoutes.paths)
    }

    /// The cookies of these names, good for these pages.
    func cookies(_ pages: OwnPages) -> JWTCookies {
        JWTCookies(accessName: accessCookie, refreshName: refreshCookie, pages: pages)
    }
}

struct DJRestAuthRoutes: Sendable {
    let services: Services
    let settings: DJRestAuthSettings
    let cookies: JWTCookies

    init(services: Services, settings: DJRestAuthSettings) {
        self.services = services
        self.settings = settings
        cookies = settings.cookies(services.cookie.pages)
    }

    private typealias Handler = @Sendable (Request) throws(Refusal) -> Outcome

    static let paths: Set<String> = Set(
        ["login", "logout", "user", "password/change", "token/verify", "token/refresh", "registration"].map { "/dj-rest-auth/\($0)/" })

    /// The routes.
    func all(bodyLimit: Int) -> [Route] {
        let tokens = SimpleJWTRoutes(services: services, settings: settings.tokens)
        let account = DJRestAuthAccount(services: services, settings: settings, cookies: cookies)
        let list: [(method: Method, path: String, lane: Lane, handler: Handler)] = [
            (.post, "login", .worker, logIn),
            (.post, "logout", .loop, logOut),
            (.get, "user", .loop, account.details),
            (.put, "user", .loop, account.replace),
            (.patch, "user", .loop, account.change),
            (.post, "password/change", .loop, account.changePassword),
            (.post, "registration", .worker, account.register),
            (.post, "token/verify", .loop, tokens.verify),
            (.post, "token/refresh", .loop, refresh),
        ]
        return list.map { row in
            let allow = row.path == "user" ? "GET, PUT, PATCH, HEAD, OPTIONS" : "POST, OPTIONS"
            let answer = row.path == "logout" ? ofLogout : Self.answer
            return Route(row.method, "/dj-rest-auth/\(row.path)/", lane: row.lane, bodyLimit: bodyLimit) { request in
                DRFAnswers.shaped(
                    answering { () throws(Refusal) in
                        try DRFAnswers.negotiate(request)
                        return try row.handler(request)
                    }, allow: allow, answer: answer)
            }
        }
    }

    /// `POST login/`: a username, which may be an e-mail address, or an address.
    private func logIn(_ request: Request) throws(Refusal) -> Outcome {
        try services.refuseBadHeader(request)
        try cookies.requireOwnPages(request)
        let fields = try DRFBody(request).texts([
            DRFField("username", isRequired: false, mayBeBlank: true),
            DRFField("email", isRequired: false, mayBeBlank: true, problems: DJRestAuthAccount.problems(ofEmail:)),
            DRFField("password"),
        ])
        let name: LoginName
        if let email = fields["email"], !email.isEmpty {
            name = .email(email)
        } else if let username = fields["username"], !username.isEmpty {
            name = .usernameOrEmail(username)
        } else {
            throw DRFBody.refusal([("non_field_errors", ["Must include either \"username\" or \"email\" and \"password\"."])])
        }
        let scope = FirstPartyScope.requested(nil) ?? ""
        return try services.logIn(name, password: fields["password"] ?? "", scope: scope, audience: nil, for: request) {
            tokens, now throws(Refusal) in
            .respond(try loggedIn(.ok, tokens, withExpiration: settings.returnsExpiration, cookies, at: now))
        }
    }

    /// `POST logout/`.
    private func logOut(_ request: Request) throws(Refusal) -> Outcome {
        try services.refuseBadHeader(request)
        try cookies.requireOwnPages(request)
        let (text, place) = try presented(request)
        guard let text else {
            throw .unauthorized("no_refresh_token", "Refresh token was not included in \(place) data.")
        }
        let token = try services.refreshTokenAlone(Array(text.utf8), at: request.receivedAt)
        let audit = if case .own(let own) = token { AuditContext(request, actor: .user(own.user)) } else { AuditContext(request) }
        return services.blacklist(
            token, keepingToken: !settings.tokens.rotatesRefreshTokens, reason: "logout", audit: audit, for: request
        ) { said("Successfully logged out.", .ok) }
    }

    /// What logout makes of a refusal. Whatever it says of the refresh token takes the cookies away, and its 401 has neither a code
    /// nor a challenge.
    @Sendable private func ofLogout(_ refusal: Refusal) -> Response {
        guard refusal.status == .unauthorized, refusal.fields == nil else { return DRFAnswers.response(refusal) }
        return said(DRFAnswers.words(refusal).detail, .unauthorized)
    }

    /// The refresh token that is to be ended, and where it would stand. A `null` names none.
    private func presented(_ request: Request) throws(Refusal) -> (text: String?, place: String) {
        if cookies.carryRefresh { return (cookies.refresh(in: request), "cookie") }
        let body = try DRFBody(request)
        if case .null = body.value("refresh") { return (nil, "request") }
        return (try body.texts([DRFField("refresh", isRequired: false, mayBeBlank: true)])["refresh"], "request")
    }

    private func said(_ detail: String, _ status: Status) -> Response {
        cookies.clearing(.privateJSON(status, JSONWriter.object { $0.member("detail", detail) }))
    }

    /// `POST token/refresh/`: a token in the body wins over the cookie.
    private func refresh(_ request: Request) throws(Refusal) -> Outcome {
        try cookies.requireOwnPages(request)
        let inBody = try DRFBody(request).texts([DRFField("refresh", isRequired: false)])["refresh"]
        guard let text = inBody ?? cookies.refresh(in: request) else {
            throw Services.drfRefusal("token_not_valid", "No valid refresh token found.")
        }
        let now = request.receivedAt
        let token = try services.refreshTokenAlone(Array(text.utf8), at: now)
        return try services.exchange(token, rule: settings.tokens.rule, for: request) { tokens, hasNewRefresh in
            let hasRefresh = hasNewRefresh && !cookies.carryRefresh
            let body = JSONWriter.object(capacity: 1536) { writer in
                writer.member("access", tokens.access.text)
                if hasRefresh { writer.member("refresh", tokens.refresh) }
                writer.member("access_expiration", tokens.access.expiresAt.djangoText)
                if hasRefresh { writer.member("refresh_expiration", tokens.session.refreshExpiresAt.djangoText) }
            }
            return cookies.setting(tokens, hasNewRefresh: hasNewRefresh, at: now, on: .privateJSON(body))
        }
    }

    /// What the other views make of a refusal.
    @Sendable private static func answer(_ refusal: Refusal) -> Response {
        switch refusal.code {
        case "invalid_credentials":
            DRFAnswers.response(DRFBody.refusal([("non_field_errors", ["Unable to log in with provided credentials."])]))
        case "username_taken":
            DRFAnswers.response(DRFBody.refusal([("username", ["A user with that username already exists."])]))
        default: DRFAnswers.response(refusal)
        }
    }
}

/// The answer to a login or a registration: with a refresh cookie the body has no `refresh`.
func loggedIn(
    _ status: Status, _ tokens: SessionTokens, withExpiration: Bool, _ cookies: JWTCookies, at now: UnixTime
) throws(Refusal) -> Response {
    let user = try DJRestAuthAccount.details(of: tokens.user)
    let body = JSONWriter.object(capacity: 1536) { writer in
        writer.member("access", tokens.access.text)
        if !cookies.carryRefresh { writer.member("refresh", tokens.refresh) }
        writer.name("user")
        writer.raw(user)
        if withExpiration {
            writer.member("access_expiration", tokens.access.expiresAt.djangoText)
            writer.member("refresh_expiration", tokens.session.refreshExpiresAt.djangoText)
        }
    }
    return cookies.setting(tokens, hasNewRefresh: true, at: now, on: .privateJSON(status, body))
}

extension UnixTime {
    /// As Django REST framework writes a time in UTC: with microseconds.
    fileprivate var djangoText: String { rfc3339.dropLast() + "000Z" }
}
