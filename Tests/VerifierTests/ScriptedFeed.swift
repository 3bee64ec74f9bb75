// ScriptedFeed: the issuer's side of a revocation feed as a test wants it: its clock, its keys, its answers in their order, and
// a record of what was asked. Time passes only here.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Synchronization

final class ScriptedFeed: Fetcher, FeedKeys {
    enum Answer {
        case document([UInt8])
        case status(Int)
        case failure(FetchFailure)
        /// Nothing, until nobody wants it any more.
        case untilCancelled
    }

    struct Asked: Equatable {
        let target: String
        let timeout: Int64
        var maximumBody = 24 << 20
        let accept: String?
        let authorization: String?
    }

    private struct State {
        var now = Issuer.now
        var script: [(answer: Answer, milliseconds: Int64)] = []
        var asked: [Asked] = []
        var snapshot: KeySnapshot
        var revocationsURL: SecureURL? = SecureURL("\(Issuer.url)/.well-known/revocations")
        var demands = 0
        /// What the next demands come to.
        var demandAnswers: [Bool] = []
    }

    let issuer: Issuer
    let feedKey: JWK
    private let state: Mutex<State>
    private let waiting: AsyncStream<Void>
    private let waitingContinuation: AsyncStream<Void>.Continuation

    init() throws {
        issuer = try Issuer()
        feedKey = try JWK.generate(.es256, signs: RevocationDocument.type)
        state = Mutex(State(snapshot: KeySnapshot(keys: JWKSet([issuer.key, feedKey]), generation: 1)))
        (waiting, waitingContinuation) = AsyncStream<Void>.makeStream()
    }

    func follower(
        whenStale: RevocationFeed.WhenStale = .accept, wait: Int64 = 20, authorization: String? = nil, capacity: Int = 1000
    ) -> RevocationFeed {
        RevocationFeed(
            issuer: Issuer.url, keys: self, fetcher: self, whenStale: whenStale, wait: wait, authorization: { authorization },
            random: RandomSource { [UInt8](repeating: 0, count: $0) }, capacity: capacity, clock: { self.now })
    }

    /// A signed document, good unless told otherwise.
    func document(
        _ sequence: Int64, after: Int64? = nil, lineage: String = "l1", _ entries: [RevocationEntry] = [], age: Int64 = 0,
        type: String = RevocationDocument.type, key: JWK? = nil, issuer: String = Issuer.url
    ) throws -> [UInt8] {
        let document = RevocationDocument(
            issuer: issuer, issuedAt: now.seconds - age, lineage: lineage, sequence: sequence, after: after, entries: entries)
        return try (key ?? feedKey).signer(type: type).sign(document.payload)
    }

    /// What comes next, and how long it takes.
    func answers(_ answer: Answer, after milliseconds: Int64 = 0) {
        state.withLock { $0.script.append((answer, milliseconds)) }
    }

    /// The follower asks once. Answers how many milliseconds later it wants to ask again, and lets these pass.
    @discardableResult
    func step(_ follower: RevocationFeed) -> Int64 {
        let next = follower.step(at: now)
        let pause = max(next.milliseconds - now.milliseconds, 0)
        pass(milliseconds: pause)
        return pause
    }

    /// Waits until an answer is being waited for.
    func isWaitedFor() async {
        for await _ in waiting { return }
    }

    var now: UnixTime { state.withLock { $0.now } }
    var asked: [Asked] { state.withLock { $0.asked } }
    var demands: Int { state.withLock { $0.demands } }

    func pass(milliseconds: Int64) { state.withLock { $0.now = $0.now.adding(milliseconds: milliseconds) } }
    func pass(seconds: Int64) { pass(milliseconds: seconds * 1000) }
    func willAnswerDemands(_ answers: [Bool]) { state.withLock { $0.demandAnswers = answers } }
    func move(to url: SecureURL?) { state.withLock { $0.revocationsURL = url } }

    func publishes(_ keys: [JWK], goodUntil: UnixTime = UnixTime(milliseconds: .max)) {
        state.withLock {
            $0.snapshot = KeySnapshot(keys: JWKSet(keys), generation: $0.snapshot.generation + 1, goodUntil: goodUntil)
        }
    }

    // FeedKeys

    var snapshot: KeySnapshot { state.withLock { $0.snapshot } }
    var revocationsURL: SecureURL? { state.withLock { $0.revocationsURL } }

    func demandKeys(at now: UnixTime) -> Bool {
        state.withLock { state in
            state.demands += 1
            return state.demandAnswers.isEmpty ? false : state.demandAnswers.removeFirst()
        }
    }

    // Fetcher

    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        let answer = state.withLock { state -> Answer in
            func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
            state.asked.append(
                Asked(
                    target: request.url.target, timeout: request.timeout, maximumBody: request.maximumBody, accept: header("accept"),
                    authorization: header("authorization")))
            guard !state.script.isEmpty else { return .failure(.unreachable(detail: "the script is at its end")) }
            let (answer, milliseconds) = state.script.removeFirst()
            state.now = state.now.adding(milliseconds: milliseconds)
            return answer
        }
        switch answer {
        case .document(let text): return FetchResponse(status: 200, headers: [("content-type", "application/jwt")], body: text)
        case .status(let status): return FetchResponse(status: status, headers: [("location", "/elsewhere")])
        case .failure(let failure): throw failure
        case .untilCancelled:
            waitingContinuation.yield()
            while !request.isCancelled() {}
            throw .cancelled
        }
    }
}

extension RevocationEntry {
    /// Until an hour after the tests' time.
    static func of(_ kind: RevocationDigest.Kind, _ id: String, issuedBefore: Int64? = nil) -> RevocationEntry {
        RevocationEntry(
            kind: kind, digest: RevocationDigest(kind, id), until: Issuer.now.adding(seconds: 3600), issuedBefore: issuedBefore)
    }
}
