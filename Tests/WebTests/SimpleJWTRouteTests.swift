// simplejwt's endpoints without a Django beside them: what a frontend's day looks like, and the words of what is refused.

import HTTP
import MartletEncoding
import Testing
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

extension Response {
    var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
