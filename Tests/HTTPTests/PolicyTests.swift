// Cross-origin rules, clients behind proxies, and the pages.

import HTTP
import Testing

struct CORSPolicyTests {
    @Test("without origins no answer says anything")
    func none() {
        var headers = Headers()
        CORSPolicy.none.apply(to: &headers, path: nil, origin: Array("https://a".utf8)[...])
        #expect(headers == Headers())
    }

    @Test(
        "a listed origin may read answers, others hear nothing but Vary",
        arguments: [
            ("https://app.example", true), ("https://app.example.evil", false), ("http://app.example", false),
            ("https://APP.example", false),
            ("null", false), ("*", false), ("", false),
        ])
    func origins(origin: String, isListed: Bool) throws {
        let policy = try #require(CORSPolicy(origins: ["https://app.example", "http://localhost:5173"]))
        var headers = Headers()
        policy.apply(to: &headers, path: nil, origin: Array(origin.utf8)[...])
        policy.applyPreflight(to: &headers, path: nil, origin: Array(origin.utf8)[...], allow: "GET")
        #expect(headers[.vary] == "Origin")
        #expect(headers[.accessControlAllowOrigin] == (isListed ? origin : nil))
        #expect(headers.contains(.accessControlAllowCredentials) == isListed)
        #expect(headers.contains(.accessControlAllowMethods) == isListed)
    }

    @Test("at a path that is closed a listed origin hears nothing")
    func closed() throws {
        let origin = Array("https://app.example".utf8)[...]
        let policy = try #require(CORSPolicy(origins: ["https://app.example"])).closed(at: ["/page"])
        for (path, isOpen) in [("/page", false), ("/page/", true), ("/other", true)] {
            var headers = Headers()
            policy.apply(to: &headers, path: Array(path.utf8)[...], origin: origin)
            policy.applyPreflight(to: &headers, path: Array(path.utf8)[...], origin: origin, allow: "GET")
            #expect(headers.contains(.accessControlAllowOrigin) == isOpen && headers.contains(.accessControlAllowMethods) == isOpen)
        }
    }

    @Test(
        "what is no origin is refused at the start",
        arguments: ["*", "null", "https://*.a", "https://a/", "https://a/b", "a", "https://", "https://A", "ftp://a"])
    func settings(origin: String) {
        #expect(CORSPolicy(origins: [origin]) == nil)
    }
}

struct ClientAddressTests {
    @Test(
        "addresses read and write as RFC 5952 says",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1::", "1::"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1.2.3", nil), ("1.2.3.256", nil), ("01.2.3.4", nil), ("1.2.3.4.5", nil),
            ("1::2::3", nil),
            ("1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7:8:9", nil), (":1", nil), ("1:", nil), ("::1:", nil), ("12345::", nil), ("g::", nil),
            ("+1::", nil),
            ("fe80::1%eth0", nil), ("", nil), (":", nil), (":::", nil), ("1:2:3:4:5:6:7::8", nil),
        ])
    func text(text: String, expected: String?) {
        #expect(ClientAddress(text.utf8)?.description == expected)
    }

    @Test("IPv6 counts by /64, IPv4 whole")
    func rateKeys() {
        let key = { (text: String) in ClientAddress(text.utf8)?.rateKey }
        #expect(key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9"))
        #expect(key("2001:db8:1:2::1") != key("2001:db8:1:3::1"))
        #expect(key("192.0.2.1") != key("192.0.2.2"))
    }
}

struct TrustedProxiesTests {
    @Test(
        "the rightmost address that no trusted proxy has is the client",
        arguments: [
            ("203.0.113.9", ["X-Forwarded-For: 1.1.1.1"], "203.0.113.9", "a peer that is no proxy is not believed"),
            ("10.0.0.1", [], "10.0.0.1", "a proxy that says nothing"),
            ("10.0.0.1", ["X-Forwarded-For: 1.1.1.1"], "1.1.1.1", "one proxy"),
            ("10.0.0.1", ["X-Forwarded-For: 6.6.6.6, 1.1.1.1"], "1.1.1.1", "what the client wrote itself is not believed"),
            ("10.0.0.1", ["X-Forwarded-For: 1.1.1.1, 10.9.9.9"], "1.1.1.1", "two proxies"),
            ("10.0.0.1", ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.1.1.1"], "1.1.1.1", "two fields are one list"),
            ("10.0.0.1", ["X-Forwarded-For: 10.1.1.1, 10.9.9.9"], "10.1.1.1", "proxies all the way"),
            ("10.0.0.1", ["X-Forwarded-For: 1.1.1.1, unknown"], "10.0.0.1", "a word that is no address ends the chain"),
            ("10.0.0.1", ["X-Forwarded-For: 1.1.1.1,"], "10.0.0.1", "so does an empty one"),
            ("10.0.0.1", ["X-Forwarded-For: 1.1.1.1:8080"], "1.1.1.1", "a port is left out"),
            ("10.0.0.1", ["X-Forwarded-For: [2001:db8::1]:8080"], "2001:db8::1", "so are brackets"),
            ("2001:db8:ffff::1", ["X-Forwarded-For: 2001:db8::7"], "2001:db8::7", "an IPv6 proxy"),
            ("10.0.0.1", ["Forwarded: for=1.1.1.1"], "10.0.0.1", "the other field is ignored"),
        ])
    func forwardedFor(peer: String, fields: [String], expected: String, reason: String) throws {
        let proxies = try #require(TrustedProxies(["10.0.0.0/8", "2001:db8:ffff::/48"]))
        #expect(try client(proxies, peer, fields) == expected, "\(reason)")
    }

    @Test(
        "the Forwarded field of RFC 7239",
        arguments: [
            ("for=1.1.1.1;proto=https", "1.1.1.1"), ("proto=https; For=\"[2001:db8::1]:47\"", "2001:db8::1"),
            ("for=6.6.6.6, for=1.1.1.1", "1.1.1.1"), ("for=_hidden", "10.0.0.1"), ("proto=https", "10.0.0.1"),
        ])
    func forwarded(field: String, expected: String) throws {
        let proxies = try #require(TrustedProxies(["10.0.0.0/8"], field: .forwarded))
        #expect(try client(proxies, "10.0.0.1", ["Forwarded: " + field, "X-Forwarded-For: 7.7.7.7"]) == expected)
    }

    @Test("a local peer is a proxy only if told so")
    func localPeers() throws {
        let head = try #require(parsedHead("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"))
        #expect(TrustedProxies([])?.client(peer: .local, head: head) == .local)
        #expect(TrustedProxies([], trustsLocalPeers: true)?.client(peer: .local, head: head).description == "1.1.1.1")
    }

    @Test(
        "what is no network is refused at the start",
        arguments: ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/a", "a/8", "10.0.0.0/-1", "1.1.1.1/8/8", ""])
    func settings(cidr: String) {
        #expect(TrustedProxies([cidr]) == nil)
    }

    private func client(_ proxies: TrustedProxies, _ peer: String, _ fields: [String]) throws -> String {
        let head = try #require(parsedHead((["GET / HTTP/1.1", "Host: a"] + fields).map { $0 + "\r\n" }.joined() + "\r\n"))
        return try proxies.client(peer: #require(ClientAddress(peer.utf8)), head: head).description
    }
}

struct StaticFilesTests {
    @Test("files are routes, with their media type, tag and security fields")
    func files() throws {
        let files = StaticFiles([.init(name: "index.html", bytes: Array("<p>".utf8)), .init(name: "js/app.js", bytes: [])])
        #expect(files.routes.map(\.pattern) == ["/index.html", "/", "/js/app.js"])
        let page = try response(files.routes[1], [])
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.headers[.contentSecurityPolicy]?.contains("unsafe-inline") == false)
        #expect(page.headers[.xContentTypeOptions] == "nosniff")
        #expect(page.body == .bytes(Array("<p>".utf8)))
        #expect(try response(files.routes[2], []).headers[.etag] != page.headers[.etag])
    }

    @Test("a page the browser has is 304")
    func revalidation() throws {
        let route = try #require(StaticFiles([.init(name: "a.css", bytes: [1])]).routes.first)
        let tag = try #require(try response(route, []).headers[.etag])
        for held in [tag, "W/" + tag, "\"x\", " + tag, "*"] {
            let answer = try response(route, ["If-None-Match: " + held])
            #expect(answer.status == .notModified)
            #expect(answer.body == .none)
            #expect(answer.headers[.etag] == tag)
        }
        #expect(try response(route, ["If-None-Match: \"x\""]).status == .ok)
    }

    private func response(_ route: Route, _ fields: [String]) throws -> Response {
        guard case .respond(let response) = route.handler(try #require(makeRequest(route.pattern, fields))) else {
            throw Refusal.invalidRequest("no answer")
        }
        return response
    }
}
