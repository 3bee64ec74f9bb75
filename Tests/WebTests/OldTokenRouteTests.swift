// The service while it takes over from another: whose old tokens are let in, and what an old refresh token is exchanged for.

import HTTP
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Testing
import Tokens
import Web

struct OldTokenRouteTests {
    private static let now = Server.start

    // MARK: Access tokens

    @Test("an old access token is its imported account's, for what a user may do about themselves")
    func account() throws {
        let server = try Self.server()
        let token = Self.old(#""jti":"a1""#)
        let me = try server.send("GET", "/api/v1/users/me", bearer: token)
        #expect(me.status == .ok && me.json?["username"]?.string == "ada" && me.json?["id"]?.string == "i-ada")
        #expect(try server.send("GET", "/api/v1/users/i-ada", bearer: token).status == .ok)
        #expect(try server.send("PATCH", "/api/v1/users/me", json: #"{"display_name":"Ada L."}"#, bearer: token).status == .ok)
        #expect(try server.send("GET", "/auth/sessions", bearer: token).json?["items"]?.elements?.count == 0)
        #expect(try server.send("POST", "/auth/verify", json: #"{"token":"\#(token)"}"#).json?["token_type"]?.string == "access")
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(token)"}"#).status == .ok)
    }

    @Test("it never administers, whatever roles the account has, and reads no feed")
    func noAdministrator() throws {
        let server = try Self.server(feed: .forTokens)
        let token = Self.old(#""user_id":"1","scope":"account admin revocations","roles":["admin"]"#)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: token).json?["roles"]?.strings == ["admin", "editor"])
        for path in ["/admin/api/users", "/admin/api/keys", "/api/v1/users", "/api/v1/users/i-ada", "/.well-known/revocations"] {
            let answer = try server.send("GET", path, bearer: token)
            #expect(answer.status == .forbidden && answer.json?["code"]?.string == "insufficient_scope", "\(path)")
        }
        let forwarded = try server.send("GET", "/auth/forward", bearer: token)
        #expect(forwarded.headers["x-auth-subject"] == "i-chief" && forwarded.headers["x-auth-username"] == "chief")
        #expect(forwarded.headers["x-auth-roles"] == "editor" && forwarded.headers["x-auth-scope"] == "account")
        #expect(try server.send("GET", "/auth/forward?role=editor", bearer: token).status == .ok)
        #expect(try server.send("GET", "/auth/forward?role=admin", bearer: token).status == .forbidden)
        #expect(try server.send("GET", "/auth/forward?scope=admin", bearer: token).status == .forbidden)
        #expect(try server.send("GET", "/auth/forward?audience=https://api.example", bearer: token).status == .ok, "no aud: for all")
        let narrow = Self.old(#""user_id":"1","aud":"x""#)
        #expect(try server.send("GET", "/auth/forward?audience=https://api.example", bearer: narrow).status == .unauthorized)
    }

    @Test(
        "without a living account it is refused",
        arguments: [
            (#""user_id":"404""#, "invalid_token"), (#""user_id":"8""#, "token_revoked"), (#""token_type":"refresh""#, "token_wrong_type"),
        ])
    func refused(claims: String, code: String) throws {
        let server = try Self.server()
        for (method, path) in [("GET", "/api/v1/users/me"), ("GET", "/auth/forward"), ("POST", "/auth/logout-all")] {
            let answer = try server.send(method, path, bearer: Self.old(claims))
            #expect(answer.status == .unauthorized && answer.json?["code"]?.string == code, "\(path)")
        }
    }

    @Test("logging out ends it; logging out everywhere, a new password and a disabled account end all of them, within the service")
    func ends() throws {
        let deeds: [(Server) throws -> Void] = [
            { _ = try $0.send("POST", "/auth/logout", bearer: Self.old(#""jti":"a1""#)) },
            { _ = try $0.send("POST", "/auth/blacklist", json: #"{"token":"\#(Self.old(#""jti":"a1""#))"}"#) },
            { _ = try $0.send("POST", "/auth/logout-all", bearer: Self.old(#""jti":"a2""#)) },
            { try $0.change("i-ada", UserChange(passwordHash: "another")) },
            { try $0.change("i-ada", UserChange(isActive: false)) },
        ]
        for (index, deed) in deeds.enumerated() {
            let server = try Self.server()
            #expect(try server.send("GET", "/api/v1/users/me", bearer: Self.old(#""jti":"a1""#)).status == .ok)
            try deed(server)
            let answer = try server.send("GET", "/api/v1/users/me", bearer: Self.old(#""jti":"a1""#))
            #expect(answer.json?["code"]?.string == "token_revoked", "deed \(index)")
            let other = try server.send("GET", "/api/v1/users/me", bearer: Self.old(#""jti":"a3""#))
            #expect((other.status == .ok) == (index < 2), "deed \(index)")
        }
    }

    @Test("an administrator takes one back by its text, and sees why it is refused")
    func administered() throws {
        let server = try Self.server()
        let admin = try server.administrator().access
        let token = Self.old(#""jti":"a1""#)
        let body = #"{"token":"\#(token)"}"#
        #expect(try server.send("POST", "/admin/api/explain", json: body, bearer: admin).json?["active"]?.bool == true)
        #expect(try server.send("POST", "/admin/api/revocations", json: body, bearer: admin).status == .created)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: token).json?["code"]?.string == "token_revoked")
        #expect(try server.send("POST", "/admin/api/explain", json: body, bearer: admin).json?["code"]?.string == "token_revoked")
    }

    @Test("after the end the service knows nothing of them")
    func end() throws {
        let server = try Self.server()
        let end = Self.now.adding(seconds: 86_400)
        let (access, refresh) = (Self.old(#""exp":1900000000"#), Self.refresh())
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access, at: end.adding(milliseconds: -1)).status == .ok)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access, at: end).status == .unauthorized)
        let other = Self.old(#""exp":1900000000,"jti":"other""#)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: other, at: end).json?["code"]?.string == "token_wrong_type")
        let answer = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#, at: end)
        #expect(answer.status == .unauthorized && answer.json?["code"]?.string == "invalid_token")
    }

    // MARK: Refresh tokens

    @Test("an old refresh token is exchanged once; a second tab gets the same session within the grace, a thief after it ends it")
    func exchange() throws {
        let server = try Self.server()
        let body = #"{"refresh":"\#(Self.refresh())"}"#
        let first = try server.send("POST", "/auth/refresh", json: body)
        #expect(first.status == .ok)
        let tokens = try #require(first.json)
        let me = try server.send("GET", "/api/v1/users/me", bearer: try #require(tokens["access"]?.string))
        #expect(me.json?["id"]?.string == "i-ada")
        #expect(try server.send("POST", "/auth/verify", json: #"{"token":"\#(Self.refresh())"}"#).json?["code"]?.string == "session_ended")
        let tab = try server.send("POST", "/auth/refresh", json: body, at: Self.now.adding(seconds: 29))
        #expect(tab.json?["refresh"]?.string == tokens["refresh"]?.string && tab.json?["refresh_reason"]?.string == "retry")
        let thief = try server.send("POST", "/auth/refresh", json: body, at: Self.now.adding(seconds: 31))
        #expect(thief.status == .unauthorized && thief.json?["code"]?.string == "refresh_replayed")
        let owner = try server.send(
            "POST", "/auth/refresh", json: #"{"refresh":"\#(tokens["refresh"]?.string ?? "")"}"#, at: Self.now.adding(seconds: 31))
        #expect(owner.json?["code"]?.string == "session_ended")
        #expect(try server.send("POST", "/auth/refresh", json: body).json?["code"]?.string == "session_ended")
    }

    @Test("a session that it is exchanged for does not administer: the old key would make administrators")
    func noAdministratorByExchange() throws {
        let server = try Self.server()
        let answer = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(Self.refresh(#""user_id":1"#))"}"#)
        let access = try #require(answer.json?["access"]?.string)
        #expect(try server.send("GET", "/admin/api/users", bearer: access).status == .forbidden)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access).status == .ok)
        #expect(try server.send("GET", "/auth/forward?role=admin", bearer: access).status == .forbidden, "nor at APIs that read roles")
        let refresh = try #require(answer.json?["refresh"]?.string)
        let next = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#)
        let renewed = try #require(next.json?["access"]?.string)
        #expect(try server.send("GET", "/auth/forward?role=admin", bearer: renewed).status == .forbidden)
    }

    @Test(
        "what is not exchanged, natively and in simplejwt's words",
        arguments: [
            (#""exp":1800000000"#, "token_expired", "Token is expired"),
            (#""token_type":"access""#, "token_wrong_type", "Token has wrong type"),
            (#""jti":-"#, "invalid_token", "Token is invalid"),
            (#""user_id":-"#, "invalid_token", "Token is invalid"),
            (#""user_id":"404""#, "session_ended", "No active account found for the given token."),
            (#""user_id":"8""#, "session_ended", "No active account found for the given token."),
        ])
    func notExchanged(claims: String, code: String, words: String) throws {
        let server = try Self.server()
        let body = #"{"refresh":"\#(Self.refresh(claims))"}"#
        let native = try server.send("POST", "/auth/refresh", json: body)
        #expect(native.status == .unauthorized && native.json?["code"]?.string == code)
        let compatible = try server.send("POST", "/api/token/refresh/", json: body)
        #expect(compatible.status == .unauthorized && compatible.json?["detail"]?.string == words)
    }

    @Test("by another key, or by none, it is no token of anybody's", arguments: ["another secret of more than 32 bytes ..", ""])
    func otherKey(secret: String) throws {
        let server = try Self.server()
        let header = secret.isEmpty ? #"{"alg":"none","typ":"JWT"}"# : Self.header
        let refresh = Self.sign(#""token_type":"refresh","jti":"r1""#, header: header, secret: Array(secret.utf8))
        let answer = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#)
        #expect(answer.status == .unauthorized && answer.json?["code"]?.string == "invalid_token")
    }

    @Test(
        "at simplejwt's endpoint without rotation it answers for its one session until it is blacklisted, with a refresh token to change to"
    )
    func kept() throws {
        let server = try Self.server(rotates: false)
        let body = #"{"refresh":"\#(Self.refresh())"}"#
        var refreshes: Set<String> = []
        for seconds in [0, 31, 3599] as [Int64] {
            let answer = try server.send("POST", "/api/token/refresh/", json: body, at: Self.now.adding(seconds: seconds))
            #expect(answer.json?.members.map(\.name) == ["refresh", "access"])
            refreshes.insert(try #require(answer.json?["refresh"]?.string))
        }
        let own = try #require(refreshes.first)
        #expect(refreshes.count == 1, "one session, whose token stays as it is")
        let next = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(own)"}"#)
        #expect(next.json?.members.map(\.name) == ["access"], "from then on it is as it was with Django")
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(Self.refresh())"}"#).status == .ok)
        #expect(try server.send("POST", "/api/token/blacklist/", json: body).status == .ok)
        for (path, member) in [("refresh", "refresh"), ("verify", "token"), ("blacklist", "refresh")] {
            let answer = try server.send("POST", "/api/token/\(path)/", json: #"{"\#(member)":"\#(Self.refresh())"}"#)
            #expect(answer.status == .unauthorized && answer.json?["detail"]?.string == "Token is blacklisted", "\(path)")
        }
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(own)"}"#).status == .unauthorized)
    }

    @Test("with rotation it is exchanged once, and presented again it is blacklisted, and so is its session")
    func rotated() throws {
        let server = try Self.server(rotates: true)
        let body = #"{"refresh":"\#(Self.refresh())"}"#
        let answer = try server.send("POST", "/api/token/refresh/", json: body)
        let own = try #require(answer.json?["refresh"]?.string)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(Self.refresh())"}"#).status == .unauthorized)
        let again = try server.send("POST", "/api/token/refresh/", json: body, at: Self.now.adding(seconds: 60))
        #expect(again.status == .unauthorized && again.json?["detail"]?.string == "Token is blacklisted")
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(own)"}"#).status == .unauthorized)
    }

    @Test("blacklisted, logged out or revoked before it was exchanged, it never is", arguments: 0..<5)
    func blacklisted(way: Int) throws {
        let server = try Self.server()
        let refresh = Self.refresh()
        switch way {
        case 0: #expect(try server.send("POST", "/api/token/blacklist/", json: #"{"refresh":"\#(refresh)"}"#).status == .ok)
        case 1: #expect(try server.send("POST", "/auth/blacklist", json: #"{"token":"\#(refresh)"}"#).status == .noContent)
        case 2: #expect(try server.send("POST", "/auth/logout", json: #"{"refresh":"\#(refresh)"}"#).status == .noContent)
        case 3:
            let admin = try server.administrator().access
            #expect(try server.send("POST", "/admin/api/revocations", json: #"{"token":"\#(refresh)"}"#, bearer: admin).status == .created)
        default: #expect(try server.send("POST", "/auth/logout-all", bearer: Self.old(#""jti":"a1""#)).status == .noContent)
        }
        let answer = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#)
        #expect(answer.status == .unauthorized && answer.json?["code"]?.string == "session_ended")
        let compatible = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#)
        #expect(compatible.json?["detail"]?.string == "Token is blacklisted")
    }

    @Test("an administrator who takes back an exchanged one ends its session")
    func revokedAfterwards() throws {
        let server = try Self.server()
        let body = #"{"refresh":"\#(Self.refresh())"}"#
        let own = try #require(try server.send("POST", "/auth/refresh", json: body).json?["access"]?.string)
        let admin = try server.administrator().access
        let revoked = try server.send("POST", "/admin/api/revocations", json: #"{"token":"\#(Self.refresh())"}"#, bearer: admin)
        #expect(revoked.status == .created)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: own).json?["code"]?.string == "token_revoked")
    }

    @Test("where the old tokens have no type, the access token itself is exchanged, once for all that follow from each other")
    func untyped() throws {
        let server = try Self.server(typeClaim: nil)
        let (first, second) = (Self.old(#""token_type":-,"jti":"d1""#), Self.old(#""token_type":-,"jti":"d2","orig_jti":"d1""#))
        #expect(try server.send("GET", "/api/v1/users/me", bearer: first).status == .ok)
        let one = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(first)"}"#)
        let other = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(second)"}"#)
        let compatible = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(second)"}"#)
        #expect(compatible.json?["refresh"]?.string == one.json?["refresh"]?.string)
        #expect(one.status == .ok && other.json?["refresh"]?.string == one.json?["refresh"]?.string)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: second).status == .ok, "as an access token it lives on")
        #expect(try server.send("GET", "/api/v1/users/me", bearer: Self.old(#""jti":"t""#)).status == .unauthorized)
    }

    @Test("without an old key nothing of it is there")
    func off() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false))
        #expect(try server.send("GET", "/api/v1/users/me", bearer: Self.old()).json?["code"]?.string == "token_wrong_type")
        #expect(try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(Self.refresh())"}"#).status == .unauthorized)
    }

    // MARK: The service and the tokens

    /// A service that accepts old tokens for a day, with the accounts 42 (`ada`), 1 (`chief`) and 8 (`gone`, disabled).
    private static func server(
        rotates: Bool = false, typeClaim: String? = "token_type", feed: Server.FeedAccess = .open
    ) throws -> Server {
        let old = OldIssuer(
            key: try JWSVerificationKey(text: secret), until: now.adding(seconds: 86_400), tokenTypeClaim: typeClaim, scopes: ["account"])
        let server = try Server(feed: feed, simplejwt: SimpleJWTSettings(rotatesRefreshTokens: rotates), oldIssuer: old)
        let accounts = [("ada", "42", true, []), ("chief", "1", true, ["admin", "editor"]), ("gone", "8", false, [])]
        try server.services.store.write { transaction throws(StoreError) in
            try transaction.acceptOldTokens(until: old.until, at: now)
            for (name, id, isActive, roles) in accounts {
                let user = ImportedUser(
                    id: UserID("i-\(name)"), username: name, matchesExactly: false, email: nil, emailVerified: false, displayName: "",
                    passwordHash: nil, roles: roles, isActive: isActive, createdAt: now, lastLoginAt: nil, attributes: "{}",
                    externalID: id)
                _ = try transaction.importUser(user, audit: AuditContext(actor: .commandLine), at: now)
            }
        }
        return server
    }

    private static let header = #"{"alg":"HS256","typ":"JWT"}"#
    private static let secret = Array("django-insecure-a secret of fifty characters or so".utf8)

    /// An access token as simplejwt makes it, with these claims besides or in the place of its own; `-` leaves one out.
    private static func old(_ claims: String = "") -> String { sign(claims, type: "access", id: "a0") }
    private static func refresh(_ claims: String = "") -> String { sign(claims, type: "refresh", id: "r1") }

    private static func sign(
        _ claims: String, type: String = "access", id: String = "x", header: String = header, secret: [UInt8] = secret
    ) -> String {
        let usual = [
            ("token_type", "\"\(type)\""), ("exp", "\(now.seconds + 3600)"), ("iat", "\(now.seconds)"), ("jti", "\"\(id)\""),
            ("user_id", "\"42\""),
        ]
        let missing = usual.filter { !claims.contains("\"\($0.0)\":") }.map { "\"\($0.0)\":\($0.1)" }
        let given = claims.split(separator: ",\"").enumerated().map { ($0.offset == 0 ? "" : "\"") + $0.element }
            .filter { !$0.hasSuffix(":-") }
        let payload = "{\((missing + given).joined(separator: ","))}"
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        let code = secret.isEmpty ? [] : HMACKey(secret).code(for: Array(signed.utf8))
        return signed + "." + Base64URL.encode(code)
    }
}
