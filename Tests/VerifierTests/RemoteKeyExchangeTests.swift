// What goes over the wire: the addresses of the metadata, the fields, the time that is left for each exchange.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct RemoteKeyExchangeTests {
    private let clock = OwnedClock()
    private let issuer = ScriptedIssuer()

    /// RFC 8414 §3.1, OpenID Connect Discovery §4.1.
    @Test(arguments: [
        (
            "https://auth.example", "https://auth.example/.well-known/oauth-authorization-server",
            "https://auth.example/.well-known/openid-configuration"
        ),
        (
            "https://auth.example/", "https://auth.example/.well-known/oauth-authorization-server",
            "https://auth.example/.well-known/openid-configuration"
        ),
        (
            "https://auth.example/issuer1", "https://auth.example/.well-known/oauth-authorization-server/issuer1",
            "https://auth.example/issuer1/.well-known/openid-configuration"
        ),
        (
            "https://auth.example:8443/a/b/", "https://auth.example:8443/.well-known/oauth-authorization-server/a/b",
            "https://auth.example:8443/a/b/.well-known/openid-configuration"
        ),
        (
            "http://localhost:8080", "http://localhost:8080/.well-known/oauth-authorization-server",
            "http://localhost:8080/.well-known/openid-configuration"
        ),
    ])
    func `metadata is asked for where the issuer has it`(identifier: String, first: String, second: String) throws {
        let source = try RemoteKeySource.scripted(issuer, clock, .issuer(identifier))
        source.begin()
        _ = source.step(at: clock.now)
        #expect(issuer.asked.map(\.url.description) == [first, second])
    }

    @Test(arguments: [
        "http://auth.example", "auth.example", "", "https://", "https://user@auth.example", "https://auth.example?a=b",
        "https://auth.example/#a", "ftp://auth.example", "https://auth.example/\n",
    ])
    func `what is no issuer gets no source`(identifier: String) {
        #expect(RemoteKeySource(.issuer(identifier), fetcher: issuer, clock: clock.read) == nil)
    }

    @Test func `an issuer that cannot be reached at one address is not asked at the other`() throws {
        issuer.answer("/.well-known/oauth-authorization-server") { _ throws(FetchFailure) in throw .timedOut }
        let source = try RemoteKeySource.scripted(issuer, clock, .issuer(Issuer.url))
        source.begin()
        _ = source.step(at: clock.now)
        #expect(issuer.asked.count == 1 && source.state.lastFailure == .exchange(.timedOut))
    }

    @Test func `the feed's address comes from the metadata, and only a safe one`() throws {
        issuer.publish([try JWK.generate(.es256)])
        for (written, read) in [
            ("https://feed.example/revocations", "https://feed.example/revocations"), ("http://feed.example/revocations", nil),
            ("http://localhost/revocations", nil), ("/revocations", nil), (nil, nil),
        ] {
            issuer.describe(revocations: written)
            let source = try RemoteKeySource.scripted(issuer, clock, .issuer(Issuer.url))
            source.begin()
            #expect(source.revocationsURL == nil)
            _ = source.step(at: clock.now)
            #expect(source.revocationsURL?.description == read && source.state.failures == 0)
        }
    }

    @Test func `nothing is sent but accept and if-none-match, also to where a redirect leads`() throws {
        issuer.answer { _ in FetchResponse(status: 302, headers: [("location", "https://cdn.example/keys")]) }
        let keys = JWKSet([try JWK.generate(.es256)]).publicJSON
        issuer.answer("/keys") { _ in FetchResponse(status: 200, headers: [("etag", #"W/"1""#)], body: keys) }
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        source.live(clock, seconds: 240)
        #expect(issuer.asked.count == 4)
        for (place, request) in issuer.asked.enumerated() {
            #expect(request.headers.map(\.name) == (place < 2 ? ["accept"] : ["accept", "if-none-match"]))
            #expect(place < 2 || request.headers.last?.value == #"W/"1""#)
            #expect(request.maximumBody == 1 << 20)
        }
    }

    @Test(arguments: ["", "\"", "\"a\r\nx: y\"", "\"a b\"", "\"" + String(repeating: "a", count: 600) + "\""])
    func `an entity tag that could not stand in a request is not sent`(entityTag: String) throws {
        issuer.publish([try JWK.generate(.es256)], entityTag: entityTag)
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        source.live(clock, seconds: 240)
        #expect(issuer.asked.count == 2 && issuer.asked.allSatisfy { $0.headers.count == 1 })
    }

    @Test func `a fetch for an unknown key, or that the feed wants, is not to be answered by a cache on the way`() throws {
        issuer.publish([try JWK.generate(.es256)])
        let source = try RemoteKeySource.scripted(issuer, clock)
        source.begin()
        _ = source.step(at: clock.now)
        #expect(source.look(for: "new", at: clock.now) == .pending)
        _ = source.step(at: clock.now)
        #expect(source.demandKeys(at: clock.now))
        _ = source.step(at: clock.now)
        let asked = issuer.asked.map { request in request.headers.filter { $0.name == "cache-control" }.map(\.value) }
        #expect(asked == [[], ["no-cache"], ["no-cache"]])
    }

    @Test func `an entity tag is for the address that it came from`() throws {
        let (old, new) = (try JWK.generate(.es256).renamed("old"), try JWK.generate(.es256).renamed("new"))
        issuer.describe(keySet: "https://auth.example/old")
        let oldKeys = JWKSet([old]).publicJSON
        issuer.answer("/old") { _ in FetchResponse(status: 200, headers: [("etag", "\"1\"")], body: oldKeys) }
        issuer.publish([new], entityTag: "\"1\"")
        let source = try RemoteKeySource.scripted(issuer, clock, .issuer(Issuer.url))
        source.begin()
        _ = source.step(at: clock.now)
        issuer.describe()
        source.live(clock, seconds: 86_400)
        #expect(source.snapshot.keys.contains(keyID: "new") && !source.snapshot.keys.contains(keyID: "old"))
        #expect(issuer.count("/old") > 1 && source.state.failures == 0)
    }

    @Test func `all exchanges of a fetch share five seconds`() throws {
        issuer.describe()
        let slow: ScriptedIssuer.Answer = { [clock] _ in
            clock.pass(milliseconds: 1600)
            return FetchResponse(status: 302, headers: [("location", "/jwks")])
        }
        issuer.answer("/jwks", slow)
        let source = try RemoteKeySource.scripted(issuer, clock, .issuer(Issuer.url))
        source.begin()
        _ = source.step(at: clock.now)
        #expect(issuer.asked.map(\.timeout) == [5000, 5000, 3400, 1800, 200])
        #expect(issuer.asked.map(\.connectTimeout) == [2000, 2000, 2000, 1800, 200])
        #expect(source.state.lastFailure == .tooManyRedirects)
    }

    @Test func `refreshes are spread over 75 to 85 per cent of the lifetime, failures by a quarter`() throws {
        issuer.publish([try JWK.generate(.es256)], cacheControl: "max-age=1000")
        for (byte, next, retry) in [(UInt8(0), 750.0, 0.75), (0x80, 800, 1), (0xFF, 850, 1.25)] {
            let source = try RemoteKeySource(
                .keySet(SecureURL(ScriptedIssuer.keySetURL).unwrapped()), fetcher: issuer,
                random: RandomSource { [UInt8](repeating: byte, count: $0) }, clock: clock.read
            ).unwrapped()
            source.begin()
            let due = source.step(at: clock.now)
            #expect(abs(Double(due.milliseconds - clock.now.milliseconds) / 1000 - next) < 0.5)
            issuer.answer { _ in FetchResponse(status: 500) }
            clock.set(due)
            let again = source.step(at: clock.now)
            #expect(abs(Double(again.milliseconds - clock.now.milliseconds) / 1000 - retry) < 0.01)
            issuer.publish([try JWK.generate(.es256)], cacheControl: "max-age=1000")
        }
    }

    @Test func `keys are fetched again before a short ceiling, whatever lifetime they have`() throws {
        issuer.publish([try JWK.generate(.es256)], cacheControl: "max-age=86400")
        let limits = RemoteKeySource.Limits(ceiling: 3600, cooldown: 5)
        let source = try RemoteKeySource.scripted(issuer, clock, limits: limits)
        source.begin()
        #expect(source.step(at: clock.now) == clock.now.adding(seconds: 2880))
        #expect(source.snapshot.goodUntil == clock.now.adding(seconds: 3600) && source.state.isReady(at: clock.now))
        #expect(source.look(for: "b", at: clock.now) == .pending)
        _ = source.step(at: clock.now)
        #expect(source.state.cooldownUntil == clock.now.adding(seconds: 5))
        clock.pass(seconds: 3600)
        #expect(!source.state.isReady(at: clock.now) && source.state.age(at: clock.now) == 3600)
        #expect(RemoteKeySource.Limits(ceiling: 0, cooldown: -1) == RemoteKeySource.Limits(ceiling: 60, cooldown: 1))
    }

    @Test func `the feed's address goes when the metadata does not name it any more`() throws {
        issuer.publish([try JWK.generate(.es256)], cacheControl: "max-age=86400")
        issuer.describe(revocations: "https://auth.example/revocations")
        let source = try RemoteKeySource.scripted(issuer, clock, .issuer(Issuer.url))
        source.begin()
        _ = source.step(at: clock.now)
        #expect(source.revocationsURL != nil)
        issuer.describe()
        source.live(clock, seconds: 2 * 86_400)
        #expect(source.revocationsURL == nil)
    }

    @Test func `every failure has a code and a sentence`() {
        let failures: [KeyFetchFailure] = [
            .exchange(.unreachable(detail: "x")), .exchange(.timedOut), .exchange(.tooLarge), .exchange(.untrusted(detail: "x")),
            .exchange(.cancelled), .status(500), .tooManyRedirects, .badRedirect, .badMetadata, .wrongIssuer, .badKeySet(.invalidJSON),
            .noUsableKey,
        ]
        #expect(Set(failures.map(\.code)).count == failures.count)
        #expect(failures.allSatisfy { !$0.code.contains(" ") && $0.message.hasSuffix(".") })
    }
}
