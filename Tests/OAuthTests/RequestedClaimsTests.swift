// The `claims` parameter (OpenID Connect Core 1.0 §5.5), and what a request with it asks of people.

import MartletEncoding
import OAuth
import Testing

@Suite struct RequestedClaimsTests {
    @Test("what is asked for is read from both places")
    func reads() throws {
        let claims = try RequestedClaims(
            parsing: #"""
                {"userinfo":{"given_name":{"essential":true},"nickname":null,"email":{"essential":true}},
                "id_token":{"auth_time":{"essential":true},
                "acr":{"values":["b","a"],"essential":true},"sub":{"value":"u-1"},"n":{"value":7}},
                "later":{"x":null}}
                """#)
        #expect(
            claims.userInfo.map(\.name) == ["given_name", "nickname", "email"] && claims.userInfo.map(\.isEssential) == [true, false, true])
        #expect(claims.contexts == ["b", "a"] && claims.requiresContext && claims.subject == "u-1")
        #expect(claims.scopes.names == ["email"])
        #expect(RequestedClaims(stored: claims.json) == claims && RequestedClaims(stored: nil) == nil)
    }

    @Test(
        "what is no such object is invalid_request",
        arguments: [
            "", "[]", "x", "7", #"{"userinfo":[]}"#, #"{"id_token":"sub"}"#, #"{"id_token":{"sub":"u-1"}}"#, #"{"id_token":{"sub":true}}"#,
            #"{"userinfo":{"a":{"essential":"yes"}}}"#, #"{"id_token":{"acr":{"values":"a"}}}"#, #"{"userinfo":{"a":null,"a":null}}"#,
            #"{"x":""# + String(repeating: "a", count: 4096) + #""}"#,
        ])
    func refuses(_ text: String) {
        #expect { try RequestedClaims(parsing: text) } throws: { ($0 as? OAuthError)?.code == .invalidRequest }
    }

    @Test(
        "asking for a claim is asking for its scope, where the client may have that",
        arguments: [
            (#"{"userinfo":{"email":null}}"#, "openid", "openid email"), (#"{"id_token":{"name":null}}"#, "openid", "openid profile"),
            (#"{"userinfo":{"phone_number":{"essential":true}}}"#, "openid", "openid"), (#"{"userinfo":{"email":null}}"#, "read", "read"),
            (#"{"userinfo":{"email":null}}"#, "openid email", "openid email"), ("{}", "openid", "openid"),
        ])
    func scopes(_ claims: String, _ scope: String, _ expected: String) throws {
        let client = try AuthorizationRequestTests.client(#"{"redirect_uris":["https://a.example/cb"]}"#)
        let request = try AuthorizationRequestTests.read(["claims": claims, "scope": scope], of: client)
        #expect(request.scope.text == expected && request.claims != nil)
        let limited = try AuthorizationRequestTests.read(["claims": claims, "scope": "openid"])
        #expect(limited.scope.text == "openid", "of a client that is registered for less")
    }

    @Test("acr of claims comes after acr_values, and a broken parameter is told to the client")
    func request() throws {
        let claims = #"{"id_token":{"acr":{"value":"c"}}}"#
        #expect(try AuthorizationRequestTests.read(["claims": claims, "acr_values": "b a"]).demand.contexts == ["b", "a", "c"])
        #expect(try AuthorizationRequestTests.read().claims == nil)
        #expect { try AuthorizationRequestTests.read(["claims": "{"]) } throws: { error in
            guard case .answered(let error, _)? = error as? AuthorizationFailure else { return false }
            return error.code == .invalidRequest
        }
    }
}
