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
