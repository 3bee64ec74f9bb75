// The policy as a table: what the issuer does, what is asked when, how often the key set is fetched, and what becomes of tokens.
// The clock is the test's own; jitter is in the middle, so a lifetime of 300 s means a refresh after 240.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

/// What can happen in a row of the table.
private enum Act: Sendable {
    /// The issuer publishes the keys of these names from now on.
    case publishes([String], cacheControl: String? = nil, age: String? = nil, entityTag: String? = nil)
    /// The issuer answers for its keys like this from now on.
    case answers(ScriptedIssuer.Answer)
    /// The issuer does this from now on.
    case issuer(@Sendable (ScriptedIssuer) -> Void)
    /// This happens during the next exchange.
    case meanwhile([Act])
    /// So many seconds pass, in which all that is due is done.
    case pass(Int64)
    /// The clock is set by so many seconds.
    case clockIsSet(Int64)
    /// The feed demands keys.
    case demand
    /// Tokens with this many random `kid`s come, and each is tried again when its fetch has ended.
    case storm(Int)
    /// A token of the key of this name has this verdict.
    case token(String, VerificationFailure?)
    /// The key set has been fetched so often in all.
    case fetches(Int)
    /// The next fetch is due in so many seconds.
    case next(Int64)
    /// This holds of the source's state.
    case state(String, @Sendable (KeySourceState) -> Bool)
}

private struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    var location: RemoteKeySource.Location?
    let acts: [Act]

    init(_ name: String, _ location: RemoteKeySource.Location? = nil, _ acts: [Act]) {
        self.name = name
        self.location = location
        self.acts = acts
    }

    var testDescription: String { name }
}

/// Keys by name. "a2" has the `kid` of "a".
private enum Keys {
    static let all: [String: JWK] = {
        let names = ["a", "b", "c", "d", "e", "a2"]
        let keys = names.compactMap { name in
            (try? JWK.generate(.es256).renamed(name == "a2" ? "a" : name)).map { (name, $0) }
        }
        return Dictionary(keys) { first, _ in first }
    }()

    static func token(_ name: String) throws -> [UInt8] {
        try Issuer().token(key: try all[name].unwrapped(), lifetime: 1_000_000)
    }
}

/// One row at work.
private final class World: Sendable {
    let clock = OwnedClock()
    let issuer = ScriptedIssuer()
    let source: RemoteKeySource
    let verifier: TokenVerifier

    init(_ location: RemoteKeySource.Location?) throws {
        source = try .scripted(issuer, clock, location)
        verifier = source.verifier
        source.begin()
    }

    func perform(_ acts: [Act]) throws {
        for (place, act) in acts.enumerated() { try perform(act, "act \(place): \(act)") }
    }

    private func perform(_ act: Act, _ note: String) throws {
        switch act {
        case .publishes(let names, let cacheControl, let age, let entityTag):
            issuer.publish(try names.map { try Keys.all[$0].unwrapped() }, cacheControl: cacheControl, age: age, entityTag: entityTag)
        case .answers(let answer): issuer.answer("/jwks", answer)
        case .issuer(let action): action(issuer)
        case .meanwhile(let acts):
            issuer.meanwhile { #expect(throws: Never.self) { try self.perform(acts) } }
        case .pass(let seconds): source.live(clock, seconds: seconds)
        case .clockIsSet(let seconds): clock.pass(seconds: seconds)
        case .demand: #expect(source.demandKeys(at: clock.now))
        case .storm(let count):
            for number in 0..<count {
                let token = try Issuer().token(key: try Keys.all["e"].unwrapped().renamed("random-\(number)"))
                if verdict(token) == .keyPending {
                    _ = source.step(at: clock.now)
                    #expect(verdict(token) == .unknownKey)
                }
            }
        case .token(let name, let expected): #expect(verdict(try Keys.token(name)) == expected, "\(note)")
        case .fetches(let count): #expect(issuer.count() == count, "\(note)")
        case .next(let seconds): #expect(source.state.nextFetch == clock.now.adding(seconds: seconds), "\(note)")
        case .state(let what, let holds): #expect(holds(source.state), "\(what): \(source.state)")
        }
    }

    private func verdict(_ token: [UInt8]) -> VerificationFailure? {
        do throws(VerificationFailure) {
            _ = try verifier.verify(token, at: clock.now)
            return nil
        } catch {
            return error
        }
    }
}

private let good: VerificationFailure? = nil
private let start: [Act] = [.publishes(["a"]), .pass(0), .token("a", good), .fetches(1)]

private func redirects(_ count: Int) -> ScriptedIssuer.Answer {
    { _ in FetchResponse(status: 302, headers: [("location", "/hop/\(count)")]) }
}

private func failing(_ failure: FetchFailure) -> Act { .answers { _ throws(FetchFailure) in throw failure } }
private func status(_ status: Int) -> Act { .answers { _ in FetchResponse(status: status) } }
private func body(_ text: String) -> Act { .answers { _ in FetchResponse(status: 200, body: Array(text.utf8)) } }
private func lastFailure(_ failure: KeyFetchFailure) -> Act { .state("last failure \(failure)") { $0.lastFailure == failure } }

/// What is no key set: the old keys go on, and it is tried again after 1, 2 and 4 seconds.
private func refused(_ name: String, _ act: Act, _ failure: KeyFetchFailure) -> Row {
    Row(
        name, nil,
        start + [
            act, .pass(240), .fetches(2), .next(1), lastFailure(failure), .pass(1), .fetches(3), .next(2), .pass(2), .fetches(4), .next(4),
            .token("a", good), .state("three in a row") { $0.consecutiveFailures == 3 && $0.generation == 1 },
            .publishes(["a", "b"]), .pass(4), .fetches(5), .token("b", good), .next(240),
            .state("over") { $0.consecutiveFailures == 0 && $0.failures == 3 },
        ])
}

private let rows: [Row] =
    [
        Row(
            "cold start", nil,
            [
                .publishes(["a"]), .token("a", .keyPending), .fetches(0), .pass(0), .token("a", good), .fetches(1), .next(240),
                .token("b", .keyPending),
            ]),
        Row(
            "slow: readers have the old keys meanwhile", nil,
            start + [
                .publishes(["b"]),
                .meanwhile([.token("a", good), .token("b", .keyPending), .clockIsSet(4), .token("a", good), .fetches(2)]),
                .pass(240), .token("b", good), .token("a", .keyPending), .fetches(2),
            ]),
        Row(
            "slow: over the time for the whole", nil,
            start + [
                .answers { _ in FetchResponse(status: 302, headers: [("location", "/jwks")]) }, .meanwhile([.clockIsSet(5)]),
                .pass(240), .fetches(2), lastFailure(.exchange(.timedOut)), .token("a", good),
            ]),
        refused("500", status(500), .status(500)),
        refused("404", status(404), .status(404)),
        refused("204", status(204), .status(204)),
        refused("304 that nobody asked for", status(304), .status(304)),
        refused("garbage", body("<html>"), .badKeySet(.invalidJSON)),
        refused("no set", body(#"{"key":[]}"#), .badKeySet(.invalidKey)),
        refused("empty body", body(""), .badKeySet(.invalidJSON)),
        refused("empty set", body(#"{"keys":[]}"#), .noUsableKey),
        refused("set of unusable keys", body(#"{"keys":[{"kty":"new"},{"kty":"EC","use":"enc"}]}"#), .noUsableKey),
        refused(
            "set of a published secret",
            body(#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#), .noUsableKey),
        refused("huge body", failing(.tooLarge), .exchange(.tooLarge)),
        refused(
            "huge body that the fetcher lets through",
            .answers { _ in FetchResponse(status: 200, body: [UInt8](repeating: 0x20, count: 1 << 20 + 1)) }, .exchange(.tooLarge)),
        refused("unreachable", failing(.unreachable(detail: "refused")), .exchange(.unreachable(detail: "refused"))),
        refused("certificate of somebody else", failing(.untrusted(detail: "name")), .exchange(.untrusted(detail: "name"))),
        refused(
            "redirect to plain http", .answers { _ in FetchResponse(status: 302, headers: [("location", "http://auth.example/k")]) },
            .badRedirect),
        refused(
            "redirect to plain http on this machine",
            .answers { _ in FetchResponse(status: 302, headers: [("location", "http://127.0.0.1/k")]) }, .badRedirect),
        refused("redirect to nowhere", .answers { _ in FetchResponse(status: 301) }, .badRedirect),
        Row(
            "three redirects", nil,
            [
                .issuer { issuer in
                    issuer.answer("/jwks", redirects(1))
                    issuer.answer("/hop/1", redirects(2))
                    issuer.answer("/hop/2") { _ in FetchResponse(status: 308, headers: [("location", "https://cdn.example/hop/3")]) }
                    issuer.answer("/hop/3") { _ in
                        FetchResponse(status: 200, body: JWKSet(["a"].compactMap { Keys.all[$0] }).publicJSON)
                    }
                }, .pass(0), .token("a", good), .fetches(1),
            ]),
        Row(
            "redirect loop", nil,
            start + [
                .answers { _ in FetchResponse(status: 307, headers: [("location", "/jwks")]) }, .pass(240),
                // The first one and three redirects.
                .fetches(5), lastFailure(.tooManyRedirects), .token("a", good),
            ]),
        Row(
            "rotated", nil,
            start + [
                .publishes(["a", "b"]), .token("b", .keyPending), .fetches(1), .pass(0), .fetches(2), .token("b", good), .token("a", good),
                .state("new generation") { $0.generation == 2 },
            ]),
        Row(
            "rotated in time: nobody asks for it", nil,
            start + [.publishes(["a", "b"]), .pass(240), .fetches(2), .token("b", good), .token("a", good)]),
        Row(
            "key removed", nil,
            start + [
                .publishes(["b"]), .token("a", good), .pass(239), .token("a", good), .pass(1), .fetches(2), .token("b", good),
                .token("a", .keyPending), .pass(0), .fetches(3), .token("a", .unknownKey),
            ]),
        Row(
            "two keys of one kid", nil,
            [
                .publishes(["a", "a2"]), .pass(0), .token("a", good), .token("a2", good), .publishes(["a"]), .pass(240),
                .token("a2", .badSignature),
            ]
        ),
        Row(
            "unusable keys beside a usable one", nil,
            [
                .answers { _ in
                    let key = Keys.all["a"]?.publicJSON.map { String(decoding: $0, as: UTF8.self) } ?? ""
                    let others = #"{"kty":"new","kid":"x"},{"kty":"EC","use":"enc"},{"kty":"RSA","alg":"RS1"},7"#
                    return FetchResponse(status: 200, body: Array(#"{"keys":[\#(others),\#(key)]}"#.utf8))
                }, .pass(0), .token("a", good), .fetches(1), .state("counted") { $0.keys == 1 && $0.skippedKeys == 4 },
            ]),
        Row(
            "flapping", nil,
            start + [
                status(500), .pass(240), .fetches(2), .publishes(["a"]), .pass(1), .fetches(3), .next(240), status(500), .pass(240),
                .fetches(4), .next(1), .publishes(["a"]), .pass(1), .fetches(5), .token("a", good),
                .state("same bytes, same generation") { $0.generation == 1 && $0.failures == 2 },
            ]),
        Row(
            "same bytes: same keys, good for longer", nil,
            start + [
                .pass(240), .fetches(2),
                .state("extended") { $0.generation == 1 && $0.goodUntil == Issuer.now.adding(seconds: 240 + 86_400) },
            ]),
        Row(
            "entity tag", nil,
            [
                .publishes(["a"], cacheControl: "max-age=100", entityTag: #""one""#), .pass(0), .next(80), .pass(80), .fetches(2),
                .state("304") { $0.generation == 1 && $0.lastSuccess == Issuer.now.adding(seconds: 80) && $0.failures == 0 },
                .token("a", good), .answers { _ in FetchResponse(status: 304) }, .pass(80), .fetches(3),
                // What a 304 does not say stays as it was.
                .next(80), .publishes(["b"], entityTag: #""two""#), .pass(80), .fetches(4), .token("b", good), .next(240),
            ]),
        Row(
            "unreachable at cold start, then there", nil,
            [
                failing(.unreachable(detail: "down")), .token("a", .keyPending), .pass(0), .fetches(1), .token("a", .keysUnavailable),
                .token("b", .keysUnavailable), .fetches(1), .next(1), .pass(0), .fetches(1), .pass(7), .fetches(4), .next(8),
                .token("a", .keysUnavailable), .meanwhile([.token("a", .keyPending)]), .publishes(["a"]), .pass(8), .fetches(5),
                .token("a", good),
            ]),
        Row(
            "unreachable for an hour: once a minute", nil,
            [failing(.timedOut), .pass(63), .fetches(7), .next(60), .pass(3600), .fetches(67), .token("a", .keysUnavailable), .fetches(67)]),
        Row(
            "ceiling", nil,
            start + [
                status(503), .pass(86_399), .token("a", good), .pass(1), .token("a", .keysUnavailable), .token("b", .keysUnavailable),
                .publishes(["a"]), .pass(60), .token("a", good),
            ]),
        Row(
            "a thousand random kids", nil,
            start + [.storm(1000), .fetches(2), .token("a", good), .next(240)]),
        Row(
            "a thousand random kids while the refresh is due", nil,
            [.publishes(["a"]), .pass(0), .clockIsSet(240), .storm(1000), .fetches(2), .token("a", good)]),
        Row(
            "a thousand random kids during an outage", nil,
            start + [status(500), .storm(1000), .fetches(2), .token("a", good), .next(240)]),
        Row(
            "cooldown: one forced fetch in 30 s", nil,
            start + [
                .token("b", .keyPending), .pass(0), .fetches(2), .token("c", .unknownKey), .pass(29), .token("c", .unknownKey), .fetches(2),
                .pass(1), .token("c", .keyPending), .pass(0), .fetches(3), .token("c", .unknownKey),
            ]),
        Row(
            "cooldown: starts at the end of a slow fetch", nil,
            start + [
                .token("b", .keyPending), .meanwhile([.clockIsSet(4)]), .pass(0), .fetches(2), .pass(29), .token("c", .unknownKey),
                .pass(1), .token("c", .keyPending),
            ]),
        Row(
            "cooldown: started by a failure", nil,
            start + [
                status(500), .token("b", .keyPending), .pass(0), .fetches(2), .token("b", .unknownKey), .token("c", .unknownKey),
                // Nor is the refresh moved by it.
                .next(240), .publishes(["a", "b"]), .pass(29), .token("b", .unknownKey), .fetches(2), .pass(1), .token("b", .keyPending),
                .pass(0), .fetches(3), .token("b", good),
            ]),
        Row(
            "negative memory: a kid that is absent is not asked for again", nil,
            start + [
                .token("b", .keyPending), .pass(0), .fetches(2), .pass(31), .token("b", .unknownKey), .fetches(2), .token("c", .keyPending),
                .token("d", .keyPending), .pass(0), .fetches(3), .pass(31), .token("b", .unknownKey), .token("c", .unknownKey),
                .token("d", .unknownKey), .pass(0), .fetches(3),
            ]),
        Row(
            "negative memory: forgotten when the set changes", nil,
            start + [
                .token("b", .keyPending), .pass(0), .fetches(2), .publishes(["a", "c"]), .pass(240), .fetches(3), .token("c", good),
                .token("b", .keyPending), .publishes(["a", "b", "c"]), .pass(0), .fetches(4), .token("b", good),
            ]),
        Row(
            "negative memory: holds for the lifetime", nil,
            [
                .publishes(["a"], cacheControl: "max-age=100"), .pass(0), .token("b", .keyPending), .pass(0), .pass(99),
                .token("b", .unknownKey), .pass(1), .token("b", .keyPending),
            ]),
        Row(
            "negative memory: five minutes at most, however long the set lives", nil,
            [
                .publishes(["a"], cacheControl: "max-age=86400"), .pass(0), .token("b", .keyPending), .pass(0), .token("b", .unknownKey),
                .publishes(["a", "b"], cacheControl: "max-age=86400"), .pass(300), .token("b", .keyPending), .pass(0), .token("b", good),
            ]),
        Row(
            "the feed's demand is not held back by the cooldown or the memory", nil,
            start + [
                .token("b", .keyPending), .pass(0), .fetches(2), .token("b", .unknownKey), .publishes(["b"]), .demand, .next(0), .pass(0),
                .fetches(3), .token("b", good), .token("a", .unknownKey),
            ]),
        Row(
            "the feed's demands: one fetch in 5 s", nil,
            start + [
                .demand, .pass(0), .fetches(2), .demand, .demand, .next(5), .pass(4), .fetches(2), .pass(1), .fetches(3), .pass(20),
                .fetches(3),
            ]),
        Row(
            "the feed's demand during a fetch causes another", nil,
            start + [.meanwhile([.demand]), .pass(240), .fetches(3)]),
        Row(
            "the feed's demand is repeated until it succeeds", nil,
            start + [
                status(500), .demand, .pass(0), .fetches(2), .next(5), .pass(5), .fetches(3), .publishes(["b"]), .pass(5), .fetches(4),
                .token("b", good), .next(240),
            ]),
        Row(
            "a clock that is set back makes the keys due", nil,
            start + [.clockIsSet(-3600), .next(0), .pass(0), .fetches(2), .next(240), .token("a", good)]),
        Row(
            "a clock that is set back a little changes nothing", nil,
            start + [.clockIsSet(-30), .pass(0), .fetches(1), .next(270)]),
        Row(
            "a clock that is set back during a cooldown ends it", nil,
            start + [.token("b", .keyPending), .pass(0), .clockIsSet(-50), .token("c", .keyPending)]),
        Row(
            "discovery", .issuer(Issuer.url),
            [
                .issuer { $0.describe(revocations: "https://auth.example/revocations") }, .publishes(["a"]), .token("a", .keyPending),
                .pass(0),
                .token("a", good), .fetches(1), .pass(240), .fetches(2), .issuerAsked("/.well-known/oauth-authorization-server", 1),
            ]),
        Row(
            "discovery: fallback to openid-configuration", .issuer(Issuer.url),
            [
                .issuer { $0.describe(at: "/.well-known/openid-configuration") }, .publishes(["a"]), .pass(0), .token("a", good),
                .fetches(1),
            ]),
        Row(
            "discovery: another issuer's document", .issuer(Issuer.url),
            [
                .issuer { $0.describe(issuer: Issuer.url + "/") }, .publishes(["a"]), .pass(0), .token("a", .keysUnavailable), .fetches(0),
                lastFailure(.wrongIssuer),
            ]),
        Row(
            "discovery: another issuer's document, and a right one", .issuer(Issuer.url),
            [
                .issuer { issuer in
                    issuer.describe(issuer: "https://evil.example", keySet: "https://evil.example/jwks")
                    issuer.describe(at: "/.well-known/openid-configuration")
                }, .publishes(["a"]), .pass(0), .token("a", good), .fetches(1),
            ]),
        Row(
            "discovery: keys over plain http", .issuer(Issuer.url),
            [.issuer { $0.describe(keySet: "http://127.0.0.1/jwks") }, .pass(0), .token("a", .keysUnavailable), lastFailure(.badMetadata)]),
        Row(
            "discovery: none", .issuer(Issuer.url),
            [.publishes(["a"]), .pass(0), .token("a", .keysUnavailable), .fetches(0), lastFailure(.status(404)), .next(1)]),
        Row(
            "discovery: the keys move", .issuer(Issuer.url),
            [
                .issuer { issuer in
                    issuer.describe(keySet: "https://auth.example/old")
                    issuer.answer("/old") { _ in FetchResponse(status: 200, body: JWKSet(["b"].compactMap { Keys.all[$0] }).publicJSON) }
                }, .pass(0), .token("b", good),
                .issuer { issuer in
                    issuer.answer("/old") { _ in FetchResponse(status: 410) }
                    issuer.describe()
                }, .publishes(["a"]), .pass(240), lastFailure(.status(410)), .token("b", good), .pass(1), .fetches(1), .token("a", good),
                .issuerAsked("/.well-known/oauth-authorization-server", 2),
            ]),
        Row(
            "discovery: the metadata is gone, the keys are not", .issuer(Issuer.url),
            [
                .issuer { $0.describe() }, .publishes(["a"], cacheControl: "max-age=86400"), .pass(0),
                .issuer { $0.answer("/.well-known/oauth-authorization-server") { _ in FetchResponse(status: 500) } }, .pass(86_400),
                .publishes(["b"], cacheControl: "max-age=86400"), .pass(80_000), .token("b", good),
                .state("no failures") { $0.failures == 0 },
            ]),
    ]
    + [
        ("max-age", "max-age=1000", nil, 800), ("max-age less Age", "public, max-age=1000", "400", 480),
        ("max-age too small", "max-age=5", nil, 48), ("max-age 0", "max-age=0", nil, 48),
        ("max-age too big", "max-age=31536000", nil, 69_120), ("max-age beyond numbers", "max-age=99999999999999999999", nil, 69_120),
        ("no Cache-Control", nil, nil, 240), ("Cache-Control without max-age", "public, immutable", nil, 240),
        ("no-store", "max-age=1000, No-Store", nil, 48), ("no-cache", #"no-cache="a, b", max-age=1000"#, nil, 48),
        ("max-age that is no number", "max-age=soon", nil, 48), ("max-age quoted", #"max-age="1000""#, nil, 800),
        ("Age over max-age", "max-age=600", "700", 48), ("Age that is no number", "max-age=1000", "old", 800),
        ("max-age within quotes of another", #"x="a, max-age=1", max-age=1000"#, nil, 800),
        ("two max-age", "max-age=1000, max-age=5", nil, 800),
        ("s-maxage is for others", "s-maxage=5", nil, 240),
    ].map { (name: String, cacheControl: String?, age: String?, next: Int64) in
        Row("lifetime: \(name)", nil, [.publishes(["a"], cacheControl: cacheControl, age: age), .pass(0), .next(next), .fetches(1)])
    }

extension Act {
    fileprivate static func issuerAsked(_ target: String, _ count: Int) -> Act {
        .issuer { #expect($0.count(target) == count) }
    }
}

@Suite struct RemoteKeySourceTests {
    @Test(arguments: rows)
    private func `whatever the issuer does, keys are fetched when they should be and tokens judged as they should be`(row: Row) throws {
        try World(row.location).perform(row.acts)
    }
}
