// dj-rest-auth's endpoints without a Django beside them: the safe defaults, and what becomes of an account's details.

import Accounts
import HTTP
import MartletEncoding
import Store
import Testing

@testable import Web

struct DJRestAuthRouteTests {
    @Test("they are not there unless they are wanted, and mail's endpoints are not there at all")
    func off() throws {
        #expect(try Server().send("POST", "/dj-rest-auth/login/", json: "{}").status == .notFound)
        let server = try Server(djRestAuth: DJRestAuthSettings())
        #expect(try server.send("POST", "/dj-rest-auth/login", json: "{}").status == .badRequest, "with and without the last slash")
        #expect(try server.send("POST", "/dj-rest-auth/registration", json: "{}").status == .badRequest)
        for path in ["password/reset", "password/reset/confirm", "registration/verify-email", "registration/resend-email", "google"] {
            #expect(try server.send("POST", "/dj-rest-auth/\(path)/", json: "{}").status == .notFound)
        }
    }

    @Test("the old password is asked for, a wrong one counts as a failed login, and the session that asks outlives the others")
    func password() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings(), loginLimit: LoginThrottle.Limit(failures: 3, seconds: 60))
        let first = try server.register()
        let other = try #require(try server.send("POST", "/dj-rest-auth/login/", json: Self.ada).json?["access"]?.string)
        func change(_ json: String) throws -> Response {
            try server.send("POST", "/dj-rest-auth/password/change/", json: json, bearer: first.access)
        }
        let new = #""new_password1":"a wholly new one","new_password2":"a wholly new one""#
        #expect(try change("{\(new)}").text == #"{"old_password":["This field is required."]}"#)
        let wrong = #"{"old_password":["Your old password was entered incorrectly. Please enter it again."]}"#
        #expect(try change(#"{"old_password":"no",\#(new)}"#).text == wrong)
        #expect(try change(#"{"old_password":"correct horse",\#(new)}"#).text == #"{"detail":"New password has been saved."}"#)
        #expect(try server.send("GET", "/dj-rest-auth/user/", bearer: first.access).status == .ok)
        #expect(try server.send("GET", "/dj-rest-auth/user/", bearer: other).status == .unauthorized)
        for _ in 0..<3 { _ = try change(#"{"old_password":"no",\#(new)}"#) }
        let limited = try change(#"{"old_password":"a wholly new one",\#(new)}"#)
        #expect(limited.status == .tooManyRequests && limited.headers[.retryAfter] != nil)
        #expect(limited.json?["detail"]?.string?.hasPrefix("Request was throttled.") == true)
    }

    @Test("without the old password field an access token is enough, and the rules for new passwords hold all the same")
    func relaxed() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings(asksForOldPassword: false))
        let user = try server.register()
        func change(_ password: String) throws -> Response {
            try server.send(
                "POST", "/dj-rest-auth/password/change/",
                json: #"{"new_password1":"\#(password)","new_password2":"\#(password)"}"#, bearer: user.access)
        }
        #expect(try change("password1").text == #"{"new_password2":["This password is too common."]}"#)
        #expect(try change("a wholly new one").status == .ok)
        #expect(try server.send("POST", "/dj-rest-auth/login/", json: Self.ada).status == .badRequest)
    }

    @Test("only a verified address logs in, as an e-mail or as a username; a username that is somebody's verified address comes second")
    func addresses() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings())
        let ada = try server.register()
        let mallory = try server.register("ada@example.com")
        func logIn(_ member: String) throws -> Response {
            try server.send(
                "POST", "/dj-rest-auth/login/", json: #"{"\#(member)":"Ada@example.com","password":"correct horse"}"#)
        }
        try server.change(ada.id, UserChange(email: .some("ada@example.com")))
        #expect(try logIn("email").text == #"{"non_field_errors":["Unable to log in with provided credentials."]}"#)
        try server.change(ada.id, UserChange(emailVerified: true))
        #expect(try logIn("email").json?["user"]?["pk"]?.string == ada.id)
        #expect(try logIn("username").json?["user"]?["pk"]?.string == ada.id, "who took the address for a username shuts nobody out")
        try server.change(mallory.id, UserChange(username: "mallory"))
        #expect(try logIn("username").json?["user"]?["pk"]?.string == ada.id)
    }

    @Test("names go into the account's attributes, whose other members stay; the answer and the cache are the same at once")
    func details() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings())
        let user = try server.register()
        try server.change(user.id, UserChange(attributes: #"{"shoe size":{"eu":37.50},"first_name":"A.","last_name":"L."}"#))
        let answer = try server.send("PATCH", "/dj-rest-auth/user/", json: #"{"first_name":" Ada ","email":"x@y.zz"}"#, bearer: user.access)
        let expected = #"{"pk":"\#(user.id)","username":"ada","email":"","first_name":"Ada","last_name":"L."}"#
        #expect(answer.text == expected)
        #expect(try server.send("GET", "/dj-rest-auth/user/", bearer: user.access).text == expected)
        let stored = try server.services.store.read { reads throws(StoreError) in try reads.user(UserID(user.id)) }
        #expect(stored?.attributes == #"{"shoe size":{"eu":37.50},"last_name":"L.","first_name":"Ada"}"#)
        #expect(answer.headers[.allow] == "GET, PUT, PATCH, HEAD, OPTIONS")
    }

    @Test("a new username is good for the next login, keeps the sessions, and must be free in every case")
    func renaming() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings())
        let (ada, _) = (try server.register(), try server.register("bob"))
        func rename(_ name: String) throws -> Response {
            try server.send("PATCH", "/dj-rest-auth/user/", json: #"{"username":"\#(name)"}"#, bearer: ada.access)
        }
        #expect(try rename("BOB").text == #"{"username":["A user with that username already exists."]}"#)
        #expect(try rename("e\u{301}").status == .badRequest)
        #expect(try rename("lovelace").json?["username"]?.string == "lovelace")
        #expect(try server.send("GET", "/api/v1/users/me", bearer: ada.access).json?["username"]?.string == "lovelace")
        #expect(try server.send("POST", "/dj-rest-auth/login/", json: Self.ada).status == .badRequest)
    }

    @Test(
        "pk is the number that the account had, or what it was called, or its id",
        arguments: [("17", "17"), ("0", "0"), ("x-17", #""x-17""#), ("99999999999999999999", #""99999999999999999999""#), (nil, #""u1""#)]
            as [(String?, String)])
    func primaryKey(externalID: String?, pk: String) throws {
        var user = User(
            id: UserID("u1"), username: "ada", email: "a@b.cc", emailVerified: true, displayName: "", passwordHash: nil, roles: [],
            isActive: true, version: 1, createdAt: Server.start, updatedAt: Server.start, lastLoginAt: nil, attributes: "{}",
            externalID: externalID)
        let text = String(decoding: try DJRestAuthAccount.details(of: user), as: UTF8.self)
        #expect(text == #"{"pk":\#(pk),"username":"ada","email":"a@b.cc","first_name":"","last_name":""}"#)
        user.attributes = "[]"
        #expect(throws: Refusal.self) { try DJRestAuthAccount.details(of: user) }
    }

    @Test("logout ends the session whatever the access token, and a null refresh token ends nothing")
    func logout() throws {
        let server = try Server(djRestAuth: DJRestAuthSettings())
        let user = try server.register()
        func logOut(_ json: String, _ fields: [String] = []) throws -> Response {
            try server.send("POST", "/dj-rest-auth/logout/", fields, json: json)
        }
        #expect(try logOut(#"{"refresh":null}"#).text == #"{"detail":"Refresh token was not included in request data."}"#)
        #expect(try server.send("GET", "/dj-rest-auth/user/", bearer: user.access).status == .ok)
        let own = #"{"refresh":"\#(user.refresh)"}"#
        #expect(try logOut(own, ["Authorization: Bearer a.b.c"]).status == .unauthorized)
        #expect(try logOut(own).text == #"{"detail":"Successfully logged out."}"#)
        let again = try logOut(own, ["Authorization: Bearer \(user.access)"])
        #expect(again.text == #"{"detail":"Token is blacklisted"}"# && again.headers[.wwwAuthenticate] == nil)
        #expect(try server.send("GET", "/dj-rest-auth/user/", bearer: user.access).json?["code"]?.string == "token_not_valid")
    }

    @Test("closed registration is 403, before anything is said about what was sent")
    func closed() throws {
        let server = try Server(isOpen: false, djRestAuth: DJRestAuthSettings())
        let answer = try server.send("POST", "/dj-rest-auth/registration/", json: "{}")
        #expect(answer.status == .forbidden && answer.text == #"{"detail":"Registration is closed."}"#)
    }

    static let ada = #"{"username":"ada","password":"correct horse"}"#
}

extension Server {
    /// Changes an account as an administrator would.
    func change(_ id: String, _ change: UserChange) throws {
        let outcome = try services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(UserID(id), change, audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        guard case .changed = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }
}
