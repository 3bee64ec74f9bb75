// Following a revocation feed: what is asked, what is believed, what tokens it ends, and how it goes on when the issuer is
// away, full, or somebody else. The clock is the test's own.
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

struct RevocationFeedTests {
    private let feed: ScriptedFeed

    init() throws {
        feed = try ScriptedFeed()
    }

    // What is asked and applied.

    @Test("the snapshot comes first, then what is newer, for which the issuer may hold the request")
    func snapshotThenDelta() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.session, "a")])))
        feed.answers(.document(try feed.document(6, after: 5, [.of(.session, "b")])), after: 3000)
        #expect(feed.step(follower) == 0)
        #expect(follower.state.sequence == 5 && follower.state.liveEntries == 1)
        #expect(feed.step(follower) == 0)
        feed.step(follower)
        #expect(follower.state.sequence == 6 && follower.state.liveEntries == 2 && follower.state.applied == 2)
        #expect(
            feed.asked == [
                .init(target: "/.well-known/revocations", timeout: 30_000, accept: "application/jwt", authorization: nil),
                .init(
                    target: "/.well-known/revocations?after=5&wait=20&lineage=l1", timeout: 25_000, accept: "application/jwt",
                    authorization: nil),
                .init(
                    target: "/.well-known/revocations?after=6&wait=20&lineage=l1", timeout: 25_000, accept: "application/jwt",
                    authorization: nil),
            ])
    }

    @Test("a query that the address has already stays, and the authorization goes along")
    func query() throws {
        let follower = feed.follower(wait: 99, authorization: "Bearer x")
        feed.move(to: SecureURL("https://auth.example/feed?tenant=1"))
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        feed.step(follower)
        #expect(feed.asked.map(\.target) == ["/feed?tenant=1", "/feed?tenant=1&after=5&wait=25&lineage=l1"])
        #expect(feed.asked.map(\.authorization) == ["Bearer x", "Bearer x"])
    }

    @Test("an empty delta is no news but proves that there are none")
    func emptyDelta() throws {
        let follower = feed.follower()
        #expect(follower.state.staleness == nil && !follower.state.hasSnapshot)
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        feed.pass(seconds: 20)
        #expect(follower.state.staleness == 20)
        feed.answers(.document(try feed.document(5, after: 5)))
        feed.step(follower)
        #expect(follower.state.staleness == 0 && follower.state.sequence == 5)
    }

    @Test("a delta may begin before what is known already")
    func overlap() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.session, "a")])))
        feed.answers(.document(try feed.document(7, after: 2, [.of(.session, "a"), .of(.session, "b")])))
        feed.step(follower)
        feed.step(follower)
        #expect(follower.state.sequence == 7 && follower.state.liveEntries == 2)
    }

    @Test("a gap leads back to the snapshot at once, and is no alarm")
    func gap() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5)))
        feed.answers(.document(try feed.document(9, after: 7, [.of(.session, "c")])))
        feed.answers(.document(try feed.document(9, [.of(.session, "b"), .of(.session, "c")])))
        feed.step(follower)
        #expect(feed.step(follower) == 0)
        #expect(follower.state.sequence == 5 && follower.state.liveEntries == 0)
        feed.step(follower)
        #expect(follower.state.sequence == 9 && follower.state.liveEntries == 2)
        #expect(feed.asked.last?.target == "/.well-known/revocations")
        #expect(follower.state.refused.isEmpty && follower.state.failures == 0)
    }

    @Test("another lineage is taken over from its snapshot, and what was revoked before stays revoked")
    func otherLineage() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(50, [.of(.session, "session-1")])))
        feed.answers(.document(try feed.document(3, after: 2, lineage: "l2")))
        feed.answers(.document(try feed.document(3, lineage: "l2", [.of(.session, "b")])))
        for _ in 0..<3 { feed.step(follower) }
        #expect(follower.state.lineage == "l2" && follower.state.sequence == 3 && follower.state.refused.isEmpty)
        #expect(follower.verdict(on: subject("session-1"), at: feed.now) == .revoked)
        #expect(follower.verdict(on: subject("b"), at: feed.now) == .revoked)
    }

    @Test("two lineages behind one address do not send a follower to and fro without rest")
    func twoLineages() throws {
        let follower = feed.follower()
        for _ in 0..<40 {
            feed.answers(.document(try feed.document(5, lineage: "l1")))
            feed.answers(.document(try feed.document(5, after: 5, lineage: "l2")))
        }
        let start = feed.now
        for _ in 0..<80 { feed.step(follower) }
        #expect(feed.now >= start.adding(seconds: 9))
    }

    @Test("a snapshot where news were asked for is as good; a delta where the snapshot was asked for is not")
    func otherThanAsked() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, after: 4)))
        feed.step(follower)
        #expect(follower.state.refused == [.malformed: 1] && !follower.state.hasSnapshot)
        feed.answers(.document(try feed.document(5)))
        feed.answers(.document(try feed.document(6, [.of(.session, "a")])))
        feed.step(follower)
        feed.step(follower)
        #expect(follower.state.sequence == 6 && follower.state.liveEntries == 1)
    }

    // What is refused.

    @Test("a document that is not to be believed changes nothing and is counted by its reason", arguments: Untrue.allCases)
    func refused(untrue: Untrue) throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.session, "session-1")])))
        feed.step(follower)
        feed.pass(seconds: 10)
        feed.answers(.document(try untrue.document(of: feed)))
        #expect(feed.step(follower) > 0)
        let state = follower.state
        #expect(state.refused == [untrue.refusal: 1])
        #expect(state.lastFailure == .refused(untrue.refusal) && state.failures == 1)
        #expect(state.sequence == 5 && state.liveEntries == 1 && state.applied == 1)
        #expect(state.staleness ?? 0 >= 10)
        #expect(follower.verdict(on: subject("session-1"), at: feed.now) == .revoked)
        // And the next good one is heard.
        feed.answers(.document(try feed.document(6, after: 5)))
        feed.step(follower)
        #expect(follower.state.sequence == 6)
    }

    enum Untrue: CaseIterable {
        case garbage, notAJWS, tampered, cut, wrongType, withoutType, accessKey, accessKeyWithFeedType, otherKeyOfThatName, wrongIssuer
        case otherSpelling, unsigned, expired, future, olderSequence, olderTime, noPayload, negativeSequence

        var refusal: RevocationFeedRefusal {
            switch self {
            case .garbage, .notAJWS, .cut, .noPayload, .negativeSequence: .malformed
            case .wrongType, .withoutType, .accessKey: .wrongType
            case .unsigned: .unknownKey
            case .tampered, .otherKeyOfThatName, .accessKeyWithFeedType: .badSignature
            case .wrongIssuer, .otherSpelling: .wrongIssuer
            case .expired: .expired
            case .future: .fromTheFuture
            case .olderSequence, .olderTime: .replayed
            }
        }

        func document(of feed: ScriptedFeed) throws -> [UInt8] {
            let signer = try feed.feedKey.signer(type: RevocationDocument.type)
            switch self {
            case .garbage: return Array("<html>".utf8)
            case .notAJWS: return RevocationDocument(issuer: Issuer.url, issuedAt: feed.now.seconds, lineage: "l1", sequence: 6).payload
            case .cut: return Array(try feed.document(6, after: 5).drop { $0 != UInt8(ascii: ".") })
            case .tampered:
                let one = try feed.document(6, after: 5).split(separator: UInt8(ascii: "."))
                let other = try feed.document(7, after: 5).split(separator: UInt8(ascii: "."))
                return Array([one[0], other[1], one[2]].joined(separator: [UInt8(ascii: ".")]))
            case .wrongType: return try feed.document(6, after: 5, type: "at+jwt")
            case .withoutType:
                return try feed.feedKey.signer(type: nil).sign(
                    RevocationDocument(issuer: Issuer.url, issuedAt: feed.now.seconds, lineage: "l1", sequence: 6, after: 5).payload)
            case .accessKey: return try feed.issuer.token()
            case .accessKeyWithFeedType: return try feed.document(6, after: 5, key: feed.issuer.key)
            case .otherKeyOfThatName:
                let stranger = try JWK.generate(.es256, signs: RevocationDocument.type).renamed(feed.feedKey.keyID)
                return try feed.document(6, after: 5, key: stranger)
            case .wrongIssuer: return try feed.document(6, after: 5, issuer: "https://other.example")
            case .otherSpelling: return try feed.document(6, after: 5, issuer: "https://AUTH.example")
            case .unsigned:
                let header = Base64URL.encode(Array(#"{"alg":"none","typ":"revocations+jwt"}"#.utf8))
                let payload = RevocationDocument(issuer: Issuer.url, issuedAt: feed.now.seconds, lineage: "l1", sequence: 6).payload
                return Array("\(header).\(Base64URL.encode(payload)).".utf8)
            case .expired: return try feed.document(6, after: 5, age: 120)
            case .future: return try feed.document(6, after: 5, age: -61)
            case .olderSequence: return try feed.document(4, age: 10)
            case .olderTime: return try feed.document(5, after: 5, age: 71)
            case .noPayload: return try signer.sign([])
            case .negativeSequence: return try signer.sign(Array(#"{"iss":"https://auth.example","iat":1,"exp":2,"seq":-1}"#.utf8))
            }
        }
    }

    @Test("clocks may differ by a minute", arguments: [(119, true), (120, false), (-60, true), (-61, false)] as [(Int64, Bool)])
    func leeway(age: Int64, isBelieved: Bool) throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, age: age)))
        feed.step(follower)
        #expect(follower.state.hasSnapshot == isBelieved)
    }

    @Test("an issuer's clock that is set back keeps no news out: a higher number was never heard before")
    func issuerClockSetBack() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, age: -50)))
        feed.step(follower)
        #expect(follower.state.staleness == 0)
        feed.pass(seconds: 10)
        feed.answers(.document(try feed.document(6, after: 5, [.of(.session, "a")])))
        feed.step(follower)
        #expect(follower.state.sequence == 6 && follower.state.refused.isEmpty && follower.state.staleness == 0)
        #expect(follower.verdict(on: subject("a"), at: feed.now) == .revoked)
    }

    @Test("a document that was played again proves no freshness")
    func playedAgain() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        let empty = try feed.document(5, after: 5)
        feed.pass(seconds: 30)
        feed.answers(.document(empty))
        feed.step(follower)
        #expect(follower.state.staleness == 30)
    }

    @Test("an issuer that was put back to an earlier state of the same name is followed from there, and nothing is forgotten")
    func putBack() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(9, [.of(.session, "before")])))
        feed.step(follower)
        feed.pass(seconds: 5)
        feed.answers(.document(try feed.document(4)))
        feed.answers(.document(try feed.document(5, after: 4, [.of(.session, "after")])))
        feed.step(follower)
        feed.step(follower)
        #expect(follower.state.sequence == 5 && follower.state.refused.isEmpty)
        #expect(feed.asked.last?.target.contains("after=4&") == true)
        for session in ["before", "after"] { #expect(follower.verdict(on: subject(session), at: feed.now) == .revoked) }
    }

    @Test("a clock that was an hour ahead does not keep the feed out for an hour")
    func clockSteppedBack() throws {
        let follower = feed.follower(whenStale: .refuse(afterSeconds: 30))
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        feed.pass(seconds: -3600)
        #expect(follower.verdict(on: subject("x"), at: feed.now) == .stale)
        feed.answers(.document(try feed.document(6, after: 5)))
        feed.step(follower)
        #expect(follower.state.sequence == 6 && follower.verdict(on: subject("x"), at: feed.now) == .standing)
    }

    @Test("a document that would bring more than there is room for is refused, one that repeats what is known is not")
    func capacity() throws {
        let follower = feed.follower(capacity: 3)
        let known = ["a", "b"].map { RevocationEntry.of(.session, $0) }
        feed.answers(.document(try feed.document(5, known)))
        feed.answers(.document(try feed.document(6, known + [.of(.session, "c")])))
        feed.answers(.document(try feed.document(7, after: 6, [.of(.session, "d")])))
        for _ in 0..<3 { feed.step(follower) }
        #expect(follower.state.sequence == 6 && follower.state.liveEntries == 3 && follower.state.refused == [.tooLarge: 1])
    }

    @Test("the feed's key signs nothing else: an access token that it signed is refused")
    func feedKeyForTokens() throws {
        let source = LocalKeySource(JWKSet([feed.issuer.key, feed.feedKey]))
        let verifier = TokenVerifier(policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: source)
        #expect(throws: Never.self) { try verifier.verify(try feed.issuer.token(), at: Issuer.now) }
        let forged = try feed.issuer.token(key: feed.feedKey)
        #expect(throws: VerificationFailure.wrongKeyAlgorithm) { try verifier.verify(forged, at: Issuer.now) }
        let document = try feed.document(5)
        #expect(throws: VerificationFailure.wrongType) { try verifier.verify(document, at: Issuer.now) }
    }

    // Keys.

    @Test("a document with an unknown key waits for the keys to be fetched, is read then, and is no alarm")
    func unknownKey() throws {
        let follower = feed.follower()
        let next = try JWK.generate(.es256, signs: RevocationDocument.type)
        feed.answers(.document(try feed.document(5, key: next)))
        feed.willAnswerDemands([true, true, true])
        #expect(feed.step(follower) == 100)
        #expect(feed.step(follower) == 100)
        feed.publishes([feed.issuer.key, next])
        #expect(feed.step(follower) == 0)
        #expect(follower.state.sequence == 5 && follower.state.failures == 0 && feed.demands == 2)
        #expect(feed.asked.count == 1, "the document was not fetched again")
    }

    @Test(
        "an unknown key that the issuer does not have either is an alarm", arguments: [[true, false], [Bool](repeating: true, count: 200)])
    func keyNeverFound(demands: [Bool]) throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, key: try JWK.generate(.es256, signs: RevocationDocument.type))))
        feed.willAnswerDemands(demands)
        let start = feed.now
        while follower.state.failures == 0, feed.now < start.adding(seconds: 60) { feed.step(follower) }
        #expect(follower.state.refused == [.unknownKey: 1] && feed.asked.count == 1)
        #expect(feed.now < start.adding(seconds: 11))
    }

    @Test("keys that are not good any more verify no document")
    func keysOutdated() throws {
        let follower = feed.follower()
        feed.publishes([feed.feedKey], goodUntil: feed.now)
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        #expect(follower.state.refused == [.unknownKey: 1] && feed.demands == 1)
    }

    @Test("a key that is taken back has the keys fetched, once")
    func keyEntry() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.session, "a")])))
        feed.answers(.document(try feed.document(6, after: 5, [.of(.key, "k1")])))
        feed.answers(.document(try feed.document(7, after: 5, [.of(.key, "k1"), .of(.session, "b")])))
        feed.step(follower)
        #expect(feed.demands == 0)
        feed.step(follower)
        #expect(feed.demands == 1)
        feed.step(follower)
        #expect(feed.demands == 1 && follower.state.sequence == 7)
    }

    // Tokens.

    @Test("each kind of revocation ends a token that is in the verifier's cache", arguments: RevocationDigest.Kind.allCases)
    func kinds(kind: RevocationDigest.Kind) throws {
        let follower = feed.follower()
        let verifier = feed.issuer.verifier(revocations: follower)
        let token = try feed.issuer.token()
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        _ = try verifier.verify(token, at: Issuer.now)
        #expect(verifier.cachedTokens == 1)
        let entry: RevocationEntry =
            switch kind {
            case .session: .of(.session, "session-1")
            case .token: .of(.token, "t1")
            case .client: .of(.client, "martlet", issuedBefore: Issuer.now.seconds + 1)
            case .key: .of(.key, try #require(feed.issuer.key.keyID))
            }
        feed.answers(.document(try feed.document(6, after: 5, [entry])))
        feed.step(follower)
        #expect(throws: VerificationFailure.revoked) { try verifier.verify(token, at: Issuer.now) }
    }

    @Test("a client's tokens that are younger than its revocation stand")
    func youngerTokens() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.client, "martlet", issuedBefore: Issuer.now.seconds)])))
        feed.step(follower)
        #expect(throws: Never.self) { try feed.issuer.verifier(revocations: follower).verify(try feed.issuer.token(), at: Issuer.now) }
    }

    @Test("entries go when no token can meet them any more")
    func purged() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5, [.of(.session, "a")])))
        feed.step(follower)
        feed.pass(seconds: 7200 + 60)
        feed.step(follower)
        #expect(follower.state.liveEntries == 0)
    }

    // Staleness.

    @Test("by default nobody is refused for want of news")
    func staleAccepted() throws {
        let follower = feed.follower()
        #expect(follower.verdict(on: subject("x"), at: feed.now) == .standing)
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        feed.pass(seconds: 86_400)
        #expect(follower.verdict(on: subject("x"), at: feed.now) == .standing)
    }

    @Test("where it is asked for, tokens are refused before the first news and after news have been missing for too long")
    func staleRefused() throws {
        let follower = feed.follower(whenStale: .refuse(afterSeconds: 30))
        let verifier = feed.issuer.verifier(revocations: follower)
        let token = try feed.issuer.token()
        #expect(throws: VerificationFailure.revocationsStale) { try verifier.verify(token, at: feed.now) }
        feed.answers(.document(try feed.document(5, [.of(.session, "other")])))
        feed.step(follower)
        feed.pass(seconds: 30)
        #expect(throws: Never.self) { try verifier.verify(token, at: feed.now) }
        feed.pass(seconds: 1)
        #expect(throws: VerificationFailure.revocationsStale) { try verifier.verify(token, at: feed.now) }
        #expect(follower.verdict(on: subject("other"), at: feed.now) == .revoked)
        feed.answers(.document(try feed.document(5, after: 5)))
        feed.step(follower)
        #expect(throws: Never.self) { try verifier.verify(token, at: feed.now) }
        #expect(feed.asked.last?.target.contains("&wait=15&") == true, "news come twice in the time that is accepted")
    }

    // Issuers without a feed, away, or full.

    @Test("an issuer without a feed is asked again every minute")
    func noFeed() throws {
        let follower = feed.follower(whenStale: .refuse(afterSeconds: 30))
        #expect(follower.state.hasFeed == nil)
        feed.answers(.status(404))
        #expect(feed.step(follower) == 60_000)
        #expect(follower.state.hasFeed == false && follower.state.failures == 0)
        #expect(follower.verdict(on: subject("x"), at: feed.now) == .stale)
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        #expect(follower.state.hasFeed == true && follower.verdict(on: subject("x"), at: feed.now) == .standing)
    }

    @Test("without an address nothing is asked; it is seen at once after the first keys, and within a second later")
    func noAddress() throws {
        let follower = feed.follower()
        feed.publishes([])
        feed.move(to: nil)
        #expect(feed.step(follower) == 50)
        #expect(follower.state.hasFeed == nil)
        feed.publishes([feed.issuer.key])
        #expect(feed.step(follower) == 1000)
        #expect(follower.state.hasFeed == false && feed.asked.isEmpty)
    }

    @Test("a feed that was there and answers 404 is a failure, not an issuer without a feed")
    func feedGone() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5)))
        feed.answers(.status(404))
        feed.step(follower)
        #expect(feed.step(follower) <= 250)
        #expect(follower.state.hasFeed == true && follower.state.lastFailure == .status(404))
    }

    @Test(
        "an answer that is none is a failure, redirects too",
        arguments: [
            (.status(301), "status_301"), (.status(304), "status_304"), (.status(401), "status_401"), (.status(500), "status_500"),
            (.failure(.timedOut), "timed_out"), (.failure(.tooLarge), "too_large"), (.failure(.unreachable(detail: "")), "unreachable"),
            (.failure(.untrusted(detail: "")), "untrusted"),
        ] as [(ScriptedFeed.Answer, String)])
    func failures(answer: ScriptedFeed.Answer, code: String) throws {
        let follower = feed.follower()
        feed.answers(answer)
        #expect(feed.step(follower) == 250)
        #expect(follower.state.failures == 1 && follower.state.lastFailure?.code == code && follower.state.refused.isEmpty)
        #expect(follower.state.lastFailureAt == Issuer.now)
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        #expect(follower.state.lastSuccess == Issuer.now.adding(milliseconds: 250))
    }

    @Test(
        "retries slow down: to a second in the first minute without the issuer, to ten later, to thirty when it answers wrongly",
        arguments: [
            (.failure(.unreachable(detail: "")), 1000, 10_000), (.status(503), 1000, 10_000), (.status(403), 30_000, 30_000),
            (.document([]), 30_000, 30_000),
        ] as [(ScriptedFeed.Answer, Int64, Int64)])
    func backoff(answer: ScriptedFeed.Answer, firstMinute: Int64, later: Int64) throws {
        let follower = feed.follower()
        var pauses: [Int64] = []
        var slowest: (early: Int64, late: Int64) = (0, 0)
        while feed.now < Issuer.now.adding(seconds: 300) {
            feed.answers(answer)
            let isEarly = feed.now < Issuer.now.adding(seconds: 60)
            let pause = feed.step(follower)
            pauses.append(pause)
            if isEarly { slowest.early = max(slowest.early, pause) } else { slowest.late = max(slowest.late, pause) }
        }
        #expect(pauses.prefix(3) == [250, 500, 1000])
        #expect(slowest.early == firstMinute && slowest.late == later)
        // Success begins anew, the minute too; and the first request that may succeed again is not held.
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        for _ in 0..<9 { feed.answers(answer) }
        let again = (0..<9).map { _ in feed.step(follower) }
        #expect(again.prefix(3) == [250, 500, 1000] && again.max() == firstMinute)
        let targets = feed.asked.suffix(9).map(\.target)
        #expect(
            targets.prefix(2) == [
                "/.well-known/revocations?after=5&wait=20&lineage=l1", "/.well-known/revocations?after=5&wait=0&lineage=l1",
            ])
    }

    @Test("jitter only ever brings a retry forward, by a quarter at most")
    func jitter() throws {
        let follower = RevocationFeed(
            issuer: Issuer.url, keys: feed, fetcher: feed, random: RandomSource { [UInt8](repeating: 0xFF, count: $0) },
            clock: { feed.now })
        let pauses = (0..<3).map { _ in feed.step(follower) }
        #expect(pauses == [188, 375, 750])
    }

    @Test("an issuer that is full and answers at once is asked four times a second at most")
    func capped() throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5)))
        feed.step(follower)
        for _ in 0..<40 { feed.answers(.document(try feed.document(5, after: 5)), after: 20) }
        let start = feed.now
        for _ in 0..<40 { feed.step(follower) }
        #expect(feed.now == start.adding(milliseconds: 40 * 250))
        // One that held the request is asked again at once.
        feed.answers(.document(try feed.document(5, after: 5)), after: 250)
        #expect(feed.step(follower) == 0)
    }

    @Test("stop ends an exchange that goes on, and a start follows on")
    func stop() async throws {
        let follower = feed.follower()
        feed.answers(.document(try feed.document(5)))
        feed.answers(.untilCancelled)
        #expect(follower.start())
        #expect(follower.start(), "a second start is none")
        await feed.isWaitedFor()
        follower.stop()
        follower.stop()
        #expect(follower.state.sequence == 5 && follower.state.failures == 0 && feed.asked.count == 2)
        feed.answers(.untilCancelled)
        follower.start()
        await feed.isWaitedFor()
        follower.stop()
        #expect(feed.asked.last?.target == "/.well-known/revocations?after=5&wait=20&lineage=l1")
    }

    private func subject(_ session: String) -> RevocationSubject {
        RevocationSubject(session: RevocationDigest(.session, session))
    }
}
