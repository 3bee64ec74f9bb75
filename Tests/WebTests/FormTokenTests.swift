// What proves that a form is ours, and the cookies that it is bound to.

import HTTP
import MartletCryptography
import MartletEncoding
import Testing

@testable import Web

struct FormTokenTests {
    private let tokens = FormTokens(key: HMACKey(Array(repeating: 7, count: 32)))
    private static func value(_ byte: UInt8) -> BrowserCookie.Value {
        BrowserCookie.Value(random: RandomSource { Array(repeating: byte, count: $0) })
    }

    @Test("a browser's own token is taken, any number of times")
    func own() throws {
        let token = tokens.token(for: Self.value(1))
        for _ in 0..<2 { #expect(tokens.accepts(token, for: Self.value(1), in: try request("POST", "/x", []))) }
        #expect(tokens.token(for: Self.value(1)) == token && tokens.token(for: Self.value(2)) != token)
    }

    @Test(
        "anything else is not",
        arguments: [
            "nothing", "empty", "another browser's", "another key's", "cut", "longer", "padded", "no base64url", "one bit off",
            "the cookie itself",
        ])
    func foreign(what: String) throws {
        let value = Self.value(1)
        let good = tokens.token(for: value)
        var bytes = try #require(Base64URL.decode(good))
        bytes[31] ^= 1
        let token: String? =
            switch what {
            case "nothing": nil
            case "empty": ""
            case "another browser's": tokens.token(for: Self.value(2))
            case "another key's": FormTokens(key: HMACKey(Array(repeating: 8, count: 32))).token(for: value)
            case "cut": String(good.dropLast(4))
            case "longer": good + "AAAA"
            case "padded": good + "="
            case "no base64url": "!" + good.dropFirst()
            case "one bit off": Base64URL.encode(bytes)
            default: Base64URL.encode(value.bytes)
            }
        #expect(!tokens.accepts(token, for: value, in: try request("POST", "/x", [])), "\(what)")
    }

    @Test("without the cookie no token is any good")
    func cookieless() throws {
        #expect(!tokens.accepts(tokens.token(for: Self.value(1)), for: nil, in: try request("POST", "/x", [])))
    }

    @Test(
        "a browser that says where the request comes from must say that it comes from us",
        arguments: [("same-origin", true), ("same-site", false), ("cross-site", false), ("none", false), ("", false)])
    func site(site: String, isAccepted: Bool) throws {
        let token = tokens.token(for: Self.value(1))
        #expect(tokens.accepts(token, for: Self.value(1), in: try request("POST", "/x", ["Sec-Fetch-Site: \(site)"])) == isAccepted)
    }

    @Test("said twice is not said")
    func siteTwice() throws {
        let twice = try request("POST", "/x", ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin"])
        #expect(!tokens.accepts(tokens.token(for: Self.value(1)), for: Self.value(1), in: twice))
    }

    @Test("on https the cookies are __Host- ones that scripts cannot read; on loopback without what browsers would refuse")
    func cookies() {
        let text = Base64URL.encode(Self.value(1).bytes)
        let session = BrowserCookie(.session, issuer: "https://auth.example")
        #expect(
            session.setting(Self.value(1), seconds: 3600)
                == "__Host-martlet-session=\(text); Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure")
        #expect(session.clearing == "__Host-martlet-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure")
        let visitor = BrowserCookie(.visitor, issuer: "http://localhost:8080")
        #expect(visitor.setting(Self.value(1)) == "martlet-visitor=\(text); Path=/; HttpOnly; SameSite=Lax")
    }

    @Test("a cookie is read under its own name, once, in the one spelling of 32 bytes")
    func reading() throws {
        let cookie = BrowserCookie(.session, issuer: "https://auth.example")
        let text = Base64URL.encode(Self.value(9).bytes)
        let fields: [(String, BrowserCookie.Value?)] = [
            ("__Host-martlet-session=\(text)", Self.value(9)), ("a=b; __Host-martlet-session=\(text)", Self.value(9)),
            ("martlet-session=\(text)", nil), ("__Host-martlet-visitor=\(text)", nil), ("__Host-martlet-session=", nil),
            ("__Host-martlet-session=\(text)=", nil), ("__Host-martlet-session=\(text.dropLast(2))", nil),
            ("__Host-martlet-session=\(text); __Host-martlet-session=\(text)", nil),
        ]
        for (field, value) in fields { #expect(cookie.value(in: try request("POST", "/x", ["Cookie: \(field)"])) == value, "\(field)") }
        #expect(Self.value(9).hash == Digest.sha256.hash(Self.value(9).bytes) && Self.value(9).hash.count == 32)
    }
}
