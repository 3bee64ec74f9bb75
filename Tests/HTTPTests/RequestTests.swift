// What a handler reads from a request: paths, queries, fields, cookies, media types, ids.

import HTTP
import Testing

struct RequestTests {
    @Test(
        "paths are decoded once, and what could climb or hide is refused",
        arguments: [
            ("/a%20b", "/a b", "an escaped space"),
            ("/%61uth/login", "/auth/login", "an escaped letter"),
            ("/a+b", "/a+b", "a plus is a plus in a path"),
            ("/caf%C3%A9", "/café", "escaped UTF-8"),
            ("/...", "/...", "three dots are a name"),
            ("/.well-known/jwks.json", "/.well-known/jwks.json", "a dot in a name"),
            ("/a//b", "/a//b", "an empty segment stays"),
            ("/%2541", "/%41", "decoded once, not twice"),
            ("/a/./b", nil, "a dot segment"),
            ("/a/../b", nil, "a double dot segment"),
            ("/..", nil, "a double dot at the end"),
            ("/%2e%2E/b", nil, "an escaped double dot segment"),
            ("/.%2e", nil, "a half escaped double dot segment"),
            ("/a%2Fb", "/a%2Fb", "an escaped slash is no separator"),
            ("/a%2F..%2Fb", nil, "a double dot segment between escaped slashes"),
            ("/a/..%2fb", nil, "a double dot segment before an escaped slash"),
            ("/a%1Fb", nil, "an escaped control byte"),
            ("/a%5cb", nil, "an escaped backslash"),
            ("/a\\b", nil, "a backslash"),
            ("/a%00", nil, "an escaped NUL"),
            ("/a%0d%0ab", nil, "escaped control bytes"),
            ("/a%7f", nil, "an escaped DEL"),
            ("/a%", nil, "an escape cut short"),
            ("/a%4", nil, "an escape cut shorter than it says"),
            ("/a%zz", nil, "an escape that is no number"),
            ("/a%ff", nil, "escapes that are no UTF-8"),
            ("/a%c0%af", nil, "an overlong slash"),
        ])
    func path(target: String, expected: String?, reason: String) {
        #expect(makeRequest(target)?.path == expected, "\(reason)")
    }

    @Test(
        "what a server behind is asked for is what was sent, but for an authority",
        arguments: [
            ("/a%20b/?q=%ff&&", "/a%20b/?q=%ff&&"), ("/a?", "/a?"), ("//a", "//a"), ("http://h.example/a?b", "/a?b"),
            ("http://h.example", "/"), ("http://h.example?b", "/?b"), ("/%61?a?b", "/%61?a?b"),
        ])
    func target(target: String, expected: String) {
        #expect(makeRequest(target)?.target == expected)
    }

    @Test("all fields are there in their order, values as they were sent")
    func fields() throws {
        let request = try #require(makeRequest("/", ["Accept: a", "X-B:  b ", "accept: c", "X-Empty:"]))
        let fields = request.fields.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
        #expect(fields.filter { !$0.hasPrefix("host=") } == ["accept=a", "x-b=b", "accept=c", "x-empty="])
        #expect(request.methodName == "GET")
    }

    @Test(
        "query parameters are decoded as a form is",
        arguments: [
            ("/?q=a", "a", "a value"), ("/?x=1&q=a+b%21&y", "a b!", "plus and escapes"), ("/?q=", "", "an empty value"),
            ("/?q", "", "a name without a value"), ("/?%71=a", "a", "an escaped name"), ("/?q=a=b", "a=b", "an equals sign in a value"),
            ("/", nil, "no query"), ("/?Q=a", nil, "names are case-sensitive"), ("/?qq=a", nil, "a longer name"),
        ])
    func query(target: String, expected: String?, reason: String) throws {
        #expect(try makeRequest(target)?.query("q") == expected, "\(reason)")
    }

    @Test("query parameters that cannot be read are 400", arguments: ["/?q=a&q=b", "/?q=%", "/?q=%g1", "/?q=%ff", "/?q&q"])
    func unreadableQuery(target: String) throws {
        let request = try #require(makeRequest(target))
        let refusal = #expect(throws: Refusal.self) { try request.query("q") }
        #expect(refusal?.code == "invalid_request")
    }

    @Test("a header field given twice has no single value")
    func headers() throws {
        let request = try #require(
            makeRequest("/", ["Authorization: Bearer x", "X-Request-Id: a", "Accept: a, b", "Accept: c,", "Origin: a", "Origin: a"]))
        #expect(request.header(.authorization) == "Bearer x")
        #expect(request.headerBytes(.authorization).map(Array.init) == Array("Bearer x".utf8))
        #expect(request.header(.origin) == nil)
        #expect(request.headerCount(.origin) == 2)
        #expect(request.header(.ifMatch) == nil)
        #expect(request.headerList(.accept) == ["a", "b", "c"])
    }

    @Test(
        "cookies are found by their whole name, and one given twice is nobody's word",
        arguments: [
            ("a=1; b=2", "1"), ("b=2;a=1", "1"), ("xa=1", nil), ("a=1; a=2", nil), ("a=b=c", "b=c"), ("a", nil), ("A=1", nil), ("", nil),
        ])
    func cookies(field: String, expected: String?) throws {
        #expect(try #require(makeRequest("/", ["Cookie: \(field)"])).cookie("a") == expected)
    }

    @Test(
        "media types lose their parameters",
        arguments: [
            ("application/json", "application/json"), ("Application/JSON ; charset=utf-8", "application/json"), ("json", nil),
            ("a/b/c", nil),
            ("/", nil), ("a/b c", nil),
        ])
    func contentType(field: String, expected: String?) throws {
        #expect(try #require(makeRequest("/", ["Content-Type: \(field)"])).contentType == expected)
    }

    @Test("the authority of an absolute target counts, not Host")
    func host() {
        #expect(makeRequest("http://b:81/x")?.host == "b:81")
        #expect(makeRequest("/x")?.host == "a")
    }

    @Test(
        "a caller's request id has to be well formed",
        arguments: [
            ("a", true), ("A-z_0.9", true), (String(repeating: "a", count: 128), true), ("", false),
            (String(repeating: "a", count: 129), false),
            ("a b", false), ("a\r\nb", false), ("é", false), ("a/b", false),
        ])
    func requestID(text: String, isValid: Bool) {
        #expect(RequestID(callers: text.utf8).map { "\($0)" } == (isValid ? text : nil))
    }

    @Test("made request ids differ and are well formed themselves")
    func madeIDs() {
        var generator = SystemRandomNumberGenerator()
        var source = RequestID.Source(using: &generator)
        let ids = (0..<100_000).map { _ in "\(source.next())" }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { RequestID(callers: $0.utf8) != nil })
    }
}
