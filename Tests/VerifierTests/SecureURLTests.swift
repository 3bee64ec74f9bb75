// Which addresses trust may be fetched from, and where a redirect may lead.
import MartletVerifier
import Testing

@Suite struct SecureURLTests {
    @Test(arguments: [
        ("https://auth.example", "https://auth.example", "/"),
        ("https://auth.example/", "https://auth.example", "/"),
        ("https://auth.example/jwks.json", "https://auth.example", "/jwks.json"),
        ("HTTPS://Auth.Example/Jwks", "https://auth.example", "/Jwks"),
        ("https://auth.example:8443/a?b=c&d=/e", "https://auth.example:8443", "/a?b=c&d=/e"),
        ("https://auth.example?a=b", "https://auth.example", "/?a=b"),
        ("https://auth.example/a//b/../c", "https://auth.example", "/a//b/../c"),
        ("https://auth.example/%2F%00", "https://auth.example", "/%2F%00"),
        ("https://auth.example/a@b:c", "https://auth.example", "/a@b:c"),
        ("https://auth", "https://auth", "/"),
        ("https://192.0.2.1/", "https://192.0.2.1", "/"),
        ("https://[2001:db8::1]:443/a", "https://[2001:db8::1]:443", "/a"),
        ("https://under_score.example/", "https://under_score.example", "/"),
        ("http://localhost", "http://localhost", "/"),
        ("http://LOCALHOST:8080/a", "http://localhost:8080", "/a"),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:1", "/a"),
        ("http://127.255.0.9/", "http://127.255.0.9", "/"),
        ("http://[::1]:8080/a", "http://[::1]:8080", "/a"),
    ])
    func `an address is taken as it is written, scheme and host in lower case`(text: String, origin: String, target: String) throws {
        let url = try SecureURL(text).unwrapped()
        #expect(url.origin == origin && url.target == target && url.description == origin + target)
        #expect(url.isEncrypted == origin.hasPrefix("https"))
        #expect(SecureURL(url.description) == url)
    }

    @Test(arguments: [
        ("", "nothing"), ("auth.example/jwks", "no scheme"), ("//auth.example/jwks", "no scheme"), ("/jwks", "no host"),
        ("https:", "no host"), ("https://", "no host"), ("https:///jwks", "no host"), ("https://:443/", "no host"), ("https:/a", "no host"),
        ("ftp://auth.example/", "scheme"), ("file:///etc/passwd", "scheme"), ("gopher://localhost/", "scheme"), ("httpss://a/", "scheme"),
        ("http://auth.example/", "plain"), ("http://10.0.0.1/", "plain"), ("http://localhost.example/", "plain"),
        ("http://127.0.0.1.example/", "plain"), ("http://127.1/", "not four parts"), ("http://127.0.0.256/", "no address"),
        ("http://127.0.0.+1/", "no address"), ("http://2130706433/", "plain"), ("http://0.0.0.0/", "plain"), ("http://[::]/", "plain"),
        ("http://[::ffff:127.0.0.1]/", "plain"), ("http://localhost./", "plain"), ("http://127..0.1/", "no address"),
        ("https://user@auth.example/", "user"), ("https://user:secret@auth.example/", "user"), ("http://localhost@evil.example/", "user"),
        ("http://localhost:80@evil.example/", "user"), ("https://auth.example/#a", "fragment"), ("https://auth.example#", "fragment"),
        ("https://auth.example:/", "port"), ("https://auth.example:a/", "port"), ("https://auth.example:1234567/", "port"),
        ("https://auth.example:-1/", "port"), ("https://auth.example:80:80/", "port"), ("https://[::1/", "bracket"),
        ("https://[::1]a/", "after the bracket"), ("https://[::g]/", "no hex digit"), ("https://a b/", "space"),
        ("https://auth.example/a b", "space"), ("https://auth.example/\r\nx: y", "line"), ("https://auth.example/\0", "control"),
        ("https://auth.example/\u{7F}", "control"), ("https://auth.example/é", "not ASCII"), ("https://аuth.example/", "not ASCII"),
        (#"https://auth.example\@evil.example/"#, "backslash"), (#"https://auth.example/\a"#, "backslash"), ("https://a%41/", "per cent"),
        ("https://auth.example/<a>", "bracket"), ("https://auth.example/\"", "quote"), ("https://auth.example/{a}", "brace"),
        ("https://a,b/", "comma"), (" https://auth.example/", "space"), ("https://" + String(repeating: "a", count: 2048), "length"),
    ])
    func `what is no address to fetch trust from is none`(text: String, reason: String) {
        #expect(SecureURL(text) == nil, "\(reason)")
    }

    @Test(arguments: [
        ("https://auth.example/a", "/b", "https://auth.example/b"), ("https://auth.example/a", "/b?c#d", nil),
        ("https://auth.example/a", "https://cdn.example/b", "https://cdn.example/b"),
        ("https://auth.example/a", "//cdn.example/b", nil), ("https://auth.example/a", "b", nil), ("https://auth.example/a", "", nil),
        ("https://auth.example/a", "http://auth.example/a", nil), ("https://auth.example/a", "http://localhost/a", nil),
        ("https://auth.example/a", "javascript:1", nil), ("http://localhost/a", "/b", "http://localhost/b"),
        ("http://localhost/a", "http://127.0.0.1:80/b", "http://127.0.0.1:80/b"), ("http://localhost/a", "http://auth.example/", nil),
        ("http://localhost/a", "https://auth.example/b", "https://auth.example/b"), ("http://localhost/a", "/b\r\nc", nil),
    ])
    func `a redirect leads on the same host or to another address of trust, and never out of https`(
        from: String, location: String, to: String?
    ) throws {
        #expect(try SecureURL(from).unwrapped().resolving(location: location)?.description == to)
    }
}
