// OldTokenVerbs: refresh tokens of the service before, exchanged once or blacklisted, and what takes back all that an account got
// there. Access tokens from there are in no table: events of the log decide about them, at every verifier.

import MartletEncoding
import Store

extension SQLReads {
    func state(of token: OldToken, at now: UnixTime) throws(StoreError) -> OldTokenState {
        let issuedAt = token.issuedAt ?? UnixTime(milliseconds: .min)
        let isTakenBack = try connection.first(
            Statements.isOldTokenTakenBack, [.text(User.oldTokens(of: token.user)), .time(issuedAt)], { _ throws(StoreError) in true })
        if isTakenBack != nil { return .ended }
        guard let id = token.id else { return .unused }
        let isRevoked = try connection.first(Statements.tokenEvent, [.text(id), .time(now)]) { _ throws(StoreError) in true }
        if isRevoked != nil { return .ended }
        return try noted(id) ?? .unused
    }

    /// What the table says of a `jti`; nil when it says nothing.
    func noted(_ id: String) throws(StoreError) -> OldTokenState? {
        try connection.first(Statements.oldToken, [.text(id)]) { row throws(StoreError) in
            row.optionalText(0).map { .exchanged(SessionID($0)) } ?? .ended
        }
    }
}

extension SQLTransaction {
    func acceptOldTokens(until end: UnixTime, at now: UnixTime) throws(StoreError) {
        note(now)
        guard try oldTokensEnd().map({ $0 < end }) ?? true else { return }
        try setFact(.oldTokensEnd, "\(end.milliseconds)")
        // What was taken back was taken back to the end that was known then.
        let live = try connection.all(Statements.oldTokensTakenBack, [.text(User.oldTokensPrefix), .time(now)]) {
            row throws(StoreError) in (target: row.text(0), issuedBefore: row.time(1))
        }
        for (target, issuedBefore) in live {
            try append(.client, target, at: now, until: end.adding(seconds: Self.skew), issuedBefore: issuedBefore, reason: "later end")
        }
    }

    func noteOldToken(_ id: String, until: UnixTime) throws(StoreError) {
        try connection.run(Statements.noteOldToken, [.text(id), .optional(nil as String?), .time(until)])
    }

    func exchange(_ request: ExchangeRequest, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ExchangeOutcome {
        note(now)
        guard try isCurrent(refreshKey: request.session.refreshKeyID) else { return .staleKeys }
        guard let user = try user(externalID: request.token.user), user.isActive else { return .noAccount }
        guard let id = request.token.id else { return .ended }
        switch try state(of: request.token, at: now) {
        case .ended: return .ended
        case .exchanged(let session): return try present(request, of: session, user, audit: audit, at: now)
        case .unused:
            var new = request.session
            new.userID = user.id
            let session = try open(new, for: user, maximumPerUser: request.maximumPerUser, audit: audit, at: now)
            try connection.run(
                Statements.noteOldToken,
                [.text(id), .text(session.id.text), .time(request.expiresAt.adding(seconds: Self.skew))])
            try audited(.oldTokenExchanged, "user:\(user.id)", "session:\(session.id)", by: audit, at: now)
            return .begun(session, user)
        }
    }

    /// Once more, a token that was exchanged for a session.
    private func present(
        _ request: ExchangeRequest, of id: SessionID, _ user: User, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> ExchangeOutcome {
        guard let session = try session(id, at: now), session.userID == user.id else { return .ended }
        let rotation = RotationRequest(request, for: session)
        if request.keepsToken { return .kept(try kept(session, rotation, at: now), user) }
        if session.counter == 0, session.isWithinGrace(rotation, at: now) {
            try noteRetry(of: session, rotation, audit: audit, at: now)
            return .retried(try retried(session, rotation, at: now), user)
        }
        if let row = try sessionToEnd(session.id, at: now) { try end(row, reason: "old token replayed", at: now) }
        try record(
            .refreshReplayed, target: "session:\(session.id)", result: .failure, detail: "an old token that was exchanged before",
            audit: audit, at: now)
        return .replayed
    }

    func blacklistOldToken(
        _ id: String, until: UnixTime, reason: String, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BlacklistOutcome {
        note(now)
        let before = try noted(id)
        guard before != .ended else { return .alreadyDone }
        try noteOldToken(id, until: until.adding(seconds: Self.skew))
        guard case .exchanged(let session) = before else {
            try audited(.tokenRevoked, "token:\(id)", reason, by: audit, at: now)
            return .noted
        }
        return try revoke(.session(session, ofUser: nil), reason: reason, audit: audit, at: now) == nil ? .alreadyDone : .sessionEnded
    }

    /// Takes back what the service before gave an account up to now, while its tokens are accepted: at every verifier the access
    /// tokens, here the refresh tokens. Its clock may be ahead of ours.
    func endOldTokens(of user: User, reason: String?, cause: RevocationEvent?, at now: UnixTime) throws(StoreError) {
        guard let target = user.oldTokens, let end = try oldTokensEnd(), end > now else { return }
        try append(
            .client, target, at: now, until: end.adding(seconds: Self.skew),
            issuedBefore: UnixTime(seconds: now.seconds + 1 + Self.oldClockLeeway),
            reason: reason, cause: cause)
    }

    /// Seconds by which the clock of the service before may be ahead; verifiers refuse tokens from further ahead.
    private static let oldClockLeeway: Int64 = 5

    /// When the last token of the service before ends; nil when none was ever accepted.
    func oldTokensEnd() throws(StoreError) -> UnixTime? {
        try fact(.oldTokensEnd).flatMap { Int64(digits: ArraySlice($0.utf8)) }.map(UnixTime.init(milliseconds:))
    }
}

extension RotationRequest {
    /// What answering a session's current tokens needs.
    fileprivate init(_ request: ExchangeRequest, for session: Session) {
        self.init(
            session: session.id, clientID: session.clientID, counter: session.counter, nonce: session.nonce,
            graceSeconds: request.graceSeconds,
            maximumRetries: request.maximumRetries, refreshLifetime: 0, refreshKeyID: request.session.refreshKeyID,
            accessExpiresAt: request.session.accessExpiresAt, ip: request.session.ip, userAgent: request.session.userAgent,
            keyMarks: request.session.keyMarks, rule: request.keepsToken ? .keep : .rotate)
    }
}
