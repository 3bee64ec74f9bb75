// TokenInspector: everything that is known about one token, for an administrator who wonders why it is refused: each
// check with its value and verdict, the state of its key, its session, what revoked it.

package import MartletEncoding
import MartletJOSE
package import MartletVerifier
package import Store

/// Explains tokens.
package struct TokenInspector: Sendable {
    private let store: any Store
    private let ring: KeyRing
    private let sessions: SessionService
    private let verifier: TokenVerifier

    /// An inspector; `verifier` is the one whose verdicts are to be explained.
    package init(store: any Store, ring: KeyRing, sessions: SessionService, verifier: TokenVerifier) {
        self.store = store
        self.ring = ring
        self.sessions = sessions
        self.verifier = verifier
    }

    /// What is known about a token.
    package struct Report: Sendable {
        /// Whether it would be accepted.
        package let isActive: Bool
        /// The report as JSON.
        package let json: [UInt8]
        /// The checks, one line each, for a terminal.
        package let lines: [String]
    }

    private struct Check {
        let name: String
        let value: String?
        let verdict: String
        let reason: String?
    }

    /// Explains a token. Blocks on the database.
    package func report(on text: [UInt8], at now: UnixTime) throws(StoreError) -> Report {
        let refresh: RefreshToken?
        do throws(TokenFailure) { refresh = try sessions.read(text) } catch { refresh = nil }
        if let refresh { return try report(on: refresh, at: now) }
        let explanation = verifier.explain(text, at: now)
        let checks = explanation.steps.map { step in
            switch step.verdict {
            case .passed: Check(name: step.check.rawValue, value: step.value, verdict: "passed", reason: nil)
            case .skipped: Check(name: step.check.rawValue, value: step.value, verdict: "skipped", reason: nil)
            case .failed(let failure):
                Check(name: step.check.rawValue, value: step.value, verdict: "failed", reason: failure.message)
            }
        }
        let session = explanation.unverifiedClaims?.sessionID.map { Session.id(ofAccessSessionID: $0) }
        return write(
            type: "access", code: explanation.failure?.code, checks, keyID: explanation.unverifiedHeader?.keyID,
            session: session, found: try session.map { id throws(StoreError) in try find(id, at: now) } ?? nil,
            claims: explanation.unverifiedClaims?.json, at: now)
    }

    private func report(on token: RefreshToken, at now: UnixTime) throws(StoreError) -> Report {
        let session = try find(token.session, at: now)
        let isExpired = token.isExpired(at: now)
        let isCurrent = session?.counter == token.counter
        let checks = [
            Check(name: "signature", value: nil, verdict: "passed", reason: nil),
            Check(
                name: "expiry", value: token.expiresAt.rfc3339, verdict: isExpired ? "failed" : "passed",
                reason: isExpired ? "Token has expired." : nil),
            Check(
                name: "session", value: token.session.text, verdict: session == nil ? "failed" : "passed",
                reason: session == nil ? "The session has ended." : nil),
            Check(
                name: "counter", value: "\(token.counter)", verdict: session == nil ? "skipped" : isCurrent ? "passed" : "failed",
                reason: session.flatMap { isCurrent ? nil : "The session's current one is \($0.counter)." }),
        ]
        let code = isExpired ? "token_expired" : session == nil ? "session_ended" : nil
        return write(
            type: "refresh", code: code, checks, keyID: session?.refreshKeyID, session: token.session, found: session,
            claims: token.claims, at: now)
    }

    /// What a token says, for a terminal: nothing in it begins a line, moves the cursor or turns the writing direction.
    private static func visible(_ text: String) -> String {
        text.unicodeScalars.prefix(500).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }.joined()
    }

    private func find(_ id: SessionID, at now: UnixTime) throws(StoreError) -> Session? {
        try store.read { reads throws(StoreError) in try reads.session(id, at: now) }
    }

    private func write(
        type: String, code: String?, _ checks: [Check], keyID: String?, session: SessionID?, found: Session?, claims: [UInt8]?,
        at now: UnixTime
    ) -> Report {
        let json = JSONWriter.object(capacity: 2048) { writer in
            writer.member("active", code == nil)
            writer.member("token_type", type)
            writer.member("code", code)
            writer.member("now", now.seconds)
            writer.name("checks")
            writer.array { writer in
                for check in checks {
                    writer.object { writer in
                        writer.member("check", check.name)
                        writer.member("value", check.value)
                        writer.member("verdict", check.verdict)
                        if let reason = check.reason { writer.member("reason", reason) }
                    }
                }
            }
            writer.name("key")
            writer.object { writer in
                let record = ring.snapshot.records.first { $0.id == keyID }
                writer.member("kid", keyID)
                writer.member("state", keyID == KeyRing.sharedKeyID ? "shared" : record?.state.rawValue)
                writer.member("purpose", record?.purpose.rawValue)
            }
            writer.name("session")
            writer.object { writer in
                writer.member("id", session?.text)
                writer.member("live", found != nil)
                writer.member("created_at", found?.createdAt)
                writer.member("last_used_at", found?.lastUsedAt)
            }
            writer.name("claims")
            if let claims { writer.raw(claims) } else { writer.null() }
        }
        let width = checks.map(\.name.utf8.count).max() ?? 0
        let lines = checks.map { check in
            let name = check.name + String(repeating: " ", count: width - check.name.utf8.count)
            let mark = ["passed": "ok     ", "failed": "FAILED ", "skipped": "-      "][check.verdict] ?? ""
            return "\(mark) \(name)  \(Self.visible(check.value ?? ""))" + (check.reason.map { "  (\(Self.visible($0)))" } ?? "")
        }
        return Report(isActive: code == nil, json: json, lines: lines)
    }
}
