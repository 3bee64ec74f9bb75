// The routes of the contract, and their handlers called as functions: the answers that other layers' tests do not see.

import HTTP
import MartletEncoding
import MartletJOSE
import Store
import Testing
import Tokens

@testable import Web

struct RouteTests {
    private let start = Server.start

    @Test("the routes of the contract, each once")
    func routes() throws {
        let routes = Routes.all(try Server().services, bodyLimit: 1).map { "\($0.method.name) \($0.pattern)" }
        #expect(Set(routes).count == routes.count)
        let contract = [
            "POST /auth/register", "POST /auth/login", "POST /auth/refresh", "POST /auth/verify", "POST /auth/blacklist",
            "POST /auth/logout",
            "POST /auth/logout-all", "GET /auth/sessions", "DELETE /auth/sessions/{id}", "POST /auth/password", "GET /api/v1/users/me",
            "PATCH /api/v1/users/me", "GET /api/v1/users", "GET /api/v1/users/{id}", "POST /admin/api/revocations",
            "GET /admin/api/revocations",
            "GET /admin/api/users", "POST /admin/api/users", "GET /admin/api/users/{id}", "PATCH /admin/api/users/{id}",
            "DELETE /admin/api/users/{id}", "GET /admin/api/users/{id}/sessions", "DELETE /admin/api/sessions/{id}", "GET /admin/api/keys",
            "POST /admin/api/keys/rotate", "GET /admin/api/audit", "POST /admin/api/explain", "GET /.well-known/jwks.json", "GET /healthz",
            "GET /.well-known/revocations", "GET /.well-known/oauth-authorization-server", "GET /.well-known/openid-configuration",
            "GET /.well-known/oauth-protected-resource", "GET /auth/forward",
            "GET /readyz", "GET /admin/api/clients", "POST /admin/api/clients", "GET /admin/api/clients/{id}",
            "PATCH /admin/api/clients/{id}", "DELETE /admin/api/clients/{id}", "POST /admin/api/clients/{id}/rotate-secret",
            "POST /oauth2/device_authorization", "GET /oauth2/device", "POST /oauth2/device",
            "POST /oauth2/register", "GET /oauth2/register/{id}", "PUT /oauth2/register/{id}", "DELETE /oauth2/register/{id}",
            "GET /oauth2/authorize", "POST /oauth2/authorize", "POST /oauth2/consent", "GET /oauth2/sign-in", "POST /oauth2/sign-in",
            "GET /oauth2/sign-up", "POST /oauth2/sign-up",
            "GET /oauth2/userinfo", "POST /oauth2/userinfo",
            "GET /oauth2/logout", "POST /oauth2/logout", "GET /api/v1/users/me/apps", "DELETE /api/v1/users/me/apps/{client_id}",
            "GET /admin/api/users/{id}/apps", "DELETE /admin/api/users/{id}/apps/{client_id}",
        ]
        #expect(Set(contract).subtracting(routes).sorted() == [])
    }

    @Test("the routes of dj-rest-auth come on top, each once, and nothing else does")
    func djRestAuth() throws {
        let services = try Server().services
        func names(_ routes: [Route]) -> [String] { routes.map { "\($0.method.name) \($0.pattern)" } }
        let own = Set(names(Routes.all(services, bodyLimit: 1)))
        let all = names(Routes.all(services, bodyLimit: 1, djRestAuth: DJRestAuthSettings()))
        #expect(Set(all).count == all.count)
        let expected = [
            "POST login", "POST logout", "GET user", "PUT user", "PATCH user", "POST password/change", "POST registration",
            "POST token/verify", "POST token/refresh",
        ]
        let added = Set(all).subtracting(own)
        #expect(added == Set(expected.map { $0.split(separator: " ").joined(separator: " /dj-rest-auth/") + "/" }))
        for route in added {
            let path = String(route.split(separator: " ")[1])
            #expect(DJRestAuthRoutes.paths.contains(path), "a refusal there has the framework's shape")
        }
    }

    @Test("every route of the user and admin APIs, and of one's own sessions, wants a token before it looks at anything")
    func tokensFirst() throws {
        let server = try Server()
        for route in Routes.all(server.services, bodyLimit: 1)
        where !route.pattern.hasPrefix("/auth/") && !route.pattern.hasPrefix("/.well") && !route.pattern.hasPrefix("/oauth2/") {
            guard !["/healthz", "/readyz"].contains(route.pattern) else { continue }
            let target = String(route.pattern.map { $0 == "{" || $0 == "}" ? "x" : $0 })
            let response = try server.send(route.method.name, target, json: route.method == .get || route.method == .delete ? nil : "{}")
            #expect(response.status == .unauthorized, "\(route.method.name) \(route.pattern)")
            #expect(response.json?["code"]?.string == "missing_token", "\(route.method.name) \(route.pattern)")
            #expect(response.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
        }
    }

    @Test("every admin route refuses who holds no admin scope, with 403")
    func adminScope() throws {
        let server = try Server()
        let user = try server.register()
        for route in Routes.all(server.services, bodyLimit: 1) where route.pattern.hasPrefix("/admin/") {
            let target = String(route.pattern.map { $0 == "{" || $0 == "}" ? "x" : $0 })
            let json = route.method == .get || route.method == .delete ? nil : "{}"
            let response = try server.send(route.method.name, target, json: json, bearer: user.access)
            #expect(response.status == .forbidden, "\(route.method.name) \(route.pattern)")
            #expect(response.json?["code"]?.string == "insufficient_scope", "\(route.method.name) \(route.pattern)")
        }
    }

    @Test("a demoted administrator's token is refused by the role in the store")
    func demoted() throws {
        let server = try Server()
        let first = try server.administrator()
        let other = try server.register("second")
        for (id, roles) in [(other.id, ["admin"]), (first.id, [])] {
            _ = try server.services.store.write { transaction throws(StoreError) in
                try transaction.changeUser(UserID(id), UserChange(roles: roles), audit: AuditContext(actor: .commandLine), at: Server.start)
            }
        }
        let response = try server.send("GET", "/admin/api/users", bearer: first.access)
        #expect([.unauthorized, .forbidden].contains(response.status))
    }

    @Test("registering answers the session body with the user, which no cache may keep")
    func register() throws {
        let server = try Server()
        let response = try server.send("POST", "/auth/register", json: #"{"username":"ada","password":"correct horse","more":1}"#)
        #expect(response.status == .created)
        #expect(response.headers[.cacheControl] == "no-store")
        let json = try #require(response.json)
        #expect(Set(json.members.map(\.name)) == ["access", "refresh", "token_type", "expires_in", "refresh_expires_in", "user"])
        #expect(
            json["token_type"]?.string == "Bearer" && json["expires_in"]?.integer == 600 && json["refresh_expires_in"]?.integer == 1_209_600
        )
        #expect(
            json["user"]?.members.map(\.name)
                == ["id", "username", "email", "email_verified", "display_name", "roles", "is_active", "created_at", "last_login_at"])
        #expect(try server.send("POST", "/auth/register", json: #"{"username":"ADA","password":"correct horse"}"#).status == .conflict)
        #expect(try Server(isOpen: false).send("POST", "/auth/register", json: #"{"username":"a","password":"b"}"#).status == .forbidden)
    }

    @Test("by cookie the refresh token is in the cookie and not in the body, and a refresh by cookie stays one")
    func cookieTransport() throws {
        let server = try Server()
        let origin = ["Origin: https://auth.example"]
        _ = try server.register()
        let body = #"{"username":"ada","password":"correct horse","transport":"cookie"}"#
        #expect(try server.send("POST", "/auth/login", json: body).status == .forbidden)
        let login = try server.send("POST", "/auth/login", origin, json: body)
        #expect(login.status == .ok && login.json?["refresh"] == nil)
        let pair = try #require(login.headers[.setCookie]?.split(separator: ";").first.map(String.init))
        #expect(pair.hasPrefix("__Host-martlet-refresh=e"))
        let cookie = ["Cookie: \(pair)"]
        #expect(try server.send("POST", "/auth/refresh", cookie).status == .forbidden)
        #expect(try server.send("POST", "/auth/refresh", cookie + origin, json: #"{"transport":"body"}"#).status == .badRequest)
        let refreshed = try server.send("POST", "/auth/refresh", cookie + origin)
        #expect(refreshed.status == .ok && refreshed.json?["refresh"] == nil && refreshed.headers[.setCookie] != nil)
        #expect(refreshed.json?["refresh_reason"]?.string == "rotated")
        #expect(try server.send("POST", "/auth/refresh", json: "{}").status == .badRequest)
    }

    @Test("verify says of either token what it is, and of others what the API would")
    func verify() throws {
        let server = try Server()
        let user = try server.register()
        func verify(_ token: String, at now: UnixTime = Server.start) throws -> Response {
            try server.send("POST", "/auth/verify", json: #"{"token":"\#(token)"}"#, at: now)
        }
        let access = try verify(user.access)
        #expect(access.json?["active"]?.bool == true && access.json?["token_type"]?.string == "access")
        #expect(access.json?["claims"]?["sub"]?.string == user.id)
        let refresh = try verify(user.refresh)
        #expect(refresh.json?["active"]?.bool == true && refresh.json?["token_type"]?.string == "refresh")
        #expect(try verify(user.access, at: start.adding(seconds: 600)).json?["code"]?.string == "token_expired")
        #expect(try verify(user.refresh, at: start.adding(seconds: 1_209_600)).json?["code"]?.string == "token_expired")
        #expect(try verify("a.b.c").json?["code"]?.string == "invalid_token")
        _ = try server.send("POST", "/auth/logout", json: #"{"refresh":"\#(user.refresh)"}"#)
        #expect(try verify(user.access).json?["code"]?.string == "token_revoked")
        #expect(try verify(user.refresh).json?["code"]?.string == "session_ended")
    }

    @Test("a refresh token is refused where an access token is asked for, and the other way round, as of the wrong type")
    func wrongType() throws {
        let server = try Server()
        let user = try server.register()
        let me = try server.send("GET", "/api/v1/users/me", bearer: user.refresh)
        #expect(me.status == .unauthorized && me.json?["code"]?.string == "token_wrong_type")
        let refresh = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(user.access)"}"#)
        #expect(refresh.status == .unauthorized && refresh.json?["code"]?.string == "token_wrong_type")
    }

    @Test("blacklisting ends an access token, or a refresh token's session; again, or expired, is 204 as well")
    func blacklist() throws {
        let server = try Server()
        let user = try server.register()
        func blacklist(_ token: String, at now: UnixTime = Server.start) throws -> Status {
            try server.send("POST", "/auth/blacklist", json: #"{"token":"\#(token)"}"#, at: now).status
        }
        #expect(try blacklist(user.access) == .noContent)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: user.access).json?["code"]?.string == "token_revoked")
        #expect(try blacklist(user.access) == .noContent)
        let next = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(user.refresh)"}"#)
        #expect(next.status == .ok, "the session goes on")
        let refresh = try #require(next.json?["refresh"]?.string)
        #expect(try blacklist(refresh) == .noContent && blacklist(refresh) == .noContent)
        #expect(try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#).json?["code"]?.string == "session_ended")
        #expect(try blacklist(user.access, at: start.adding(seconds: 601)) == .noContent)
        #expect(try blacklist(refresh, at: start.adding(seconds: 1_209_600)) == .noContent)
        #expect(try blacklist("a.b.c") == .unauthorized)
    }

    @Test("a token for another API opens none of ours")
    func otherAudience() throws {
        let server = try Server()
        _ = try server.register()
        let body = #"{"username":"ada","password":"correct horse","audience":"https://api.example"}"#
        let access = try #require(try server.send("POST", "/auth/login", json: body).json?["access"]?.string)
        for target in ["/api/v1/users/me", "/auth/sessions", "/admin/api/users"] {
            #expect(try server.send("GET", target, bearer: access).json?["code"]?.string == "invalid_token", "\(target)")
        }
        #expect(try server.send("POST", "/auth/verify", json: #"{"token":"\#(access)"}"#).status == .ok)
    }

    @Test("another user's session is not there, and one's own ends")
    func sessions() throws {
        let server = try Server()
        let (ada, eve) = (try server.register("ada"), try server.register("eve"))
        let list = try server.send("GET", "/auth/sessions", bearer: ada.access)
        let session = try #require(list.json?["items"]?.elements?.first)
        #expect(session["current"]?.bool == true)
        #expect(Set(session.members.map(\.name)) == ["id", "created_at", "last_used_at", "ip", "user_agent", "client_id", "current"])
        let id = try #require(session["id"]?.string)
        #expect(try server.send("DELETE", "/auth/sessions/\(id)", bearer: eve.access).status == .notFound)
        #expect(try server.send("DELETE", "/auth/sessions/\(id)", bearer: ada.access).status == .noContent)
        #expect(try server.send("GET", "/auth/sessions", bearer: ada.access).json?["code"]?.string == "token_revoked")
    }

    @Test(
        "the Authorization field is read with any case of the scheme and never twice",
        arguments: [
            (["Authorization: bearer $"], 200), (["Authorization: BEARER   $"], 200), (["Authorization: Basic $"], 401),
            (["Authorization: Bearer"], 401),
            (["Authorization: Bearer$"], 401), (["Authorization: Bearer $", "Authorization: Bearer $"], 400), (["Authorization: $"], 401),
            (["Authorization: Bearer $ x"], 401),
        ])
    func authorization(fields: [String], status: Int) throws {
        let server = try Server()
        let user = try server.register()
        let fields = fields.map { field in
            field.split(separator: "$", omittingEmptySubsequences: false).joined(separator: user.access)
        }
        #expect(Int(try server.send("GET", "/api/v1/users/me", fields).status.code) == status)
        #expect(Int(try server.send("GET", "/api/v1/users/me?access_token=\(user.access)").status.code) == 401)
    }

    @Test("the key set is cached for five minutes, answers 304 to its validator, and holds no secret")
    func keySet() throws {
        let server = try Server()
        let response = try server.send("GET", "/.well-known/jwks.json")
        #expect(response.headers[.cacheControl] == "public, max-age=300, stale-if-error=3600")
        let etag = try #require(response.headers[.etag])
        let keys = try #require(response.json?["keys"]?.elements)
        #expect(
            keys.map { $0["signs"]?.string } == [nil, "revocations+jwt"]
                && keys.allSatisfy { $0["d"] == nil && $0["k"] == nil && $0["kty"]?.string == "EC" })
        for (field, status) in [(etag, 304), ("W/\(etag)", 304), ("*", 304), ("\"other\", \(etag)", 304), ("\"other\"", 200)] {
            #expect(Int(try server.send("GET", "/.well-known/jwks.json", ["If-None-Match: \(field)"]).status.code) == status, "\(field)")
        }
    }

    @Test("ready is 200, and not ready 503 with the reason")
    func readiness() throws {
        #expect(try Server().send("GET", "/readyz").status == .ok)
        let response = try Server(isReady: false).send("GET", "/readyz")
        #expect(response.status == .serviceUnavailable && response.json?["code"]?.string == "not_ready")
        #expect(response.json?["detail"]?.string == "The database is away.")
    }

    @Test("a rotation while a key waits is 409, an emergency is not; an algorithm outside the list is 400")
    func rotation() throws {
        let server = try Server()
        let admin = try server.administrator()
        func rotate(_ json: String) throws -> Status {
            try server.send("POST", "/admin/api/keys/rotate", json: json, bearer: admin.access).status
        }
        #expect(try rotate(#"{"algorithm":"HS256"}"#) == .badRequest)
        #expect(try rotate(#"{"algorithm":"none"}"#) == .badRequest)
        #expect(try rotate(#"{"purpose":"feeding"}"#) == .badRequest)
        #expect(try rotate("{}") == .ok)
        #expect(try rotate("{}") == .conflict)
        #expect(try rotate(#"{"emergency":true}"#) == .ok)
        #expect(
            try server.send("GET", "/admin/api/keys", bearer: admin.access).status == .unauthorized,
            "the administrator's own token went with it")
    }
}
