// Refreshing: the rotation table of the contract as a client sees it, by times only.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Testing
import Tokens

struct SessionServiceTests {
    private let start = Issuer.start

    @Test("the current refresh token is exchanged for the next one")
    func rotates() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let (second, isRetry) = try issuer.refresh(first.refresh, at: start.adding(seconds: 100))
        #expect(!isRetry)
        #expect(second.refresh != first.refresh && second.access.text != first.access.text)
        let read = try issuer.sessions.read(Array(second.refresh.utf8))
        #expect(read.counter == 1)
        #expect(read.session == first.session.id && read.nonce == first.session.nonce)
        #expect(read.issuedAt == start.adding(seconds: 100))
        #expect(read.expiresAt == start.adding(seconds: 100 + 1_209_600))
        #expect(second.access.expiresAt == start.adding(seconds: 700))
        #expect(!(try issuer.refresh(second.refresh, at: start.adding(seconds: 101))).isRetry)
    }

    @Test("the one before gets the current one again, byte for byte, and a fresh access token, within the grace")
    func retries() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let second = try issuer.refresh(first.refresh, at: start.adding(seconds: 100)).tokens
        let (again, isRetry) = try issuer.refresh(first.refresh, at: start.adding(milliseconds: 129_999))
        #expect(isRetry)
        #expect(again.refresh == second.refresh)
        #expect(again.access.text != second.access.text)
        #expect(again.access.expiresAt == start.adding(seconds: 729))
        #expect(!(try issuer.refresh(again.refresh, at: start.adding(seconds: 130))).isRetry)
    }

    @Test("at the end of the grace it is a replay, which ends the session for everybody, and is audited")
    func replays() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let second = try issuer.refresh(first.refresh, at: start.adding(seconds: 100)).tokens
        #expect(issuer.failure(refreshing: first.refresh, at: start.adding(seconds: 130)) == .replayed)
        #expect(issuer.failure(refreshing: second.refresh, at: start.adding(seconds: 130)) == .sessionEnded)
        #expect(issuer.failure(refreshing: first.refresh, at: start.adding(seconds: 130)) == .sessionEnded)
        #expect(try issuer.audited(.refreshReplayed).map(\.target) == ["session:\(first.session.id.text)"])
        let revocations = RevocationSet()
        revocations.apply(try issuer.store.read { reads throws(StoreError) in try reads.liveEvents(at: start.adding(seconds: 130)) })
        #expect(throws: (any Error).self) { try issuer.verifier(revocations).verify(second.access.text, at: start.adding(seconds: 131)) }
        #expect(throws: Never.self) { try issuer.verifier().verify(second.access.text, at: start.adding(seconds: 131)) }
    }

    @Test("two behind is a replay however early it comes")
    func twoBehind() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let second = try issuer.refresh(first.refresh, at: start).tokens
        _ = try issuer.refresh(second.refresh, at: start)
        #expect(issuer.failure(refreshing: first.refresh, at: start) == .replayed)
    }

    @Test("a grace of 0 is strict")
    func strict() throws {
        let issuer = try Issuer(grace: 0)
        let first = try issuer.begin(try issuer.user())
        _ = try issuer.refresh(first.refresh, at: start)
        #expect(issuer.failure(refreshing: first.refresh, at: start) == .replayed)
    }

    @Test("64 retries are answered, the next is a replay; a rotation begins the count anew")
    func manyRetries() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let second = try issuer.refresh(first.refresh, at: start).tokens
        for _ in 0..<64 { #expect(try issuer.refresh(first.refresh, at: start).isRetry) }
        let third = try issuer.refresh(second.refresh, at: start).tokens
        for _ in 0..<64 { #expect(try issuer.refresh(second.refresh, at: start).tokens.refresh == third.refresh) }
        #expect(issuer.failure(refreshing: second.refresh, at: start) == .replayed)
    }

    @Test("a retry from another address and user agent at once is audited, from one of them it is not")
    func elsewhere() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        _ = try issuer.refresh(first.refresh, at: start)
        let address = LoginAddress("1")
        for client in [
            Issuer.client, ClientDescription(address: address, ip: "198.51.100.9", userAgent: "test"),
            ClientDescription(address: address, ip: "192.0.2.1", userAgent: "other"),
        ] {
            _ = try issuer.refresh(first.refresh, from: client, at: start)
        }
        #expect(try issuer.audited(.refreshRetriedElsewhere).isEmpty)
        _ = try issuer.refresh(first.refresh, from: ClientDescription(address: address, ip: "198.51.100.9", userAgent: "other"), at: start)
        #expect(try issuer.audited(.refreshRetriedElsewhere).count == 1)
    }

    @Test("a counter ahead of the store is refused and audited, and the session goes on")
    func ahead() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let key = try issuer.opened(try #require(try issuer.keys(.refresh).first))
        let future = String(decoding: try forge(first, .init(name: "ctr", claims: ["ctr": "5"]), by: key), as: UTF8.self)
        #expect(issuer.failure(refreshing: future, at: start) == .sessionEnded)
        #expect(try issuer.audited(.refreshAhead).count == 1)
        _ = try issuer.refresh(first.refresh, at: start)
    }

    @Test("extreme counters are refused like any other", arguments: ["999999999999999999", "-1", "-999999999999999999"])
    func extremeCounters(counter: String) throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let key = try issuer.opened(try #require(try issuer.keys(.refresh).first))
        let forged = String(decoding: try forge(first, .init(name: "ctr", claims: ["ctr": counter]), by: key), as: UTF8.self)
        #expect(issuer.failure(refreshing: forged, at: start) != nil)
    }

    @Test("a leaked signing secret alone forges nothing: the nonce is the row's")
    func nonce() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let key = try issuer.opened(try #require(try issuer.keys(.refresh).first))
        for nonce in [Base64URL.encode([UInt8](repeating: 0, count: 16)), ""] {
            let forged = try forge(first, .init(name: "nonce", claims: ["nonce": "\"\(nonce)\""]), by: key)
            #expect(issuer.failure(refreshing: String(decoding: forged, as: UTF8.self), at: start) == .sessionEnded)
        }
        _ = try issuer.refresh(first.refresh, at: start)
    }

    @Test("unused for its idle life it has expired")
    func idle() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        #expect(issuer.failure(refreshing: first.refresh, at: start.adding(seconds: 1_209_600)) == .expired)
        _ = try issuer.refresh(first.refresh, at: start.adding(milliseconds: 1_209_599_999))
    }

    @Test("a session ends at its end however often it is refreshed, and no refresh token outlives it")
    func sessionEnd() throws {
        let issuer = try Issuer(sessionLifetime: 1_300_000)
        var tokens = try issuer.begin(try issuer.user())
        let end = start.adding(seconds: 1_300_000)
        for seconds in stride(from: Int64(100_000), to: 1_300_000, by: 100_000) {
            tokens = try issuer.refresh(tokens.refresh, at: start.adding(seconds: seconds)).tokens
            let expiry = try issuer.sessions.read(Array(tokens.refresh.utf8)).expiresAt
            #expect(expiry == min(start.adding(seconds: seconds + 1_209_600), end))
        }
        #expect(issuer.failure(refreshing: tokens.refresh, at: end) == .expired)
    }

    enum End: CaseIterable, Sendable {
        case disabling, revoking, deleting
    }

    @Test("a disabled account, a revoked session and a deleted account refresh nothing", arguments: End.allCases)
    func over(end: End) throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let (user, session) = (tokens.user.id, tokens.session.id)
        try issuer.store.write { transaction throws(StoreError) in
            let (audit, now) = (Issuer.audit, Issuer.start)
            switch end {
            case .disabling: _ = try transaction.changeUser(user, UserChange(isActive: false), audit: audit, at: now)
            case .revoking: _ = try transaction.revoke(.session(session, ofUser: nil), reason: nil, audit: audit, at: now)
            case .deleting: _ = try transaction.deleteUser(user, ifVersion: nil, audit: audit, at: now)
            }
        }
        #expect(issuer.failure(refreshing: tokens.refresh, at: start.adding(seconds: 1)) == .sessionEnded)
    }

    @Test("tokens for another audience come from refresh, one by one")
    func audience() throws {
        let issuer = try Issuer()
        let first = try issuer.begin(try issuer.user())
        let api = try issuer.refresh(first.refresh, audience: "https://api.example", at: start).tokens
        let own = try issuer.refresh(api.refresh, at: start).tokens
        let verifier = issuer.verifier()
        #expect(try verifier.verify(api.access.text, at: start).audience == ["https://api.example"])
        #expect(try verifier.verify(api.access.text, at: start).scopes.isEmpty)
        #expect(try verifier.verify(own.access.text, at: start).scopes == ["account"])
    }

    @Test("a user agent is kept to 256 bytes of well-formed text")
    func userAgent() {
        let client = ClientDescription(address: LoginAddress("1"), ip: "1", userAgent: String(repeating: "é", count: 128) + "x")
        #expect(client.userAgent == String(repeating: "é", count: 128))
        #expect(
            ClientDescription(address: LoginAddress("1"), ip: "1", userAgent: "a" + String(repeating: "é", count: 200)).userAgent.utf8.count
                <= 258)
    }
}
