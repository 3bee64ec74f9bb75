// The refresh cookie: how it is set, and who may rely on it.

import HTTP
import Testing

@testable import Web

struct RefreshCookieTests {
    @Test("on https it is a __Host- cookie that scripts cannot read and that only our own pages send")
    func secure() {
        let cookie = RefreshCookie(issuer: "https://auth.example", origins: [])
        #expect(
            cookie.setting("abc", seconds: 1_209_600)
                == "__Host-martlet-refresh=abc; Path=/; Max-Age=1209600; HttpOnly; SameSite=Strict; Secure")
        #expect(cookie.clearing == "__Host-martlet-refresh=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure")
    }

    @Test("on plain http, so on loopback, the prefix and Secure are left out, since browsers would refuse them")
    func loopback() {
        let cookie = RefreshCookie(issuer: "http://localhost:8080", origins: [])
        #expect(cookie.setting("abc", seconds: 60) == "martlet-refresh=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict")
    }

    @Test(
        "it is read by its own name, once, and not when it is empty",
        arguments: [
            ("__Host-martlet-refresh=abc", "abc"), ("a=1; __Host-martlet-refresh=abc; b=2", "abc"), ("martlet-refresh=abc", nil),
            ("__Host-martlet-refresh=", nil), ("__host-martlet-refresh=abc", nil), ("x__Host-martlet-refresh=abc", nil),
            ("__Host-martlet-refresh=a; __Host-martlet-refresh=b", nil), ("", nil),
        ] as [(String, String?)])
    func reading(field: String, expected: String?) throws {
        let cookie = RefreshCookie(issuer: "https://auth.example", origins: [])
        #expect(cookie.token(in: try request("POST", "/auth/refresh", ["Cookie: \(field)"])) == expected)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var site: String?
        var origin: String?
        var isAllowed: Bool
        var testDescription: String { "\(site ?? "no Sec-Fetch-Site"), \(origin ?? "no Origin")" }

        static let origins = [
            "https://app.auth.example", "https://evilauth.example", "https://auth.example.evil.example", "http://auth.example",
            "https://other.example",
            "https://auth.example:8443", "https://xauth.example",
        ]
        static let all = [
            Case(site: "same-origin", origin: "https://auth.example", isAllowed: true),
            Case(site: "same-origin", origin: nil, isAllowed: true),
            Case(site: nil, origin: "https://auth.example", isAllowed: true),
            // A same-site origin that CORS lists.
            Case(site: "same-site", origin: "https://app.auth.example", isAllowed: true),
            Case(site: nil, origin: "https://app.auth.example", isAllowed: true),
            Case(site: nil, origin: "https://auth.example:8443", isAllowed: true),
            // Same site, and nobody listed it.
            Case(site: "same-site", origin: "https://evil.auth.example", isAllowed: false),
            Case(site: nil, origin: "https://evil.auth.example", isAllowed: false), Case(site: "same-site", origin: nil, isAllowed: false),
            // Listed for the API, and of another site.
            Case(site: "cross-site", origin: "https://other.example", isAllowed: false),
            Case(site: nil, origin: "https://other.example", isAllowed: false),
            Case(site: "cross-site", origin: "https://app.auth.example", isAllowed: false),
            // Hosts that only end or begin alike, or have another scheme.
            Case(site: nil, origin: "https://evilauth.example", isAllowed: false),
            Case(site: nil, origin: "https://xauth.example", isAllowed: false),
            Case(site: nil, origin: "https://auth.example.evil.example", isAllowed: false),
            Case(site: nil, origin: "http://auth.example", isAllowed: false),
            // Nothing, and what browsers send where they say nothing.
            Case(site: nil, origin: nil, isAllowed: false), Case(site: nil, origin: "null", isAllowed: false),
            Case(site: "none", origin: nil, isAllowed: false),
            Case(site: "none", origin: "null", isAllowed: false), Case(site: "cross-site", origin: nil, isAllowed: false),
            Case(site: "Same-Origin", origin: nil, isAllowed: false), Case(site: "", origin: nil, isAllowed: false),
            Case(site: nil, origin: "https://AUTH.example", isAllowed: false),
            Case(site: nil, origin: "https://auth.example/", isAllowed: false),
            Case(site: nil, origin: "https://auth.example.", isAllowed: false), Case(site: nil, origin: "//auth.example", isAllowed: false),
        ]
    }

    @Test("only the issuer's own pages, and same-site ones that CORS lists, may rely on it", arguments: Case.all)
    func ownOrigin(test: Case) throws {
        let cookie = RefreshCookie(issuer: "https://auth.example", origins: Case.origins)
        let fields = [test.site.map { "Sec-Fetch-Site: \($0)" }, test.origin.map { "Origin: \($0)" }].compactMap { $0 }
        let request = try request("POST", "/auth/refresh", fields)
        do throws(Refusal) {
            try cookie.requireOwnOrigin(request)
            #expect(test.isAllowed)
        } catch {
            #expect(!test.isAllowed)
            #expect(error.status == .forbidden && error.code == "forbidden")
        }
    }

    @Test("two IPv6 addresses are not one site because they begin alike", arguments: ["[::2]", "[2001:db8::1]", "[::1:1]"])
    func addresses(other: String) throws {
        let cookie = RefreshCookie(issuer: "http://[::1]:8080", origins: ["http://\(other):8080", "http://[::1]:5173"])
        #expect(throws: Refusal.self) { try cookie.requireOwnOrigin(try request("POST", "/", ["Origin: http://\(other):8080"])) }
        #expect(throws: Never.self) { try cookie.requireOwnOrigin(try request("POST", "/", ["Origin: http://[::1]:5173"])) }
    }
}
