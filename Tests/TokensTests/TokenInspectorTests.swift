// What an administrator is told about one token: the verdict of the API, and the check that makes it.

import MartletEncoding
import MartletVerifier
import Store
import Testing
import Tokens

struct TokenInspectorTests {
    private let start = Issuer.start

    @Test("a good access token: active, every check passed, its key, its session and its claims")
    func access() throws {
        let (issuer, _, inspector) = try setUp()
        let tokens = try issuer.begin(try issuer.user())
        let report = try inspector.report(on: Array(tokens.access.text.utf8), at: start)
        let json = try JSONDocument(parsing: report.json).root
        #expect(report.isActive && json["active"]?.bool == true)
        #expect(json["token_type"]?.string == "access")
        #expect(json["code"]?.isNull == true)
        #expect(json["now"]?.integer == start.seconds)
        #expect(verdicts(json).allSatisfy { $0.value == "passed" } && verdicts(json).count >= 10)
        #expect(json["key"]?["kid"]?.string == (try issuer.keys().first?.id))
        #expect(json["key"]?["state"]?.string == "active")
        #expect(json["key"]?["purpose"]?.string == "access")
        #expect(json["session"]?["id"]?.string == tokens.session.id.text)
        #expect(json["session"]?["live"]?.bool == true)
        #expect(json["claims"]?["sub"]?.string == tokens.user.id.text)
        #expect(report.lines.count == verdicts(json).count)
    }

    @Test("an expired one, one of an ended session, one for nobody here: the check that fails is the reason")
    func refused() throws {
        let (issuer, revocations, inspector) = try setUp()
        let tokens = try issuer.begin(try issuer.user())
        let text = Array(tokens.access.text.utf8)
        let late = try JSONDocument(parsing: try inspector.report(on: text, at: start.adding(seconds: 600)).json).root
        #expect(late["code"]?.string == "token_expired")
        #expect(verdicts(late)["expiry"] == "failed" && verdicts(late)["signature"] == "passed")
        let end = try issuer.store.write { transaction throws(StoreError) in
            try transaction.revoke(.session(tokens.session.id, ofUser: nil), reason: nil, audit: Issuer.audit, at: Issuer.start)
        }
        revocations.apply([try #require(end)])
        let report = try inspector.report(on: text, at: start)
        let over = try JSONDocument(parsing: report.json).root
        #expect(!report.isActive && over["code"]?.string == "token_revoked")
        #expect(verdicts(over)["revocation"] == "failed")
        #expect(over["session"]?["live"]?.bool == false)
        #expect(report.lines.contains { $0.hasPrefix("FAILED") && $0.contains("revocation") })
    }

    @Test("a refresh token: its session, its counter against the session's")
    func refresh() throws {
        let (issuer, _, inspector) = try setUp()
        let first = try issuer.begin(try issuer.user())
        let second = try issuer.refresh(first.refresh, at: start).tokens
        let now = try JSONDocument(parsing: try inspector.report(on: Array(second.refresh.utf8), at: start).json).root
        #expect(now["active"]?.bool == true && now["token_type"]?.string == "refresh")
        #expect(verdicts(now) == ["signature": "passed", "expiry": "passed", "session": "passed", "counter": "passed"])
        let before = try JSONDocument(parsing: try inspector.report(on: Array(first.refresh.utf8), at: start).json).root
        #expect(before["active"]?.bool == true, "a token's activity is never decided by ctr")
        #expect(verdicts(before)["counter"] == "failed")
        let late = try JSONDocument(
            parsing: try inspector.report(on: Array(second.refresh.utf8), at: start.adding(seconds: 1_209_600)).json
        ).root
        #expect(late["code"]?.string == "token_expired")
        _ = try issuer.store.write { transaction throws(StoreError) in
            try transaction.revoke(.user(first.user.id), reason: nil, audit: Issuer.audit, at: Issuer.start)
        }
        let over = try JSONDocument(parsing: try inspector.report(on: Array(second.refresh.utf8), at: start).json).root
        #expect(over["code"]?.string == "session_ended")
        #expect(verdicts(over)["session"] == "failed" && verdicts(over)["counter"] == "skipped")
    }

    @Test(
        "what is no token of ours is explained too",
        arguments: [
            ("", "invalid_token"), ("a", "invalid_token"), ("a.b.c", "invalid_token"), ("....", "invalid_token"),
            ("é\u{0}\"\\", "invalid_token"),
            // {"alg":"none"} and {}: the header has no typ, which is looked at first.
            ("eyJhbGciOiJub25lIn0.e30.", "token_wrong_type"),
        ])
    func garbage(text: String, code: String) throws {
        let (_, _, inspector) = try setUp()
        let report = try inspector.report(on: Array(text.utf8), at: start)
        let json = try JSONDocument(parsing: report.json).root
        #expect(!report.isActive && json["active"]?.bool == false)
        #expect(json["code"]?.string == code)
    }

    private func setUp() throws -> (Issuer, RevocationSet, TokenInspector) {
        let issuer = try Issuer()
        let revocations = RevocationSet()
        return (
            issuer, revocations,
            TokenInspector(store: issuer.store, ring: issuer.ring, sessions: issuer.sessions, verifier: issuer.verifier(revocations))
        )
    }

    private func verdicts(_ json: JSONValue) -> [String: String] {
        var verdicts: [String: String] = [:]
        for check in json["checks"]?.elements ?? [] { verdicts[check["check"]?.string ?? ""] = check["verdict"]?.string }
        return verdicts
    }
}
