// simplejwt's endpoints without a Django beside them: what a frontend's day looks like, and the words of what is refused.

import HTTP
import MartletEncoding
import MartletJOSE
import Store
import Testing
import Tokens
import Web

struct SimpleJWTRouteTests {
    @Test("they are not there unless they are wanted")
    func off() throws {
        #expect(try Server().send("POST", "/api/token/", json: "{}").status == .notFound)
    }

    @Test("without rotation a login's refresh token stays good until it is blacklisted")
    func kept() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false))
        let refresh = try Self.logIn(server)
        for _ in 0..<3 {
            let answer = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#)
            #expect(answer.status == .ok)
            #expect(answer.json?.members.map(\.name) == ["access"])
        }
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(refresh)"}"#).text == "{}")
        #expect(try server.send("POST", "/api/token/blacklist/", json: #"{"refresh":"\#(refresh)"}"#).text == "{}")
        let blacklisted = #"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        for (path, member) in [("refresh", "refresh"), ("verify", "token"), ("blacklist", "refresh")] {
            let answer = try server.send("POST", "/api/token/\(path)/", json: #"{"\#(member)":"\#(refresh)"}"#)
            #expect(answer.status == .unauthorized)
            #expect(answer.text == blacklisted)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"api\"")
        }
    }

    @Test("with rotation each refresh gives the next one, and one that is two behind ends the session")
    func rotated() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: true))
        let first = try Self.logIn(server)
        var last = first
        for _ in 0..<2 {
            let answer = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(last)"}"#)
            last = try #require(answer.json?["refresh"]?.string)
        }
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(last)"}"#).status == .ok)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(first)"}"#).status == .unauthorized)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(last)"}"#).status == .ok, "asking ends nothing")
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(first)"}"#).status == .unauthorized)
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(last)"}"#).status == .unauthorized)
    }

    @Test("rotation without blacklisting gives a token with a later end each time, and every copy stays good until its own")
    func rotationAlone() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: true, blacklistsAfterRotation: false, isStrict: true))
        let first = try Self.logIn(server)
        var (now, last, ids) = (Server.start, first, Set<String>())
        for _ in 0..<3 {
            now = now.adding(seconds: 1_000_000)
            let answer = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(last)"}"#, at: now)
            last = try #require(answer.json?["refresh"]?.string)
            let claims = try UnverifiedToken(parsing: Array(last.utf8)).unverifiedClaims
            #expect(claims.expiresAt == now.seconds + 1_209_600)
            ids.insert(try #require(claims.tokenID))
        }
        #expect(ids.count == 3, "each has a jti of its own")
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(first)"}"#, at: now).text.contains("is expired"))
        let early = Server.start.adding(seconds: 1_209_599)
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(first)"}"#, at: early).status == .ok)
        #expect(try server.send("POST", "/api/token/blacklist/", json: #"{"refresh":"\#(last)"}"#, at: early).status == .ok)
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(first)"}"#, at: early).status == .unauthorized)
    }

    @Test(
        "STRICT gives back simplejwt's answer to whoever asks about a blacklisted token; using one is refused as ever",
        arguments: [
            (SimpleJWTSettings(rotatesRefreshTokens: false), 401, 401),
            (SimpleJWTSettings(rotatesRefreshTokens: false, isStrict: true), 400, 200),
            (SimpleJWTSettings(rotatesRefreshTokens: false, blacklistsAfterRotation: false, isStrict: true), 200, 200),
        ])
    func strict(settings: SimpleJWTSettings, refreshStatus: Int, accessStatus: Int) throws {
        let server = try Server(simplejwt: settings)
        let refresh = try Self.logIn(server)
        let login = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#)
        let access = try #require(login.json?["access"]?.string)
        _ = try server.send("POST", "/api/token/blacklist/", json: #"{"refresh":"\#(refresh)"}"#)
        let answer = try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(refresh)"}"#)
        #expect(answer.status.code == refreshStatus)
        if refreshStatus == 400 { #expect(answer.text == #"{"non_field_errors":["Token is blacklisted"]}"#) }
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(access)"}"#).status.code == accessStatus)
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#).status == .unauthorized)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access).status == .unauthorized)
        let late = Server.start.adding(seconds: 600)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(access)"}"#, at: late).text.contains("is expired"))
        let asRefresh = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(access)"}"#)
        #expect(asRefresh.text.contains("Token has wrong type"))
    }

    @Test("a token for the audience of the old world opens an account, and never administers")
    func audienceOfOld() throws {
        let claims = ClaimsCompatibility(userIDClaim: "uid", tokenTypeClaim: nil, issuer: nil, audience: "https://api.example")
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false), claims: claims)
        _ = try Self.logIn(server)
        let ada = try #require(try server.services.store.read { reads throws(StoreError) in try reads.user(username: UsernameKey("ada")) })
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(ada.id, UserChange(roles: ["admin"]), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        let body = #"{"username":"ada","password":"correct horse"}"#
        let access = try #require(try server.send("POST", "/api/token/", json: body).json?["access"]?.string)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access).status == .ok)
        #expect(try server.send("GET", "/admin/api/users", bearer: access).status == .forbidden)
        let native = try #require(try server.send("POST", "/auth/login", json: body).json?["access"]?.string)
        #expect(try server.send("GET", "/admin/api/users", bearer: native).status == .ok)
    }

    @Test("the old issuer and audience stand in tokens of these endpoints alone, and open what they did")
    func names() throws {
        let claims = ClaimsCompatibility(
            userIDClaim: "uid", tokenTypeClaim: nil, issuer: "my-app", audience: "https://api.example")
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false), claims: claims)
        let refresh = try Self.logIn(server)
        let renewed = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#)
        let access = try #require(renewed.json?["access"]?.string)
        let said = try UnverifiedToken(parsing: Array(access.utf8)).unverifiedClaims
        #expect(said.issuer == "my-app" && said.audience == ["https://api.example"])
        #expect(said["uid"]?.string == said.subject && said["user_id"] == nil && said["token_type"] == nil)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access).status == .ok)
        #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(access)"}"#).status == .ok)
        #expect(try server.send("GET", "/auth/forward", bearer: access).status == .unauthorized, "a proxy asks for its audience")
        #expect(try server.send("GET", "/auth/forward?audience=https://api.example", bearer: access).status == .ok)

        let native = try server.send("POST", "/auth/refresh", json: #"{"refresh":"\#(refresh)"}"#)
        let own = try UnverifiedToken(parsing: Array(try #require(native.json?["access"]?.string).utf8)).unverifiedClaims
        #expect(own.issuer == Server.issuer && own.audience == [Server.issuer])
        let asked = try server.send(
            "POST", "/auth/login", json: #"{"username":"ada","password":"correct horse","audience":"https://api.example"}"#)
        let forAPI = try #require(asked.json?["access"]?.string)
        #expect(try UnverifiedToken(parsing: Array(forAPI.utf8)).unverifiedClaims.issuer == Server.issuer)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: forAPI).status == .forbidden, "an API that is shown it")
    }

    @Test("words before a token are those that are listed, and Bearer; the first stands in challenges")
    func schemes() throws {
        let server = try Server(
            simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false, headerType: "JWT"), schemes: ["bearer", "jwt", "x-token"])
        let access = try server.register("ada").access
        for (scheme, status) in [("JWT", 200), ("jwt", 200), ("X-Token", 200), ("Bearer", 200), ("Token", 401), ("JW", 401), ("JWTX", 401)]
        {
            #expect(try server.send("GET", "/api/v1/users/me", ["Authorization: \(scheme) \(access)"]).status.code == status, "\(scheme)")
        }
        for fields in [["Authorization: JWT"], ["Authorization: JWT\(access)"], []] {
            #expect(try server.send("GET", "/api/v1/users/me", fields).json?["code"]?.string == "missing_token")
        }
        #expect(try Server().send("GET", "/api/v1/users/me", ["Authorization: JWT \(access)"]).status == .unauthorized)
        let refused = try server.send("POST", "/api/token/verify/", json: #"{"token":"x"}"#)
        #expect(refused.headers[.wwwAuthenticate] == "JWT realm=\"api\"")
        let wrong = try server.send("POST", "/api/token/", json: #"{"username":"ada","password":"wrong"}"#)
        #expect(wrong.headers[.wwwAuthenticate] == "JWT realm=\"api\"", "after the hashing, too")
    }

    @Test("leeway is for access tokens: a refresh token ends when it says")
    func leeway() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false), leeway: 60)
        let refresh = try Self.logIn(server)
        let login = try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#)
        let access = try #require(login.json?["access"]?.string)
        for (seconds, status) in [(659, 200), (660, 401)] as [(Int64, Int)] {
            let now = Server.start.adding(seconds: seconds)
            #expect(try server.send("GET", "/api/v1/users/me", bearer: access, at: now).status.code == status)
            #expect(try server.send("POST", "/api/token/verify/", json: #"{"token":"\#(access)"}"#, at: now).status.code == status)
        }
        let end = Server.start.adding(seconds: 1_209_600)
        #expect(try server.send("POST", "/api/token/refresh/", json: #"{"refresh":"\#(refresh)"}"#, at: end).status == .unauthorized)
    }

    @Test(
        "what is wrong with a body is told in the framework's words",
        arguments: [
            ("{}", #"{"username":["This field is required."],"password":["This field is required."]}"#),
            (
                #"{"username":" ","password":null}"#,
                #"{"username":["This field may not be blank."],"password":["This field may not be null."]}"#
            ),
            (#"{"username":true,"password":[]}"#, #"{"username":["Not a valid string."],"password":["Not a valid string."]}"#),
            (#"{"username":"a\u0000","password":7}"#, #"{"username":["Null characters are not allowed."]}"#),
            ("[]", #"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#),
            ("1.5", #"{"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}"#),
            ("null", #"{"non_field_errors":["No data provided"]}"#),
        ])
    func words(body: String, answer: String) throws {
        let response = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false)).send("POST", "/api/token/", json: body)
        #expect(response.status == .badRequest)
        #expect(response.text == answer)
    }

    private static func logIn(_ server: Server) throws -> String {
        _ = try server.register("ada")
        let answer = try server.send("POST", "/api/token/", json: #"{"username":" ada ","password":"correct horse"}"#)
        #expect(answer.json?.members.map(\.name) == ["refresh", "access"])
        return try #require(answer.json?["refresh"]?.string)
    }
}
