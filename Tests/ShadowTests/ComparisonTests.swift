// What two answers differ in, and what of it is told.

import MartletEncoding
import Shadow
import Testing

struct ComparisonTests {
    /// Two JSON bodies of one status, and the differences as `kind place: old → new`.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        let old: String
        let new: String
        let expected: [String]

        init(_ reason: String, at status: Int = 200, _ old: String, _ new: String, _ expected: [String]) {
            testDescription = reason
            self.status = status
            self.old = old
            self.new = new
            self.expected = expected
        }
    }

    static let rows = [
        Row("the same", #"{"a":1,"b":[true,null]}"#, #"{"b":[true,null],"a":1}"#, []),
        Row("a missing member", #"{"a":1,"b":"x"}"#, #"{"a":1}"#, ["shape /b: text of 1 characters → absent"]),
        Row("a member more", #"{}"#, #"{"user":{"pk":1}}"#, ["shape /user: absent → object"]),
        Row("a number for a text", #"{"user_id":"7"}"#, #"{"user_id":7}"#, ["shape /user_id: text of 1 characters → number"]),
        Row("null for a text", #"{"a":""}"#, #"{"a":null}"#, ["shape /a: empty text → null"]),
        Row(
            "an array of another length", #"{"a":[1,2]}"#, #"{"a":[1]}"#,
            ["shape /a: array of 2 → array of 1", "shape /a/1: number → absent"]),
        Row("an object for an array", #"{"a":{"b":1}}"#, #"{"a":[1]}"#, ["shape /a: object → array of 1"]),
        Row(
            "another value", #"{"name":"ada","n":1}"#, #"{"name":"eve","n":2}"#,
            [
                "value /n: number → another number", "value /name: text of 3 characters → another text of 3 characters",
            ]),
        Row("a truth value", #"{"a":true}"#, #"{"a":false}"#, ["value /a: true → false"]),
        Row(
            "moments and points in time are never the same", #"{"at":"2026-11-21T09:30:00Z","pk":1763717400}"#,
            #"{"at":"2026-11-21T09:30:01.250Z","pk":1763717409}"#, []),
        Row("opaque tokens are never the same", #"{"key":"a","sessionid":"b"}"#, #"{"key":"cc","sessionid":"dd"}"#, []),
        Row("an empty refresh token", #"{"refresh":""}"#, #"{"refresh":"abc"}"#, ["shape /refresh: empty text → opaque text"]),
        Row(
            "a message", at: 400, #"{"detail":"Token is expired"}"#, #"{"detail":"Token is invalid"}"#,
            [
                #"message /detail: "Token is expired" → "Token is invalid""#
            ]),
        Row(
            "a form's errors", at: 400, #"{"username":["This field is required."]}"#, #"{"username":["This field may not be blank."]}"#,
            [
                #"message /username/0: "This field is required." → "This field may not be blank.""#
            ]),
        Row(
            "a text of a success is nobody's message", #"{"code":"4711"}"#, #"{"code":"4712"}"#,
            [
                "value /code: text of 4 characters → another text of 4 characters"
            ]),
        Row(
            "a success's detail is one", #"{"detail":"Logged out."}"#, #"{"detail":"Bye."}"#, [#"message /detail: "Logged out." → "Bye.""#]),
        Row("names that are no words of a vocabulary", #"{"ada@example.com":1,"a b":2}"#, #"{}"#, ["shape /*: number → absent"]),
        Row("no JSON", #"{"a":1}"#, "oops", ["shape : object → unreadable JSON"]),
        Row("a slash in a name", #"{"a/b":1}"#, "{}", ["shape /a~1b: number → absent"]),
    ]

    @Test(arguments: rows) func `bodies are compared by shape, messages and values`(row: Row) throws {
        let found = try Comparison(post("/x/", "{}")).differences(old: json(row.status, row.old), new: json(row.status, row.new))
        #expect(found.map { "\($0.kind.rawValue) \($0.place): \($0.old) → \($0.new)" } == row.expected)
        #expect(found.allSatisfy { $0.reason == nil })
    }

    @Test(
        "claims are compared by name, type and life",
        arguments: [
            (#"{"exp":400,"iat":100,"user_id":"7"}"#, #"{"exp":1400,"iat":1100,"user_id":"7"}"#, []),
            (#"{"exp":400,"iat":100}"#, #"{"exp":401,"iat":100}"#, []),
            (#"{"exp":400,"iat":100}"#, #"{"exp":700,"iat":100}"#, ["claim /access claim exp: 300 s after iat → 600 s after iat"]),
            (#"{"user_id":"7"}"#, #"{"user_id":7}"#, ["claim /access claim user_id: text → number"]),
            (#"{"user_id":"7"}"#, #"{"user_id":"8"}"#, ["claim /access claim user_id: text → another text"]),
            (#"{"jti":"a","sub":"b"}"#, #"{"jti":"c","sub":"d"}"#, []),
            (#"{"token_type":"access"}"#, #"{"token_type":"refresh"}"#, ["claim /access claim token_type: access → refresh"]),
            (#"{"role":"editor"}"#, #"{}"#, ["claim /access claim role: text → absent"]),
            (#"{}"#, #"{"admin":true}"#, ["claim /access claim admin: absent → truth value"]),
            (#"{"exp":9223372036854775807,"iat":-9223372036854775807}"#, #"{"exp":1.5e300,"iat":1}"#, ["claim /access claim exp: "]),
        ] as [(String, String, [String])])
    func claims(old: String, new: String, expected: [String]) throws {
        let found = try Comparison(post("/x/", "{}")).differences(
            old: json(200, #"{"access":"\#(token(old))"}"#), new: json(200, #"{"access":"\#(token(new))"}"#))
        let told = found.map { "\($0.kind.rawValue) \($0.place): \($0.old) → \($0.new)" }
        #expect(told.count == expected.count && zip(told, expected).allSatisfy { $0.hasPrefix($1) }, "\(told)")
    }

    @Test("a token in the place of something else is a difference of shape, and its claims go without saying")
    func noToken() throws {
        let found = try Comparison(post("/x/", "{}")).differences(
            old: json(200, #"{"access":"\#(token(#"{"a":1}"#))"}"#), new: json(200, #"{"access":""}"#))
        #expect(found == [Difference(.shape, "/access", old: "token", new: "empty text")])
    }

    @Test(
        "header fields and cookies that a frontend notices are compared",
        arguments: [
            ("content-type", "application/json", "application/json; charset=utf-8", nil),
            ("allow", "POST, OPTIONS", "OPTIONS,POST", nil), ("server", "WSGI", "Martlet", nil), ("vary", "Accept", "Origin", nil),
            ("allow", "POST, OPTIONS", "GET, POST, OPTIONS", "header header allow: OPTIONS, POST → GET, OPTIONS, POST"),
            (
                "www-authenticate", #"Bearer realm="api""#, #"JWT realm="api""#,
                #"header header www-authenticate: Bearer realm="api" → JWT realm="api""#
            ),
            ("location", "http://a.example/x", "https://b.example/x", nil),
            ("location", "/x?secret=1", "/y", "header header location: address → another address"),
            ("retry-after", "1", "2", nil),
            ("set-cookie", "a=1; Path=/; HttpOnly; Max-Age=300", "a=2; httponly; path=/; max-age=301", nil),
            ("set-cookie", "a=1; Path=/; Secure", "a=1; Path=/", "cookie cookie a: cookie; path=/; secure → cookie; path=/"),
            ("set-cookie", "a=1; Max-Age=300", "a=1; Max-Age=600", "cookie cookie a max-age: 300 s → 600 s"),
            ("set-cookie", #"a="""#, "a=x", "cookie cookie a value: empty text → opaque text"),
            ("set-cookie", "a=1", "b=1", "cookie cookie a: cookie → absent"),
        ] as [(String, String, String, String?)])
    func fields(name: String, old: String, new: String, expected: String?) throws {
        let answers = [old, new].map { RelayedAnswer(status: 204, fields: [RelayedField(name, $0)]) }
        let found = try Comparison(post("/x/", "{}")).differences(old: answers[0], new: answers[1])
        #expect(found.first.map { "\($0.kind.rawValue) \($0.place): \($0.old) → \($0.new)" } == expected)
    }

    @Test("answers of another status are told by their words, and by nothing else")
    func status() throws {
        let found = try Comparison(post("/x/", "{}")).differences(
            old: json(200, #"{"access":"a"}"#, [RelayedField("set-cookie", "a=1")]),
            new: json(403, #"{"detail":"Not you.","code":"forbidden","name":"ada"}"#))
        #expect(found == [Difference(.status, "status", old: "200", new: #"403 "Not you." "forbidden""#)])
    }

    @Test("a body is looked at as far as a bound")
    func bounds() throws {
        let names = (0..<200).map { "\"m\($0)\":[\(Array(repeating: "1", count: 100).joined(separator: ","))]" }.joined(separator: ",")
        let found = try Comparison(post("/x/", "{}")).differences(old: json(200, "{\(names)}"), new: json(200, "{}"))
        #expect((1...500).contains(found.count))
    }
}
