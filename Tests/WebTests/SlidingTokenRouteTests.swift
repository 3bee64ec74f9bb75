// simplejwt's sliding pair: one token that keeps its name and its end of all ends, and what it cannot do.

import HTTP
import MartletEncoding
import MartletJOSE
import Testing
import Tokens
import Web

struct SlidingTokenRouteTests {
    private let start = Server.start
    private let sliding = SimpleJWTSettings(rotatesRefreshTokens: false, isSliding: true)

    @Test("a token gets the next one, with its own jti and refresh_exp, until that")
    func refresh() throws {
        let server = try Server(simplejwt: sliding, refreshLifetime: 1000)
        _ = try server.register()
        let first = try Self.logIn(server)
        let before = try Self.claims(first)
        #expect(before["token_type"]?.string == "sliding" && before["refresh_exp"]?.integer == start.seconds + 1000)
        let now = start.adding(seconds: 599)
        let answer = try Self.refresh(server, first, at: now)
        #expect(answer.status == .ok && answer.json?.members.map(\.name) == ["token"])
        let second = try #require(answer.json?["token"]?.string)
        let after = try Self.claims(second)
        #expect(after.tokenID == before.tokenID && after["refresh_exp"]?.integer == before["refresh_exp"]?.integer)
        #expect(after.issuedAt == now.seconds && after.expiresAt == now.seconds + 600)
        let late = try Self.refresh(server, second, at: start.adding(seconds: 1000))
        #expect(late.text == #"{"detail":"Token 'refresh_exp' claim has expired","code":"token_not_valid"}"#)
        let expired = try Self.refresh(server, first, at: start.adding(seconds: 600))
        #expect(expired.text == #"{"detail":"Token is expired","code":"token_not_valid"}"#)
    }

    @Test("issuer, audience and names are those of the settings, and stay so; it opens the account", arguments: ["kind", nil])
    func settings(typeClaim: String?) throws {
        let claims = ClaimsCompatibility(
            userIDClaim: "uid", tokenTypeClaim: typeClaim, issuer: "old", audience: "https://api.example")
        let server = try Server(simplejwt: sliding, claims: claims)
        let user = try server.register()
        var token = try Self.logIn(server)
        for _ in 0..<2 {
            let claims = try Self.claims(token)
            #expect(claims.issuer == "old" && claims.audience == ["https://api.example"] && claims["uid"]?.string == user.id)
            #expect(claims["token_type"] == nil && typeClaim.map { claims[$0]?.string == "sliding" } ?? true)
            #expect(try server.send("GET", "/api/v1/users/me", bearer: token).status == .ok)
            token = try #require(try Self.refresh(server, token, at: start.adding(seconds: 1)).json?["token"]?.string)
        }
    }

    @Test("dj-rest-auth's tokens are no sliding ones, and do not renew themselves")
    func beside() throws {
        let server = try Server(simplejwt: sliding, djRestAuth: DJRestAuthSettings())
        _ = try server.register()
        let login = try server.send("POST", "/dj-rest-auth/login/", json: #"{"username":"ada","password":"correct horse"}"#)
        let access = try #require(login.json?["access"]?.string)
        #expect(try Self.claims(access)["token_type"]?.string == "access")
        #expect(try Self.refresh(server, access, at: start).status == .unauthorized)
    }

    @Test("taken back by its jti, or blacklisted, it gets no other, and those it got are dead for good", arguments: [true, false])
    func revoked(byID: Bool) throws {
        let server = try Server(simplejwt: sliding)
        let admin = try server.administrator()
        _ = try server.register()
        let first = try Self.logIn(server)
        let soon = start.adding(seconds: 300)
        let second = try #require(try Self.refresh(server, first, at: soon).json?["token"]?.string)
        if byID {
            let id = try #require(try Self.claims(first).tokenID)
            #expect(try server.send("POST", "/admin/api/revocations", json: #"{"jti":"\#(id)"}"#, bearer: admin.access).status == .created)
        } else {
            #expect(try server.send("POST", "/auth/blacklist", json: #"{"token":"\#(first)"}"#).status == .noContent)
        }
        for now in [soon, start.adding(seconds: 899)] {
            let answer = try Self.refresh(server, second, at: now)
            #expect(answer.text == #"{"detail":"Token is blacklisted","code":"token_not_valid"}"#)
            #expect(try server.send("GET", "/api/v1/users/me", bearer: second, at: now).json?["code"]?.string == "token_revoked")
        }
    }

    @Test("a token that is not sliding gets none: neither an access token of another login nor a refresh token")
    func others() throws {
        let server = try Server(simplejwt: sliding)
        let user = try server.register()
        for token in [user.access, user.refresh] {
            let answer = try Self.refresh(server, token, at: start)
            #expect(answer.status == .unauthorized)
            #expect(answer.text == #"{"detail":"Token has wrong type","code":"token_not_valid"}"#)
        }
        #expect(try Self.refresh(server, "a.b.c", at: start).text == #"{"detail":"Token is invalid","code":"token_not_valid"}"#)
    }

    @Test("it is verified as any token is, and is no refresh token to the blacklist")
    func verify() throws {
        let server = try Server(simplejwt: sliding)
        _ = try server.register()
        let token = try Self.logIn(server)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(token)"}"#).text == "{}")
        let answer = try server.send("POST", "/api/token/blacklist/", json: #"{"refresh":"\#(token)"}"#)
        #expect(answer.text == #"{"detail":"Token has wrong type","code":"token_not_valid"}"#)
    }

    private static func logIn(_ server: Server) throws -> String {
        let answer = try server.send("POST", "/api/token/", json: #"{"username":"ada","password":"correct horse"}"#)
        #expect(answer.status == .ok && answer.json?.members.map(\.name) == ["token"])
        return try #require(answer.json?["token"]?.string)
    }

    private static func refresh(_ server: Server, _ token: String, at now: UnixTime) throws -> Response {
        try server.send("POST", "/api/token/refresh/", json: #"{"token":"\#(token)"}"#, at: now)
    }

    private static func claims(_ token: String) throws -> Claims { try UnverifiedToken(parsing: Array(token.utf8)).unverifiedClaims }
}
