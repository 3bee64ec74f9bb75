// Where a sign-in may lead, and the stamp of a request that goes round by it.

import MartletCryptography
import MartletEncoding
import OAuth
import Testing

@Suite struct SignInDestinationTests {
    @Test(
        "pages of ours",
        arguments: ["/oauth2/authorize?a=b", "/oauth2/device", "/oauth2/device?user_code=A-B", "/oauth2/logout?x=//y", "/oauth2/logout"])
    func ours(_ text: String) {
        #expect(SignInDestination(text)?.path == text)
    }

    @Test(
        "nothing else",
        arguments: [
            "", "/", "/oauth2/authorize", "/oauth2/authorize?", "/oauth2/authorize/?a=b", "/oauth2/authorizes?a", "/OAUTH2/authorize?a",
            "//oauth2/authorize?a", "https://auth.example/oauth2/authorize?a", "/oauth2/token?a", "/oauth2/device/x", "/oauth2/devices",
            "/oauth2/device#x", "/oauth2/device?a b", "/oauth2/device?\n", "/oauth2/device\r\nX: y", "/oauth2/device?\u{e9}",
            "\\oauth2/device",
            "/oauth2/device?\"", "/oauth2/device?<", "/oauth2/device?\u{0}", "/oauth2/%64evice",
            "/oauth2/authorize?" + String(repeating: "a", count: 8000),
        ])
    func others(_ text: String) {
        #expect(SignInDestination(text) == nil)
    }

    @Test("what is escaped into next comes out of it as it was")
    func escaping() throws {
        let query = "a=%26%20+b&c=d%2Bé&claims={\"x\":1}#z"
        let destination = SignInDestination.authorize(query: SignInDestination.query(query.utf8))
        let location = try #require(destination.after("/oauth2/sign-in"))
        let value = Array(location.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst())
        let decoded = String(decoding: try #require(PercentEncoding.decode(value[...], plusIsSpace: true)), as: UTF8.self)
        #expect(SignInDestination(decoded) == destination)
        #expect(!location.dropFirst("/oauth2/sign-in?next=".count).contains { "&+#".contains($0) })
        let plain = try OAuthParameters(parsing: Array(query.utf8)[...])
        guard case .authorize(let escaped) = destination else { return }
        #expect(try OAuthParameters(parsing: Array(escaped.utf8)[...]) == plain, "what the query says is the same")
    }

    @Test("what would be too long for a request line does not go round")
    func length() {
        let query = String(repeating: "%20", count: 2000)
        #expect(SignInDestination("/oauth2/authorize?" + query) != nil)
        #expect(SignInDestination.authorize(query: query).after("/oauth2/sign-in") == nil)
    }

    private let stamps = RequestStamps(key: HMACKey([UInt8](repeating: 3, count: 32)))
    private let now = UnixTime(seconds: 1_800_000_000)

    @Test("a stamp is read for the query that it was made for, for an hour")
    func stamp() {
        for stamp in [RequestStamp(begun: now), RequestStamp(begun: now, isCancelled: true)] {
            let stamped = stamps.stamped("a=b&c=d", stamp)
            #expect(stamps.read(stamped, at: now.adding(seconds: 3600)) == ("a=b&c=d", stamp))
            #expect(stamps.read(stamped, at: now.adding(seconds: 3601)) == ("a=b&c=d", nil))
            #expect(stamps.read(stamped, at: now.adding(seconds: -1)) == ("a=b&c=d", nil))
            // Going round a second time replaces the stamp.
            #expect(stamps.stamped(stamps.read(stamped, at: now).query, stamp) == stamped)
        }
    }

    @Test("any other is none, and stays in the query")
    func forged() throws {
        let good = stamps.stamped("a=b", RequestStamp(begun: now))
        let other = RequestStamps(key: HMACKey([UInt8](repeating: 4, count: 32)))
        let forged = [
            good.replacing("a=b", with: "a=c"), good.replacing("=b1", with: "=c1"), good.replacing("=b1", with: "=b2"),
            String(good.dropLast()),
            good + "x", other.stamped("a=b", RequestStamp(begun: now)), "a=b&martlet_stamp=", "a=b&martlet_stamp=b1", "a=b&martlet_stamp=.",
            "a=b", "", good + "&x=y",
        ]
        for text in forged { #expect(stamps.read(text, at: now) == (text, nil), "\(text)") }
    }
}

private func == (left: (query: String, stamp: RequestStamp?), right: (String, RequestStamp?)) -> Bool {
    left.query == right.0 && left.stamp == right.1
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let start = utf8.indices.first(where: { self[$0...].hasPrefix(old) }) else { return self }
        return self[..<start] + new + self[index(start, offsetBy: old.count)...]
    }
}
