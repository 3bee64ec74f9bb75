// The file of the operator's scopes: what it may say, and how its mistakes are told.

import MartletEncoding
import OAuth
import Testing

@Suite struct ScopesFileTests {
    private func file(_ text: String) throws -> ScopesFile { try ScopesFile(parsing: Array(text.utf8)) }

    /// A file with one rule of one claim.
    private func rule(_ claim: String, _ rule: String, in target: String = "id_token") -> String {
        #"{"scopes":{"read":{"description":"read","claims":{"\#(target)":{"\#(claim)":\#(rule)}}}}}"#
    }

    @Test("scopes, claims and resources are read")
    func reads() throws {
        let file = try file(
            #"""
            {"scopes":{"calendar.read":{"description":"see your calendar","claims":{"access_token":{"cal":{"from":"attribute:calendar"}},
            "id_token":{"v":{"constant":[1]}},"userinfo":{"email":{"from":"email"}}}},"openid":{"description":"know you"}},
            "resources":["https://api.example"]}
            """#)
        #expect(file.resources == ["https://api.example"] && file.scopes.map(\.name) == ["calendar.read", "openid"])
        let catalogue = ScopeCatalogue(own: file.scopes)
        #expect(catalogue.names.names == ["openid", "profile", "email", "offline_access", "calendar.read"])
        #expect(catalogue.scopes.first?.text == "know you" && catalogue.scopes[1].text == "see your name")
        #expect(catalogue.rules(\.accessToken, of: ScopeSet(["calendar.read"])).map(\.source) == [.attribute("calendar")])
        #expect(catalogue.rules(\.idToken, of: ScopeSet(["openid"])).isEmpty)
        #expect(try self.file("{}") == ScopesFile())
    }

    @Test(
        "a mistake is told with its place",
        arguments: [
            ("{\n  \"scopes\" {}", "line 2, column 12"), ("[]", ""), (#"{"scope":{}}"#, "scope"), (#"{"scopes":[]}"#, "scopes"),
            (#"{"scopes":{"a b":{"description":"x"}}}"#, "scopes.a b"), (#"{"scopes":{"read":{}}}"#, "scopes.read"),
            (#"{"scopes":{"read":{"description":""}}}"#, "scopes.read.description"),
            (#"{"scopes":{"read":{"description":"a\u0007"}}}"#, "scopes.read.description"),
            (#"{"scopes":{"admin":{"description":"x"}}}"#, "scopes.admin"),
            (#"{"scopes":{"account":{"description":"x"}}}"#, "scopes.account"),
            (#"{"scopes":{"revocations":{"description":"x"}}}"#, "scopes.revocations"),
            (#"{"scopes":{"read":{"description":"x","claim":{}}}}"#, "scopes.read.claim"),
            (#"{"scopes":{"read":{"description":"x","claims":{"token":{}}}}}"#, "scopes.read.claims.token"),
            (#"{"resources":"https://api.example"}"#, ""), (#"{"resources":["https://a.example","b"]}"#, "resources[1]"),
            (#"{"resources":["https://a.example#x"]}"#, "resources[0]"),
            (
                #"""
                {"scopes":{"a":{"description":"x","claims":{"id_token":{"c":{"constant":1}}}},
                "b":{"description":"x","claims":{"id_token":{"c":{"constant":2}}}}}}
                """#, "scopes.b.claims.id_token.c"
            ),
        ])
    func mistakes(_ text: String, _ place: String) {
        #expect { try file(text) } throws: { ($0 as? ScopesFile.Failure)?.place == place }
    }

    @Test(
        "a rule is one source or one constant, and never of a claim of the protocol's",
        arguments: [
            ("x", #"{"from":"password_hash"}"#), ("x", #"{"from":"attribute:"}"#), ("x", #"{"from":"username","constant":1}"#), ("x", "{}"),
            ("x", #""username""#), ("x", #"{"from":"username","if":"x"}"#), ("email", #"{"constant":"a@b"}"#),
            ("email", #"{"from":"attribute:mail"}"#), ("email_verified", #"{"constant":true}"#), ("", #"{"from":"username"}"#),
        ]
            + [
                "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "act", "cnf", "auth_time", "acr", "amr",
                "azp",
                "nonce", "at_hash", "c_hash", "events", "refresh_exp", "orig_iat", "token_type",
            ].map { ($0, #"{"from":"username"}"#) })
    func rules(_ claim: String, _ text: String) {
        for target in ["access_token", "id_token", "userinfo"] {
            #expect { try file(rule(claim, text, in: target)) } throws: {
                ($0 as? ScopesFile.Failure)?.place.hasPrefix("scopes.read.claims.\(target).\(claim)") == true
            }
        }
    }
}
