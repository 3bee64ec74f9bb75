// The sign-in page's POST as the lanes and the clock see it: what a failure costs and when its answer leaves is as at every login; the
// cookies; and what the code is noted with.

import Accounts
import HTTP
import MartletCryptography
import MartletEncoding
import OAuth
import Store
import Testing

@testable import Web

struct SignInRouteTests {
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    /// The address of a client's request, the client being the operator's own.
    static func authorize(_ server: Server, _ metadata: String = "{}", more: String = "") throws -> String {
        let client = OAuthClient(
            id: "01a1fe09-2b8f-7b13-8abd-89f8384a4fc9", origin: .operator, secret: nil,
            metadata:
                #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}"#,
            policy: #"{"first_party":true}"#, createdAt: Server.start, updatedAt: Server.start)
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.addClient(client, audit: AuditContext(actor: .commandLine))
        }
        return "/oauth2/authorize?client_id=\(client.id)&response_type=code&code_challenge=\(challenge)&code_challenge_method=S256&state=s"
            + more
    }

    /// The fields of a sign-in form as the page has them, and the browser's cookie.
    static func form(_ server: Server, _ next: String, _ username: String, _ password: String) throws -> (form: String, cookie: String) {
        let value = BrowserCookie.Value(random: .secure)
        let fields = [
            ("next", next), ("form_token", server.services.formTokens.token(for: value)), ("username", username), ("password", password),
        ]
        return (
            fields.map { "\($0)=\(PercentEncoding.encode($1))" }.joined(separator: "&"),
            "Cookie: __Host-martlet-visitor=\(Base64URL.encode(value.bytes))"
        )
    }

    @Test("whatever is wrong, the answer leaves when that of every login does", arguments: FailedLoginTests.Failure.allCases)
    func sameTime(failure: FailedLoginTests.Failure) throws {
        let server = try FailedLoginTests.server()
        let name = failure == .tooLong ? "ada" : failure.rawValue
        let password = failure == .tooLong ? String(repeating: "x", count: 5000) : "wrong password"
        let (form, cookie) = try Self.form(server, "/oauth2/device", name, password)
        for (begins, ends, leaves) in [(2, 2, 1000), (2, 35, 1000), (400, 1290, 2000)] as [(Int64, Int64, Int64)] {
            server.timing.willRead([begins, ends])
            let answer = try server.send("POST", "/oauth2/sign-in", [cookie], form: form)
            #expect(answer.status.code == 422 && answer.text.contains("Username or password is wrong."))
            #expect(server.timing.takeHeld() == [leaves - ends])
        }
    }

    @Test("a right password begins a sign-in at the time of the check, and leads on")
    func right() throws {
        let server = try Server()
        _ = try server.register()
        let (form, cookie) = try Self.form(server, "/oauth2/device?user_code=A", "ada", "correct horse")
        server.timing.willRead([7000])
        let answer = try server.send("POST", "/oauth2/sign-in", [cookie], form: form)
        #expect(answer.status == .seeOther && answer.headers[.location] == "/oauth2/device?user_code=A")
        let set = try #require(answer.headers[.setCookie])
        #expect(set.hasPrefix("__Host-martlet-session=") && set.hasSuffix("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"))
        let sent = String(set.prefix { $0 != ";" })
        let signedIn = try server.services.signedIn(WebTests.request("GET", "/", ["Cookie: \(sent)"]))
        #expect(signedIn?.session.authenticatedAt == Server.start.adding(milliseconds: 7000) && signedIn?.user.lastLoginAt != nil)
    }

    @Test("a hash of another system is followed by one of ours, and the answer is not held")
    func legacy() throws {
        let server = try FailedLoginTests.server()
        let (form, cookie) = try Self.form(server, "/oauth2/device", "leg", "correct horse")
        #expect(try server.send("POST", "/oauth2/sign-in", [cookie], form: form).status == .seeOther)
        #expect(server.timing.takeHeld() == [])
        let user = try server.services.store.read { reads throws(StoreError) in try reads.user(username: UsernameKey("leg")) }
        #expect(user?.passwordHash?.hasPrefix("$argon2id$") == true)
    }

    @Test("the same person's next sign-in keeps its name for clients, another person's does not")
    func sid() throws {
        let server = try Server()
        let ada = UserID(try server.register("ada").id)
        _ = try server.register("bob")
        let before = try server.signIn(ada)
        let held = "__Host-martlet-session=\(Base64URL.encode(before.bytes))"
        for (name, isSame) in [("ada", true), ("bob", false)] {
            let (form, cookie) = try Self.form(server, "/oauth2/device", name, "correct horse")
            let answer = try server.send("POST", "/oauth2/sign-in", [cookie + "; " + held], form: form)
            let sent = String(try #require(answer.headers[.setCookie]).prefix { $0 != ";" })
            let after = try server.services.signedIn(WebTests.request("GET", "/", ["Cookie: \(sent)"]))
            #expect((after?.session.id == "sign-in-\(ada.text)") == isSame, "\(name)")
            #expect(try server.services.signedIn(WebTests.request("GET", "/", ["Cookie: \(held)"])) == nil, "the cookie before is none")
        }
    }

    @Test("a code is noted with all that the tokens will say")
    func code() throws {
        let server = try Server()
        let ada = UserID(try server.register().id)
        let value = try server.signIn(ada)
        let claims = PercentEncoding.encode(#"{"userinfo":{"email":null}}"#)
        let path = try Self.authorize(
            server, more: "&scope=openid&nonce=n-1&resource=https%3A%2F%2Fapi.example&claims=\(claims)")
        let answer = try server.send("GET", path, ["Cookie: __Host-martlet-session=\(Base64URL.encode(value.bytes))"])
        #expect(answer.status == .seeOther && answer.headers[.referrerPolicy] == "no-referrer")
        let location = try #require(answer.headers[.location])
        #expect(location.hasPrefix("https://a.example/cb?code=") && location.hasSuffix("&state=s&iss=https%3A%2F%2Fauth.example"))
        let code = String(location.dropFirst("https://a.example/cb?code=".count).prefix { $0 != "&" })
        let redemption = CodeRedemption(
            hash: CodeText.hash(code), clientID: "01a1fe09-2b8f-7b13-8abd-89f8384a4fc9", redirectURI: nil,
            verifierHash: try #require(Base64URL.decode(Self.challenge)), proofKey: nil)
        let seen = try server.services.store.write { transaction throws(StoreError) -> AuthorizationCode? in
            var seen: AuthorizationCode?
            _ = try transaction.redeemCode(
                redemption, maximumPerUser: 9, audit: AuditContext(actor: .anonymous), at: Server.start.adding(seconds: 59)
            ) { code in
                seen = code
                return nil
            }
            return seen
        }
        let kept = try #require(seen)
        let details = try GrantDetails(parsing: kept.details)
        #expect(kept.browserSession == "sign-in-\(ada.text)" && details.signIn == kept.browserSession && details.nonce == "n-1")
        #expect(details.resources == ["https://api.example"] && details.methods == ["pwd"] && details.hasRefreshToken)
        #expect(details.authenticatedAt == Server.start && details.context == "urn:martlet:acr:password")
        #expect(details.claims.map { String(decoding: $0, as: UTF8.self) } == #"{"userinfo":{"email":null}}"#)
        #expect(kept.expiresAt == Server.start.adding(seconds: 60))
    }

    @Test("refusals are pages where people are, and JSON elsewhere")
    func refusals() throws {
        let server = try Server()
        let page = try server.send("POST", "/oauth2/sign-in", json: "{}")
        #expect(page.status == .badRequest && page.headers[.contentType] == "text/html; charset=utf-8" && page.text.contains("test-1"))
        #expect(try server.send("POST", "/oauth2/token", json: "{}").json?["error"]?.string == "invalid_request")
    }
}
