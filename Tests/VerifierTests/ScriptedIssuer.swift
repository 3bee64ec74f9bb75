// An issuer that does what a test tells it to, at times that the test owns.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Synchronization

/// A clock that only moves when told.
final class OwnedClock: Sendable {
    private let time: Mutex<UnixTime>

    init(_ time: UnixTime = Issuer.now) { self.time = Mutex(time) }

    var now: UnixTime { time.withLock { $0 } }
    var read: @Sendable () -> UnixTime { { self.now } }

    func pass(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
    func pass(milliseconds: Int64) { time.withLock { $0 = $0.adding(milliseconds: milliseconds) } }
    func set(_ now: UnixTime) { time.withLock { $0 = now } }
}

/// Answers exchanges by their path, and remembers them.
final class ScriptedIssuer: Fetcher {
    typealias Answer = @Sendable (FetchRequest) throws(FetchFailure) -> FetchResponse

    static let keySetURL = "\(Issuer.url)/jwks"

    private struct State {
        var answers: [String: Answer] = [:]
        var asked: [FetchRequest] = []
        var meanwhile: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// From now on this path has this answer; others have 404.
    func answer(_ target: String = "/jwks", _ answer: @escaping Answer) {
        state.withLock { $0.answers[target] = answer }
    }

    /// Done during the next exchange, once.
    func meanwhile(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.meanwhile = action }
    }

    /// All exchanges until now.
    var asked: [FetchRequest] { state.withLock { $0.asked } }

    /// How often this path was asked for.
    func count(_ target: String = "/jwks") -> Int { asked.count { $0.url.target == target } }

    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        let (answer, meanwhile) = state.withLock { state in
            state.asked.append(request)
            defer { state.meanwhile = nil }
            return (state.answers[request.url.target], state.meanwhile)
        }
        meanwhile?()
        guard let answer else { return FetchResponse(status: 404) }
        return try answer(request)
    }

    /// Publishes these keys, with an entity tag that is honoured when there is one.
    func publish(_ keys: [JWK], cacheControl: String? = nil, age: String? = nil, entityTag: String? = nil) {
        let headers = [("cache-control", cacheControl), ("age", age), ("etag", entityTag)].compactMap { name, value in
            value.map { (name: name, value: $0) }
        }
        answer { request in
            if let entityTag, request.headers.contains(where: { $0.name == "if-none-match" && $0.value == entityTag }) {
                return FetchResponse(status: 304, headers: headers)
            }
            return FetchResponse(status: 200, headers: headers, body: JWKSet(keys).publicJSON)
        }
    }

    /// Publishes metadata.
    func describe(
        issuer: String = Issuer.url, at target: String = "/.well-known/oauth-authorization-server", keySet: String = keySetURL,
        revocations: String? = nil
    ) {
        answer(target) { _ in
            FetchResponse(
                status: 200,
                body: JSONWriter.object { writer in
                    writer.member("issuer", issuer)
                    writer.member("jwks_uri", keySet)
                    if let revocations { writer.member("revocations_uri", revocations) }
                })
        }
    }
}

extension RemoteKeySource {
    /// A source of the scripted issuer's keys; every jitter is in the middle of its span.
    static func scripted(
        _ issuer: ScriptedIssuer, _ clock: OwnedClock, _ location: Location? = nil, tiers: FleetTiers? = nil,
        limits: Limits = .init(), pause: @escaping @Sendable (Int64) -> Void = { _ in }
    ) throws -> RemoteKeySource {
        let location = try location ?? .keySet(SecureURL(ScriptedIssuer.keySetURL).unwrapped())
        return try RemoteKeySource(
            location, fetcher: issuer, tiers: tiers, limits: limits, random: RandomSource { [0x80] + [UInt8](repeating: 0, count: $0 - 1) },
            clock: clock.read, pause: pause
        ).unwrapped()
    }

    /// Does all that is due until so many seconds have passed, as the thread would.
    func live(_ clock: OwnedClock, seconds: Int64) {
        let end = clock.now.adding(seconds: seconds)
        while true {
            let next = step(at: clock.now)
            guard next <= end else { break }
            clock.set(max(next, clock.now))
        }
        clock.set(max(end, clock.now))
    }

    /// A verifier with the policy of the fixture.
    var verifier: TokenVerifier {
        TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: self)
    }
}

struct NothingThere: Error {}

extension Optional {
    func unwrapped() throws -> Wrapped {
        guard let self else { throw NothingThere() }
        return self
    }
}
