// Which requests are asked, by path, method and level.

import Shadow
import Testing

struct EndpointTests {
    @Test(
        "a path is one of the endpoints, is below a prefix, or is nobody's",
        arguments: [
            ("/api/token/", "/api/token/", "an endpoint"), ("/api/token", "/api/token/", "without its slash"),
            ("/api/token/x/", nil, "below an endpoint"), ("/api/tokens/", nil, "a longer name"), ("/", nil, "the root"),
            ("/accounts/7/password/hunter2", "/accounts/…", "below a prefix: what follows is not named"),
            ("/accounts/deep/er", "/accounts/deep/…", "the longest prefix"), ("/accounts", nil, "not quite the prefix"),
        ])
    func path(path: String, name: String?, reason: String) {
        let table = EndpointTable(andBelow: ["/accounts/", "/accounts/deep/"])
        #expect(table.endpoint(of: path)?.name == name, "\(reason)")
    }

    @Test(
        "each level asks what the one before it does, and what it is for",
        arguments: [
            ("GET", .other, [.reads, .logins, .all], "reading"), ("HEAD", .obtain, [.reads, .logins, .all], "not allowed, and harmless"),
            ("POST", .verify, [.reads, .logins, .all], "a question"), ("POST", .obtain, [.logins, .all], "a login"),
            ("POST", .refresh, [.logins, .all], "a refresh"), ("POST", .end, [.logins, .all], "a logout"),
            ("GET", .end, [.logins, .all], "a logout by GET"), ("PATCH", .other, [.all], "a profile"),
            ("BREW", .other, [.all], "who knows"),
        ] as [(String, Endpoint.Act, [ShadowLevel], String)])
    func level(method: String, act: Endpoint.Act, levels: [ShadowLevel], reason: String) {
        #expect(ShadowLevel.allCases.filter { $0.asks(method, act) } == levels, "\(reason)")
    }

    @Test(
        "an address is scheme, host and port",
        arguments: [
            ("http://django:8000", "django:8000"), ("https://old.example/", "old.example"), ("http://[::1]:8000", "[::1]:8000"),
            ("http://127.0.0.1", "127.0.0.1"), ("http://", nil), ("ftp://a", nil), ("http://a/b", nil), ("http://a:b", nil),
            ("http://a:", nil),
            ("http://u:p@a", nil), ("http://a?b", nil), ("http://a b", nil), ("http://[::1", nil), ("http://[]", nil), ("django:8000", nil),
            ("http://a:123456", nil),
        ])
    func address(text: String, authority: String?) {
        #expect(UpstreamAddress(text)?.authority == authority)
    }
}
