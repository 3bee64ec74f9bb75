// Documented and surprising differences, and the document.

import MartletEncoding
import Testing

@testable import Shadow

struct ExpectedDifferenceTests {
    @Test(
        "what docs/django.md explains is no surprise, and what is next to it is one",
        arguments: [
            ("/api/token/verify/", "200", #"401 "Token is blacklisted" "token_not_valid""#, "Verifying a blacklisted"),
            ("/api/token/verify/", #"400 "Token is blacklisted""#, #"401 "Token is blacklisted""#, "Verifying a blacklisted"),
            ("/api/token/verify/", #"400 "Something else""#, #"401 "Token is blacklisted""#, nil),
            ("/api/token/verify/", "200", #"401 "Token is invalid""#, nil),
            ("/api/token/refresh/", "200", #"401 "Token is blacklisted""#, "A refresh token that was rotated"),
            ("/api/token/blacklist/", "200", #"401 "Token is blacklisted""#, "A session ends as a whole"),
            ("/api/token/refresh/", "500", #"401 "No active account found for the given token.""#, "A refresh token of a deleted"),
            ("/api/token/", "401", "429", "Failed logins are limited"), ("/api/token/", "401", "200", nil),
            ("/api/token", "301", "200", "A path without its slash"), ("/api/token/", "301", "200", nil),
            ("/api-token-blacklist/", #"401 "Authentication credentials were not provided.""#, "405", "A method that is not served"),
            ("/api-token-impersonate/", "201", #"403 "You do not have permission to perform this action.""#, "An administrator is never"),
            ("/api-token-impersonate/", "201", "403", nil), ("/api-token-blacklist/", "500", "400", "Where drf-jwt fails"),
            ("/api-token-verify/", "500", "400", nil), ("/api-token-verify/", "201", "400", nil),
            ("/dj-rest-auth/login/", "200", #"400 "Unable to log in with provided credentials.""#, nil),
            ("/dj-rest-auth/user/", #"400 "A user with that username already exists.""#, "200", nil),
            ("/dj-rest-auth/password/change/", "200", "400", nil), ("/dj-rest-auth/registration/", "201", "403", nil),
        ] as [(String, String, String, String?)])
    func status(path: String, old: String, new: String, reason: String?) throws {
        let found = ExpectedDifference.reason(for: Difference(.status, "status", old: old, new: new), of: try Comparison(post(path, "{}")))
        #expect(found?.hasPrefix(reason ?? "") == (reason == nil ? nil : true))
    }

    @Test("a login at a Martlet that is set up alike differs as the document says, and in nothing else")
    func login() throws {
        let claims = #""exp":2000000300,"iat":2000000000,"jti":"a","user_id":"7""#
        let found = try Comparison(post("/api/token/", "{}")).differences(
            old: json(200, #"{"access":"\#(token("{\(claims)}"))"}"#),
            new: json(
                200,
                #"{"access":"\#(token("{\(claims),\"aud\":\"a\",\"iss\":\"b\",\"sub\":\"c\",\"scope\":\"d\",\"sid\":\"e\",\"client_id\":\"f\"}", header: #"{"alg":"ES256","typ":"at+jwt","kid":"k"}"#))"}"#,
                [RelayedField("cache-control", "no-store")]))
        #expect(found.count == 10)
        #expect(found.filter { $0.reason == nil } == [])
    }

    @Test(
        "what a request says decides where only some requests differ",
        arguments: [
            ("/dj-rest-auth/login/", #"{"email":"ada@example.com"}"#, "200", #"400 "Unable to log in with provided credentials.""#, true),
            (
                "/dj-rest-auth/login/", #"{"username":"ada@example.com"}"#, "200", #"400 "Unable to log in with provided credentials.""#,
                true
            ),
            ("/dj-rest-auth/login/", #"{"username":"ada"}"#, "200", #"400 "Unable to log in with provided credentials.""#, false),
            ("/dj-rest-auth/logout/", #"["a"]"#, "500", "400", true), ("/dj-rest-auth/logout/", "{}", "500", "400", false),
            (
                "/dj-rest-auth/logout/", #"{"refresh":null}"#, "200", #"401 "Refresh token was not included in request data.""#, true
            ),
            ("/dj-rest-auth/logout/", #"{}"#, "200", #"401 "Refresh token was not included in request data.""#, false),
        ])
    func request(path: String, body: String, old: String, new: String, isMeant: Bool) throws {
        let found = ExpectedDifference.reason(for: Difference(.status, "status", old: old, new: new), of: try Comparison(post(path, body)))
        #expect((found != nil) == isMeant)
    }

    @Test("a bad access cookie, Bearer in JWT's place, and neither of them")
    func credentials() throws {
        let cookie = RelayedField("cookie", "app-auth=x")
        let bearer = RelayedField("authorization", "bEARER x")
        let bad = Difference(.status, "status", old: #"401 "Given token not valid for any token type" "token_not_valid""#, new: "200")
        let none = Difference(.status, "status", old: #"401 "Authentication credentials were not provided.""#, new: "201")
        for (difference, path, fields, isMeant) in [
            (bad, "/dj-rest-auth/login/", [cookie], true), (bad, "/dj-rest-auth/login/", [cookie, bearer], false),
            (bad, "/dj-rest-auth/login/", [], false), (bad, "/dj-rest-auth/user/", [cookie], false),
            (none, "/api-token-impersonate/", [bearer], true), (none, "/api-token-impersonate/", [], false),
            (none, "/api-token-auth/", [bearer], false),
        ] {
            var request = post(path, "{}")
            request.fields += fields
            #expect((ExpectedDifference.reason(for: difference, of: try Comparison(request)) != nil) == isMeant, "\(path)")
        }
    }

    @Test(
        "a cookie that is Secure besides is meant, and any other attribute is not",
        arguments: [
            ("cookie; httponly; path=/; samesite=lax", "cookie; httponly; path=/; samesite=lax; secure", true),
            ("cookie; httponly; path=/; samesite=lax", "cookie; httponly; path=/api; samesite=lax; secure", false),
            ("cookie; path=/", "cookie; httponly; path=/; secure", false),
            ("cookie; path=/; secure", "cookie; path=/", false),
        ])
    func cookie(old: String, new: String, isMeant: Bool) throws {
        let difference = Difference(.cookie, "cookie app-auth", old: old, new: new)
        #expect((ExpectedDifference.reason(for: difference, of: try Comparison(post("/dj-rest-auth/login/", "{}"))) != nil) == isMeant)
        #expect(ExpectedDifference.reason(for: difference, of: try Comparison(post("/api/token/", "{}"))) == nil)
    }

    @Test(
        "an account that somebody just made has another key at Martlet; one that was taken over has the same",
        arguments: [
            ("/dj-rest-auth/registration/", Difference(.shape, "/user/pk", old: "number", new: "text of 36 characters"), true),
            ("/dj-rest-auth/login/", Difference(.shape, "/user/pk", old: "number", new: "text of 36 characters"), false),
            ("/dj-rest-auth/registration/", Difference(.claim, "/access claim user_id", old: "text", new: "another text"), true),
            ("/dj-rest-auth/login/", Difference(.claim, "/access claim user_id", old: "text", new: "another text"), false),
            ("/register/", Difference(.claim, "/token claim user_id", old: "number", new: "text"), true),
            ("/api-token-auth/", Difference(.claim, "/token claim user_id", old: "number", new: "text"), false),
        ])
    func keys(path: String, difference: Difference, isMeant: Bool) throws {
        #expect((ExpectedDifference.reason(for: difference, of: try Comparison(post(path, "{}"))) != nil) == isMeant)
    }

    @Test(
        "a pattern is text and stars",
        arguments: [
            ("abc", "abc", true), ("abc", "a*", true), ("abc", "*c", true), ("abc", "*", true), ("abc", "a*c", true), ("ac", "a*c", true),
            ("abc", "a*b", false), ("abc", "b*", false), ("ab", "ab*b", false), ("a b claim c", "* claim c", true), ("", "*", true),
            ("abcabc", "*bc*c", true), ("abc", "", false),
        ])
    func pattern(text: String, pattern: String, isMatch: Bool) {
        #expect(ExpectedDifference.matches(text, pattern) == isMatch)
    }
}
