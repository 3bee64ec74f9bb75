// drf-jwt's endpoints and the older pair without a Django beside them: tokens that renew themselves, what ends them, and who may act
// as whom.

import Accounts
import HTTP
import MartletEncoding
import MartletJOSE
import Store
import Testing
import Tokens
import Web

struct DRFJWTRouteTests {
    private let start = Server.start

    @Test("they are not there unless they are wanted, and JWT is no scheme then")
    func off() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false))
        for path in ["api-token-auth", "api-token-impersonate", "jwt-auth", "register"] {
            #expect(try server.send("POST", "/\(path)/", json: "{}").status == .notFound)
        }
        let user = try server.register()
        #expect(try server.send("GET", "/api/v1/users/me", ["Authorization: JWT \(user.access)"]).status == .unauthorized)
    }

    @Test("a login gives a token with drf-jwt's claims, which opens the API by either scheme")
    func obtain() throws {
        let server = try Server(compat: [.drfJWT])
        let user = try server.register()
        let answer = try server.send("POST", "/api-token-auth/", json: Self.ada)
        #expect(answer.status == .created)
        #expect(answer.json?.members.map(\.name) == ["pk", "token"])
        #expect(answer.json?["pk"]?.integer == start.seconds)
        let token = try #require(answer.json?["token"]?.string)
        let claims = try Self.claims(token)
        #expect(claims["username"]?.string == "ada" && claims["user_id"]?.string == user.id)
        #expect(claims["orig_iat"]?.integer == start.seconds && claims["orig_jti"] == nil)
        #expect(claims["refresh_exp"] == nil && claims["token_type"] == nil)
        for scheme in ["JWT", "jwt", "Bearer"] {
            #expect(try server.send("GET", "/api/v1/users/me", ["Authorization: \(scheme) \(token)"]).status == .ok, "\(scheme)")
        }
    }

    @Test("with simplejwt beside it user_id is simplejwt's, and both have their claims")
    func both() throws {
        let server = try Server(simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false), compat: [.drfJWT])
        let user = try server.register()
        let claims = try Self.claims(try Self.token(server))
        #expect(claims["user_id"]?.string == user.id && claims["username"]?.string == "ada" && claims["token_type"]?.string == "access")
        #expect(claims.all.filter { $0.name == "user_id" }.count == 1)
    }

    @Test("with simplejwt's claims under other names user_id is drf-jwt's", arguments: ["kind", "user_id"])
    func renamed(typeClaim: String) throws {
        let server = try Server(
            simplejwt: SimpleJWTSettings(rotatesRefreshTokens: false), compat: [.drfJWT],
            claims: ClaimsCompatibility(userIDClaim: "uid", tokenTypeClaim: typeClaim))
        try Self.importAccount(server)
        let claims = try Self.claims(try Self.token(server))
        #expect(claims["uid"]?.string == "42" && claims[typeClaim]?.string == "access")
        #expect(claims["user_id"]?.integer == (typeClaim == "user_id" ? nil : 42))
    }

    @Test("an account that was numbered where it came from keeps its number, and is acted for by it")
    func imported() throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        try Self.importAccount(server)
        let claims = try Self.claims(try Self.token(server))
        #expect(claims["user_id"]?.integer == 42 && claims["username"]?.string == "ada")
        for user in ["42", "\"42\""] {
            let answer = try server.send("POST", "/api-token-impersonate/", json: #"{"user":\#(user)}"#, bearer: admin.access)
            let acted = try Self.claims(try #require(answer.json?["token"]?.string))
            #expect(acted.subject == claims.subject && acted["user_id"]?.integer == 42, "\(user)")
        }
        let other = try server.send("POST", "/api-token-impersonate/", json: #"{"user":"042"}"#, bearer: admin.access)
        #expect(other.status == .badRequest)
    }

    @Test("a name that only looks like a number stays a text", arguments: ["007", "+7", "7.0", "99999999999999999999", "x7"])
    func keys(externalID: String) throws {
        let server = try Server(compat: [.drfJWT])
        try Self.importAccount(server, as: externalID)
        #expect(try Self.claims(try Self.token(server))["user_id"]?.string == externalID)
    }

    @Test("a token renews itself again and again until the end its login gave it, and names where it comes from")
    func refresh() throws {
        let server = try Server(compat: [.drfJWT], refreshLifetime: 1000)
        _ = try server.register()
        let first = try Self.token(server)
        var last = first
        for seconds in [500, 999] as [Int64] {
            let now = start.adding(seconds: seconds)
            let answer = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(last)"}"#, at: now)
            #expect(answer.status == .created && answer.json?["pk"]?.integer == now.seconds)
            last = try #require(answer.json?["token"]?.string)
            let claims = try Self.claims(last)
            #expect(claims["orig_iat"]?.integer == start.seconds)
            #expect(claims["orig_jti"]?.string == (try Self.claims(first)).tokenID)
            #expect(claims.expiresAt == now.seconds + 600)
        }
        let late = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(last)"}"#, at: start.adding(seconds: 1000))
        #expect(late.status == .badRequest && late.text == #"{"non_field_errors":["Refresh has expired."]}"#)
        #expect(
            try server.send("POST", "/api-token-verify/", json: #"{"token":"\#(last)"}"#, at: start.adding(seconds: 1000)).status
                == .created)
    }

    @Test("a token of a login elsewhere here is verified and not renewed, nor is a refresh token either")
    func others() throws {
        let server = try Server(compat: [.drfJWT])
        let user = try server.register()
        #expect(try server.send("POST", "/api-token-verify/", json: #"{"token":"\#(user.access)"}"#).status == .created)
        let answer = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(user.access)"}"#)
        #expect(answer.text == #"{"non_field_errors":["orig_iat field not found in token."]}"#)
        for path in ["refresh", "verify"] {
            let answer = try server.send("POST", "/api-token-\(path)/", json: #"{"token":"\#(user.refresh)"}"#)
            #expect(answer.status == .badRequest && answer.text == #"{"non_field_errors":["Invalid token."]}"#)
        }
    }

    @Test("a renewed token is for the same audience, so that an API shown one cannot act on the account")
    func audience() throws {
        let server = try Server(compat: [.drfJWT], audience: "https://api.example")
        _ = try server.register()
        let answer = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(try Self.token(server))"}"#)
        let claims = try Self.claims(try #require(answer.json?["token"]?.string))
        #expect(claims.audience == ["https://api.example"] && claims.scopes.isEmpty)
    }

    @Test(
        "whatever way one token is taken back, those before and after it go with it",
        arguments: [
            ("POST", "/api-token-blacklist/", #"{"token":"$"}"#), ("POST", "/api-token-blacklist/", "{}"),
            ("POST", "/api-token-blacklist/", nil), ("POST", "/auth/blacklist", #"{"token":"$"}"#), ("POST", "/auth/logout", "{}"),
        ])
    func family(method: String, path: String, body: String?) throws {
        let server = try Server(compat: [.drfJWT])
        _ = try server.register()
        let tokens = try Self.family(server)
        let body = body.map { $0.split(separator: "$", omittingEmptySubsequences: false).joined(separator: tokens[1]) }
        let answer = try server.send(method, path, ["Authorization: JWT \(tokens[1])"], json: body)
        #expect([.created, .noContent].contains(answer.status))
        if path == "/api-token-blacklist/" { #expect(answer.text == #"{"token":"\#(tokens[1])"}"#) }
        for token in tokens {
            for path in ["refresh", "verify"] {
                let answer = try server.send("POST", "/api-token-\(path)/", json: #"{"token":"\#(token)"}"#)
                #expect(answer.status == .badRequest && answer.text == #"{"non_field_errors":["Token is blacklisted."]}"#)
            }
            let own = try server.send("POST", "/api-token-blacklist/", ["Authorization: JWT \(token)"])
            #expect(own.status == .forbidden && own.text == #"{"detail":"Token is blacklisted."}"#)
            #expect(try server.send("GET", "/api/v1/users/me", bearer: token).json?["code"]?.string == "token_revoked")
        }
    }

    @Test("an administrator who takes back one token takes back what it got, too")
    func revoked() throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        _ = try server.register()
        let tokens = try Self.family(server)
        let answer = try server.send("POST", "/admin/api/revocations", json: #"{"token":"\#(tokens[0])"}"#, bearer: admin.access)
        #expect(answer.status == .created)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: tokens[2]).json?["code"]?.string == "token_revoked")
    }

    @Test("of an account that was disabled or deleted a token says so")
    func accounts() throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        let user = try server.register()
        let token = try Self.token(server)
        func words() throws -> [String] {
            let bodies = try ["refresh", "verify"].map { path in
                try server.send("POST", "/api-token-\(path)/", json: #"{"token":"\#(token)"}"#).text
            }
            return bodies + [try server.send("POST", "/api-token-blacklist/", ["Authorization: JWT \(token)"]).text]
        }
        #expect(try server.send("PATCH", "/admin/api/users/\(user.id)", json: #"{"is_active":false}"#, bearer: admin.access).status == .ok)
        let disabled = #"{"non_field_errors":["User account is disabled."]}"#
        #expect(try words() == [disabled, disabled, #"{"detail":"User account is disabled."}"#])
        #expect(try server.send("DELETE", "/admin/api/users/\(user.id)", bearer: admin.access).status == .noContent)
        let deleted = #"{"non_field_errors":["User doesn't exist."]}"#
        #expect(try words() == [deleted, deleted, #"{"detail":"Invalid token."}"#])
    }

    @Test("an administrator acts as somebody; what they do then is theirs in the trail, and ends with their office")
    func impersonation() throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        _ = try Self.makeAdministrator(server, "second")
        let user = try server.register()
        let answer = try server.send("POST", "/api-token-impersonate/", json: #"{"user":"\#(user.id)"}"#, bearer: admin.access)
        #expect(answer.status == .created && answer.json?.members.map(\.name) == ["token"])
        let token = try #require(answer.json?["token"]?.string)
        let claims = try Self.claims(token)
        #expect(claims.subject == user.id && claims["act"]?["sub"]?.string == admin.id)
        #expect(claims["username"]?.string == "ada" && claims.scopes == ["account"])
        #expect(try server.send("GET", "/api/v1/users/me", bearer: token).json?["username"]?.string == "ada")

        let renewed = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(token)"}"#)
        let next = try #require(renewed.json?["token"]?.string)
        #expect(try Self.claims(next)["act"]?["sub"]?.string == admin.id)
        #expect(try server.send("PATCH", "/api/v1/users/me", json: #"{"display_name":"A"}"#, bearer: next).status == .ok)
        let trail = try server.services.store.read { reads throws(StoreError) in try reads.audit(AuditFilter(), page: Page()).items }
        for (action, actor) in [(AuditAction.userImpersonated, admin.id), (.userChanged, admin.id)] {
            let line = trail.first { $0.action == action && $0.target == "user:\(user.id)" }
            #expect(line?.actor == "user:\(actor)", "\(action)")
        }

        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(
                UserID(admin.id), UserChange(roles: []), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        #expect(try server.send("GET", "/api/v1/users/me", bearer: next).json?["code"]?.string == "token_revoked")
        #expect(try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(next)"}"#).status == .badRequest)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: user.access).status == .ok, "their own session goes on")
    }

    @Test("whoever acts as somebody sets no password without the old one, where its owner could")
    func actedPassword() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings(asksForOldPassword: false), compat: [.drfJWT])
        let admin = try server.administrator()
        let user = try server.register()
        let begun = try server.send("POST", "/api-token-impersonate/", json: #"{"user":"\#(user.id)"}"#, bearer: admin.access)
        let acted = try #require(begun.json?["token"]?.string)
        let body = #"{"new_password1":"a better horse","new_password2":"a better horse"}"#
        let refused = try server.send("POST", "/dj-rest-auth/password/change/", json: body, bearer: acted)
        #expect(refused.status == .badRequest && refused.text == #"{"old_password":["This field is required."]}"#)
        #expect(try server.send("POST", "/dj-rest-auth/password/change/", json: body, bearer: user.access).status == .ok)
    }

    @Test("nobody else does: not without a token, the role or the scope, not by an acted token, and never as another administrator")
    func notPermitted() throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        let other = try Self.makeAdministrator(server, "second")
        let user = try server.register()
        let narrow = try server.send(
            "POST", "/auth/login", json: #"{"username":"root","password":"correct horse","scope":"account"}"#)
        let elsewhere = try server.send(
            "POST", "/auth/login", json: #"{"username":"root","password":"correct horse","audience":"https://api.example"}"#)
        let tokens = try [user.access, #require(narrow.json?["access"]?.string), #require(elsewhere.json?["access"]?.string)]
        for token in tokens {
            let answer = try server.send("POST", "/api-token-impersonate/", json: #"{"user":"\#(user.id)"}"#, bearer: token)
            #expect(answer.status == .forbidden)
            #expect(answer.text == #"{"detail":"You do not have permission to perform this action."}"#)
        }
        for id in [other, admin.id] {
            #expect(
                try server.send("POST", "/api-token-impersonate/", json: #"{"user":"\#(id)"}"#, bearer: admin.access).status == .forbidden)
        }
        let nobody = try server.send("POST", "/api-token-impersonate/", json: #"{"user":"\#(user.id)"}"#)
        #expect(nobody.status == .unauthorized && nobody.headers[.wwwAuthenticate] == "JWT realm=\"api\"")
        #expect(nobody.text == #"{"detail":"Authentication credentials were not provided."}"#)
    }

    @Test(
        "who is meant is told in the framework's words where it cannot be",
        arguments: [
            ("{}", "This field is required."), (#"{"user":null}"#, "This field may not be null."),
            (#"{"user":""}"#, "This field may not be null."), (#"{"user":99}"#, #"Invalid pk \"99\" - object does not exist."#),
            (#"{"user":"ada"}"#, "Incorrect type. Expected pk value, received str."),
            (#"{"user":true}"#, "Incorrect type. Expected pk value, received bool."),
            (#"{"user":[1]}"#, "Incorrect type. Expected pk value, received list."),
            (#"{"user":{}}"#, "Incorrect type. Expected pk value, received dict."),
        ])
    func noSuchUser(body: String, problem: String) throws {
        let server = try Server(compat: [.drfJWT])
        let admin = try server.administrator()
        let answer = try server.send("POST", "/api-token-impersonate/", json: body, bearer: admin.access)
        #expect(answer.status == .badRequest && answer.text == #"{"user":["\#(problem)"]}"#)
    }

    @Test("the older pair: a login answers the token alone with 200, a registration with 201; the token goes on at drf-jwt's endpoints")
    func older() throws {
        let server = try Server(compat: [.drfJWT])
        let made = try server.send("POST", "/register/", json: #"{"username":"ada","password":"correct horse","email":""}"#)
        #expect(made.status == .created && made.json?.members.map(\.name) == ["token"])
        let login = try server.send("POST", "/jwt-auth/", json: Self.ada)
        #expect(login.status == .ok && login.json?.members.map(\.name) == ["token"])
        for answer in [made, login] {
            let token = try #require(answer.json?["token"]?.string)
            #expect(try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(token)"}"#).status == .created)
        }
        let wrong = try server.send("POST", "/jwt-auth/", json: #"{"username":"ada","password":"wrong horse"}"#)
        #expect(wrong.status == .badRequest)
        #expect(wrong.text == #"{"non_field_errors":["Unable to log in with provided credentials."]}"#)
    }

    @Test("what is wrong with a registration is told field by field, each a list of sentences")
    func registration() throws {
        let server = try Server(compat: [.drfJWT])
        _ = try server.register()
        let taken = try server.send("POST", "/register/", json: Self.ada)
        #expect(taken.status == .badRequest && taken.text == #"{"username":["A user with that username already exists."]}"#)
        let bad = try server.send("POST", "/register/", json: #"{"username":"a b","password":"x","email":"nowhere"}"#)
        #expect(bad.status == .badRequest)
        #expect(Set(bad.json?.members.map(\.name) ?? []) == ["username", "password", "email"])
        #expect(bad.json?.members.allSatisfy { $0.value.strings?.isEmpty == false } == true)
        #expect(try Server(isOpen: false, compat: [.drfJWT]).send("POST", "/register/", json: Self.ada).status == .forbidden)
    }

    private static let ada = #"{"username":"ada","password":"correct horse"}"#

    /// The account of `ada`, as it comes from elsewhere.
    private static func importAccount(_ server: Server, as externalID: String = "42") throws {
        let user = ImportedUser(
            id: UserID(server.services.newID(Server.start)), username: "ada", matchesExactly: false, email: nil, emailVerified: false,
            displayName: "", passwordHash: try server.services.hasher.hash(#require(Password(attempt: "correct horse"))), roles: [],
            isActive: true, createdAt: Server.start, lastLoginAt: nil, attributes: "{}", externalID: externalID)
        let outcome = try server.services.store.write { transaction throws(StoreError) in
            try transaction.importUser(user, audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        #expect(outcome == .created(matchesExactly: false, emailLeftUnverified: false))
    }

    private static func token(_ server: Server) throws -> String {
        try #require(try server.send("POST", "/api-token-auth/", json: ada).json?["token"]?.string)
    }

    /// A token, the one it got, and the one that got.
    private static func family(_ server: Server) throws -> [String] {
        var tokens = [try token(server)]
        for _ in 0..<2 {
            let answer = try server.send("POST", "/api-token-refresh/", json: #"{"token":"\#(tokens[tokens.count - 1])"}"#)
            tokens.append(try #require(answer.json?["token"]?.string))
        }
        return tokens
    }

    private static func makeAdministrator(_ server: Server, _ name: String) throws -> String {
        let user = try server.register(name)
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(
                UserID(user.id), UserChange(roles: ["admin"]), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        return user.id
    }

    private static func claims(_ token: String) throws -> Claims { try UnverifiedToken(parsing: Array(token.utf8)).unverifiedClaims }
}
