// The grammars of requests, each as a table.

import MartletCryptography
import MartletEncoding
import OAuth
import Testing

@Suite struct OAuthParametersTests {
    @Test(
        "pairs are decoded, empty values are left out",
        arguments: [
            ("scope=openid+read&state=a%26b", ["scope": "openid read", "state": "a&b"]),
            ("scope=&state=x", ["state": "x"]),
            ("state", [:]),
            ("", [:]),
            ("=x&a=b", ["a": "b"]),
            ("a=b&&c=d", ["a": "b", "c": "d"]),
            ("a=b=c", ["a": "b=c"]),
        ])
    func reads(_ text: String, _ expected: [String: String]) throws {
        let parameters = try OAuthParameters(parsing: Array(text.utf8)[...])
        for name in ["scope", "state", "a", "c"] { #expect(try parameters[name] == expected[name]) }
    }

    @Test(
        "what cannot be read is invalid_request",
        arguments: [
            "a=%", "a=%zz", "a=%ff", "%ff=a", Array(repeating: "a=b", count: 65).joined(separator: "&"),
        ])
    func refuses(_ text: String) {
        #expect { try OAuthParameters(parsing: Array(text.utf8)[...]) } throws: { ($0 as? OAuthError)?.code == .invalidRequest }
    }

    @Test("a parameter that is given twice is refused where it is asked for, and by name where all are looked at")
    func repeated() throws {
        let parameters = try OAuthParameters(parsing: Array("a=1&a=2&resource=x&resource=y&b=1".utf8)[...])
        #expect { try parameters["a"] } throws: { ($0 as? OAuthError)?.code == .invalidRequest }
        #expect(try parameters["b"] == "1")
        #expect(parameters.all("resource") == ["x", "y"])
        #expect { try parameters.refuseRepeated(except: ["resource"]) } throws: { ($0 as? OAuthError)?.description.contains("a ") == true }
        let fine = try OAuthParameters(parsing: Array("a=1&resource=x&resource=y".utf8)[...])
        try fine.refuseRepeated(except: ["resource"])
    }

    @Test("an error's description has only the characters that RFC 6749 allows, whatever the name was")
    func description() throws {
        let parameters = try OAuthParameters(parsing: Array("%22%0a%5c=1&%22%0a%5c=2".utf8)[...])
        #expect { try parameters.refuseRepeated(except: []) } throws: { error in
            let allowed: (UInt8) -> Bool = { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
            return (error as? OAuthError)?.description.utf8.allSatisfy(allowed) == true
        }
    }
}

@Suite struct ScopeSetTests {
    @Test(
        "scopes keep their order and stand once",
        arguments: [
            ("openid", ["openid"]), ("b a b", ["b", "a"]), ("", []), ("  a   b ", ["a", "b"]),
            ("a:read https://x/y", ["a:read", "https://x/y"]),
        ])
    func reads(_ text: String, _ names: [String]) throws { #expect(try ScopeSet(parsing: text).names == names) }

    @Test(
        "other characters than RFC 6749 has are invalid_scope",
        arguments: [
            "a\"b", "a\\b", "a\tb", "ä", "a\u{7f}", Array(repeating: "a", count: 65).joined(separator: " "),
        ])
    func refuses(_ text: String) {
        #expect { try ScopeSet(parsing: text) } throws: { ($0 as? OAuthError)?.code == .invalidScope }
    }

    @Test("sets are compared by bytes")
    func sets() throws {
        let (some, more) = (try ScopeSet(parsing: "a b"), try ScopeSet(parsing: "b c a"))
        #expect(some.isSubset(of: more) && !more.isSubset(of: some) && ScopeSet.none.isSubset(of: some))
        #expect(more.subtracting(some).names == ["c"] && more.intersection(some).names == ["b", "a"])
        #expect(some.union(more).text == "a b c" && !some.contains("A"))
    }
}

@Suite struct CodeChallengeTests {
    /// RFC 7636 appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    @Test("the example of RFC 7636 is met by its verifier, and by nothing else")
    func example() throws {
        let challenge = try CodeChallenge(Self.challenge, method: "S256")
        #expect(challenge.isMet(by: Self.verifier))
        #expect(!challenge.isMet(by: Self.verifier + "A"))
        #expect(!challenge.isMet(by: Self.challenge))
        #expect(!challenge.isMet(by: ""))
    }

    @Test(
        "a verifier has 43 to 128 unreserved characters",
        arguments: [
            (42, "a", false), (43, "a", true), (128, "~", true), (129, "a", false), (43, "+", false), (43, "é", false),
        ])
    func verifiers(_ count: Int, _ letter: String, _ isGood: Bool) throws {
        let verifier = String(repeating: letter, count: count)
        let digest = Digest.sha256.hash(Array(verifier.utf8))
        #expect(try CodeChallenge(Base64URL.encode(digest), method: "S256").isMet(by: verifier) == isGood)
    }

    @Test(
        "PKCE cannot be left out, nor weakened",
        arguments: [
            (nil, "S256"), (challenge, nil), (challenge, "plain"), (challenge, "s256"), ("short", "S256"), (challenge + "=", "S256"),
            (verifier + "A", "S256"), (nil, nil),
        ] as [(String?, String?)])
    func refuses(_ challenge: String?, _ method: String?) {
        #expect { try CodeChallenge(challenge, method: method) } throws: { ($0 as? OAuthError)?.code == .invalidRequest }
    }
}

@Suite struct RedirectURITests {
    @Test(
        "what may be registered",
        arguments: [
            "https://app.example/cb", "https://app.example", "https://app.example:8443/cb?x=1", "https://[2001:db8::1]/cb",
            "http://127.0.0.1/cb", "http://127.0.0.1:8080/cb", "http://[::1]/cb", "http://localhost/cb", "http://localhost",
            "com.example.app:/cb", "com.example.app://cb",
        ])
    func registers(_ text: String) throws { #expect(try RedirectURI(registering: text).text == text) }

    @Test(
        "what may not",
        arguments: [
            "", "/cb", "//app.example/cb", "https://", "https:///cb", "https://user@app.example/cb", "https://app.example/cb#",
            "https:app.example",
            "https://app.example/cb#frag", "http://app.example/cb", "http://127.0.0.1.example/cb", "http://127.0.0.1@evil.example/",
            "http://localhost.evil.example/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:x/",
            "http://127.0.0.2/cb",
            "javascript:alert(1)", "data:text/html,x", "myapp:/cb", "HTTPS://app.example/cb", "https://app.example/ cb",
            "https://app.example/\"",
            "https://app.example/\n", "https://äpp.example/", "https://app.example\\@evil.example/", "urn:ietf:wg:oauth:2.0:oob",
            "https://" + String(repeating: "a", count: 2048),
        ])
    func refuses(_ text: String) {
        #expect { try RedirectURI(registering: text) } throws: { ($0 as? OAuthError)?.code == .invalidRedirectURI }
    }

    @Test(
        "a request names it byte by byte; a loopback address may have any port",
        arguments: [
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example/cb/", false),
            ("https://app.example/cb", "https://app.example/cb?x", false),
            ("https://app.example/cb", "https://APP.example/cb", false),
            ("https://app.example/cb", "https://app.example:443/cb", false),
            ("https://app.example/cb", "https://app.example/%63b", false),
            ("https://app.example/cb", "https://app.example/cb/../evil", false),
            ("https://app.example/cb", "https://app.example.evil.example/cb", false),
            ("https://app.example/cb", "http://app.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", false),
            ("http://127.0.0.1/cb", "http://localhost:51004/cb", false),
            ("http://127.0.0.1/cb", "http://[::1]:51004/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb#x", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false),
            ("http://[::1]/cb", "http://[::1]:1/cb", true),
            ("http://localhost/cb", "http://localhost:3000/cb", true),
            ("com.example.app:/cb", "com.example.app:/cb", true),
            ("com.example.app:/cb", "com.example.app:/cb2", false),
        ])
    func matches(_ registered: String, _ presented: String, _ isMatch: Bool) throws {
        #expect(try RedirectURI(registering: registered).matches(presented) == isMatch)
    }
}
