// The cookies of dj-rest-auth's endpoints: how they are set, what they open, and whose requests may rely on them.

import HTTP
import MartletEncoding
import ResourceServer
import Testing

@testable import Web

struct JWTCookieTests {
    private static let settings = DJRestAuthSettings(
        tokens: SimpleJWTSettings(rotatesRefreshTokens: true), accessCookie: "app-auth", refreshCookie: "app-refresh")
    private static let app = "https://app.auth.example"

    @Test("on https they are Secure, HttpOnly and SameSite=Lax, end with their tokens, and the body has no refresh token")
    func attributes() throws {
        let server = try Server(djRestAuth: Self.settings)
        _ = try server.register()
        let answer = try server.send("POST", "/dj-rest-auth/login/", json: DJRestAuthRouteTests.ada)
        #expect(answer.json?.members.map(\.name) == ["access", "user"])
        let cookies = answer.headers.values(.setCookie)
        #expect(cookies.count == 2)
        for (cookie, (name, seconds, end)) in zip(
            cookies, [("app-auth", 600, "Fri, 15 Jan 2027 08:10:00 GMT"), ("app-refresh", 1_209_600, "Fri, 29 Jan 2027 08:00:00 GMT")])
        {
            let value = try #require(cookie.split(separator: ";").first)
            #expect(value.hasPrefix("\(name)=ey"))
            #expect(cookie.dropFirst(value.count) == "; expires=\(end); HttpOnly; Max-Age=\(seconds); Path=/; SameSite=Lax; Secure")
        }
        let joined = try server.send(
            "POST", "/dj-rest-auth/registration/",
            json: #"{"username":"eve","password1":"correct donkey","password2":"correct donkey"}"#)
        #expect(joined.status == .created && joined.json?.members.map(\.name) == ["access", "user"])
        #expect(joined.headers.values(.setCookie).count == 2)
    }

    @Test("on plain http, so on loopback, they are not Secure, since browsers would refuse them")
    func loopback() throws {
        let cookies = Self.settings.cookies(OwnPages(issuer: "http://localhost:8080", origins: []))
        #expect(
            cookies.clearing(.noContent).headers.values(.setCookie) == [
                "app-auth=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax",
                "app-refresh=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax",
            ])
    }

    @Test("a refresh by cookie gives the next one by cookie; logout ends the session and takes both away, also when it has ended")
    func story() throws {
        let server = try Server(djRestAuth: Self.settings)
        let first = try Self.logIn(server)
        let refreshed = try server.send("POST", "/dj-rest-auth/token/refresh/", ["Cookie: \(first.refresh)"])
        #expect(refreshed.json?.members.map(\.name) == ["access", "access_expiration"])
        #expect(refreshed.json?["access_expiration"]?.string == "2027-01-15T08:10:00.000000Z")
        let next = refreshed.headers.values(.setCookie).compactMap { $0.split(separator: ";").first.map(String.init) }
        #expect(next.count == 2 && next[1].hasPrefix("app-refresh=ey") && next[1] != first.refresh)
        for (status, detail) in [(Status.ok, "Successfully logged out."), (.unauthorized, "Token is blacklisted")] {
            let answer = try server.send("POST", "/dj-rest-auth/logout/", ["Cookie: \(next[0]); \(next[1])"])
            #expect(answer.status == status && answer.text == #"{"detail":"\#(detail)"}"#)
            #expect(answer.headers.values(.setCookie).count == 2 && answer.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
        #expect(try server.send("GET", "/dj-rest-auth/user/", ["Cookie: \(next[0])"]).status == .unauthorized)
        #expect(try server.send("POST", "/dj-rest-auth/login/", ["Cookie: \(next[0])"], json: DJRestAuthRouteTests.ada).status == .ok)
    }

    @Test("without rotation a refresh gives an access cookie alone, and the refresh token stays good")
    func kept() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings(accessCookie: "app-auth", refreshCookie: "app-refresh"))
        let cookie = try Self.logIn(server).refresh
        for _ in 0..<2 {
            let answer = try server.send("POST", "/dj-rest-auth/token/refresh/", ["Cookie: \(cookie)"])
            #expect(answer.status == .ok && answer.headers.values(.setCookie).count == 1)
        }
    }

    @Test("the access cookie opens one's own account and nothing else, and the header wins over it")
    func reach() throws {
        let server = try Server(djRestAuth: Self.settings)
        let (access, refresh) = try Self.logIn(server)
        let cookie = "Cookie: \(access); \(refresh)"
        for target in ["/dj-rest-auth/user/", "/api/v1/users/me"] {
            #expect(try server.send("GET", target, [cookie]).status == .ok)
            #expect(try server.send("GET", target, [cookie], bearer: "a.b.c").status == .unauthorized)
            #expect(try server.send("GET", target, [cookie, "Authorization: Basic eDp5"]).status == .unauthorized)
            #expect(try server.send("GET", target, ["Cookie: \(access); \(access)"]).status == .unauthorized, "which of them counts?")
            #expect(try server.send("GET", target, ["Cookie: app-auth=\(refresh.dropFirst("app-refresh=".count))"]).status == .unauthorized)
        }
        let admin = try Self.logIn(server, as: "root")
        for target in ["/auth/sessions", "/auth/forward", "/api/v1/users", "/admin/api/users"] {
            #expect(try server.send("GET", target, ["Cookie: \(admin.access)"]).status == .unauthorized, "\(target)")
        }
        #expect(try Server().send("GET", "/api/v1/users/me", [cookie]).json?["code"]?.string == "missing_token")
    }

    /// Where a request comes from, and whether cookies count in it.
    private static let origins: [(fields: [String], counts: Bool)] = [
        ([], true),  // no browser of this decade sends neither
        (["Sec-Fetch-Site: same-origin"], true), (["Origin: https://auth.example"], true),
        (["Sec-Fetch-Site: same-site", "Origin: \(app)"], true), (["Origin: \(app)"], true),
        (["Sec-Fetch-Site: same-site", "Origin: https://evil.auth.example"], false), (["Sec-Fetch-Site: same-site"], false),
        (["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"], false), (["Sec-Fetch-Site: cross-site"], false),
        (["Sec-Fetch-Site: cross-site", "Origin: \(app)"], false), (["Sec-Fetch-Site: none"], false),
        (["Origin: https://evil.example"], false), (["Origin: null"], false), (["Origin: http://auth.example"], false),
        (["Origin: https://auth.example", "Origin: https://evil.example"], false),
    ]

    @Test("a request of another site's page that would set or rely on a cookie is 403 and does nothing")
    func forgery() throws {
        let server = try Server(djRestAuth: Self.settings, origins: [Self.app])
        let new = #"{"old_password":"no","new_password1":"a wholly new one","new_password2":"a wholly new one"}"#
        for (fields, counts) in Self.origins {
            let (access, refresh) = try Self.logIn(server)
            let forgeries = [
                ("PATCH", "/dj-rest-auth/user/", #"{"first_name":"Eve"}"#), ("PUT", "/dj-rest-auth/user/", #"{"username":"ada"}"#),
                ("PATCH", "/api/v1/users/me", #"{"display_name":"Eve"}"#), ("POST", "/dj-rest-auth/password/change/", new),
                ("POST", "/dj-rest-auth/login/", DJRestAuthRouteTests.ada), ("POST", "/dj-rest-auth/registration/", "{}"),
                ("POST", "/dj-rest-auth/token/refresh/", "{}"), ("POST", "/dj-rest-auth/logout/", "{}"),
            ]
            for (method, target, json) in forgeries {
                let answer = try server.send(method, target, fields + ["Cookie: \(access); \(refresh)"], json: json)
                #expect((answer.status != .forbidden) == counts, "\(method) \(target) \(fields)")
                guard !counts else { continue }
                #expect(answer.headers[.setCookie] == nil)
                #expect(answer.json?["detail"]?.string?.hasPrefix("CSRF Failed: ") == true)
            }
            let me = try server.send("GET", "/dj-rest-auth/user/", fields + ["Cookie: \(access)"])
            #expect(me.status == (counts ? .unauthorized : .ok), "reading is CORS's business; nobody was logged out")
        }
    }

    @Test("a bearer token needs no origin, and without cookies nothing is asked about pages")
    func bearer() throws {
        let server = try Server(djRestAuth: Self.settings)
        let user = try server.register()
        let foreign = ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"]
        #expect(try server.send("PATCH", "/dj-rest-auth/user/", foreign, json: "{}", bearer: user.access).status == .ok)
        let plain = try Server(djRestAuth: DJRestAuthSettings())
        _ = try plain.register()
        let login = try plain.send("POST", "/dj-rest-auth/login/", foreign, json: DJRestAuthRouteTests.ada)
        #expect(login.status == .ok && login.headers[.setCookie] == nil && login.json?["refresh"]?.string?.isEmpty == false)
    }

    /// The pairs to send back, of somebody who is registered first where need be.
    private static func logIn(_ server: Server, as name: String = "ada") throws -> (access: String, refresh: String) {
        let known = try server.send("POST", "/auth/login", json: #"{"username":"\#(name)","password":"correct horse"}"#)
        if known.status != .ok { _ = try name == "root" ? server.administrator() : server.register(name) }
        let answer = try server.send("POST", "/dj-rest-auth/login/", json: #"{"username":"\#(name)","password":"correct horse"}"#)
        let pairs = answer.headers.values(.setCookie).compactMap { $0.split(separator: ";").first.map(String.init) }
        try #require(pairs.count == 2)
        return (pairs[0], pairs[1])
    }
}
