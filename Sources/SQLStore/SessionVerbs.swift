// SessionVerbs: opening a session, the rotation of its refresh tokens, and the renewal of its access tokens.

import MartletEncoding
import Store

extension SQLTransaction {
    func beginSession(
        _ new: NewSession, ifUserVersion: Int64, maximumPerUser: Int, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BeginSessionOutcome {
        note(now)
        guard try isCurrent(refreshKey: new.refreshKeyID) else { return .staleKeys }
        guard var user = try user(new.userID), user.isActive, user.version == ifUserVersion else { return .accountChanged }
        let session = try open(new, for: user, maximumPerUser: maximumPerUser, audit: audit, at: now)

        try noteLogin(of: user.id, from: new.address, at: now)
        user.lastLoginAt = now
        try audited(.loginSucceeded, "user:\(user.id)", "session:\(new.id)", by: audit, at: now)
        return .begun(session, user)
    }

    func noteLogin(of user: UserID, from address: LoginAddress, at now: UnixTime) throws(StoreError) {
        try connection.run(Statements.setLastLogin, [.text(user.text), .time(now)])
        try append(.account, user.text, at: now)
        try connection.run(Statements.putLoginAddress, [.text(user.text), .text(address.text), .time(now)])
        try connection.run(Statements.trimLoginAddresses, [.text(user.text), .integer(Self.maximumAddresses)])
    }

    func impersonate(
        _ new: NewSession, by administrator: UserID, with accessSessionID: String, maximumPerUser: Int, audit: AuditContext,
        at now: UnixTime
    ) throws(StoreError) -> ImpersonationOutcome {
        note(now)
        guard try isCurrent(refreshKey: new.refreshKeyID) else { return .staleKeys }
        let own = try sessionToEnd(Session.id(ofAccessSessionID: accessSessionID), at: now)
        guard let own, own.accessSessionID == accessSessionID, own.userID == administrator, try isAdministrator(administrator) else {
            return .notAdministrator
        }
        guard let user = try user(new.userID) else { return .notFound }
        guard !user.roles.contains(User.administrator) else { return .isAdministrator }
        guard user.isActive else { return .isInactive }
        var new = new
        new.clientID = Session.impersonationClient(of: administrator)
        let session = try open(new, for: user, maximumPerUser: maximumPerUser, audit: audit, at: now)
        try audited(.userImpersonated, "user:\(user.id)", "session:\(new.id)", by: audit, at: now)
        return .begun(session, user)
    }

    /// Writes a session of an account, for which the oldest above the maximum end.
    func open(
        _ new: NewSession, for user: User, maximumPerUser: Int, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> Session {
        let excess = try connection.all(
            Statements.sessionsAboveMaximum, [.text(user.id.text), .time(now), .integer(Int64(max(maximumPerUser, 1) - 1))]
        ) { row throws(StoreError) in SessionToEnd(row: row) }
        for row in excess {
            try end(row, reason: "too many sessions", at: now)
            try audited(.sessionEnded, "session:\(row.id)", "too many sessions", by: audit, at: now)
        }

        let purgeAt = max(min(new.refreshExpiresAt, new.expiresAt), new.accessExpiresAt.adding(seconds: Self.skew))
        try connection.run(
            Statements.insertSession,
            [
                .text(new.id.text), .text(user.id.text), .text(new.clientID), .text(new.scope), .blob(new.nonce), .time(now),
                .text(new.refreshKeyID), .time(new.refreshExpiresAt), .time(new.expiresAt), .time(new.accessExpiresAt), .text(new.ip),
                .text(new.userAgent), .time(purgeAt), .optional(new.details), .optional(new.browserSession),
            ])
        try connection.run(Statements.raiseClientMark, [.text(new.clientID), .time(new.expiresAt)])
        try raise(new.keyMarks)
        return Session(
            id: new.id, userID: user.id, clientID: new.clientID, scope: new.scope, counter: 0, nonce: new.nonce, accessEpoch: 0,
            createdAt: now, rotatedAt: now, retries: 0, refreshKeyID: new.refreshKeyID, refreshExpiresAt: new.refreshExpiresAt,
            expiresAt: new.expiresAt, accessExpiresAt: new.accessExpiresAt, lastUsedAt: now, ip: new.ip, userAgent: new.userAgent,
            details: new.details, browserSession: new.browserSession)
    }

    func rotate(_ request: RotationRequest, audit: AuditContext, at now: UnixTime) throws(StoreError) -> RotationOutcome {
        note(now)
        // First of all: a token that was checked by an older ring must neither end a session nor go on with it.
        guard try isCurrent(refreshKey: request.refreshKeyID) else { return .staleKeys }
        guard let session = try session(request.session, at: now), isEqual(session.nonce, request.nonce),
            session.clientID.utf8.elementsEqual(request.clientID.utf8), let user = try user(session.userID), user.isActive
        else { return .ended }

        let (behind, isAhead) = session.counter.subtractingReportingOverflow(request.counter)
        if isAhead || behind < 0 {
            try record(
                .refreshAhead, target: "session:\(session.id)", result: .failure,
                detail: "counter \(request.counter), stored \(session.counter)", audit: audit, at: now)
            return .ahead
        }
        if behind == 0, request.rule != .rotate { return .kept(try kept(session, request, at: now), user) }
        if behind == 0 { return .rotated(try rotated(session, request, at: now), user) }
        if behind == 1, session.isWithinGrace(request, at: now) {
            try noteRetry(of: session, request, audit: audit, at: now)
            return .retried(try retried(session, request, at: now), user)
        }
        if let row = try sessionToEnd(session.id, at: now) { try end(row, reason: "refresh token replayed", at: now) }
        try record(
            .refreshReplayed, target: "session:\(session.id)", result: .failure,
            detail: "counter \(request.counter), stored \(session.counter)", audit: audit, at: now)
        return .replayed
    }

    func renew(_ request: RenewalRequest, at now: UnixTime) throws(StoreError) -> RenewalOutcome {
        note(now)
        guard try isCurrent(accessKey: request.signingKeyID) else { return .staleKeys }
        let id = Session.id(ofAccessSessionID: request.accessSessionID)
        // The caller has looked at what is revoked, but before this transaction.
        guard let row = try sessionToEnd(id, at: now), row.accessSessionID == request.accessSessionID, row.userID == request.user,
            try isCurrent(accessKey: request.keyID), try !isRevoked(token: request.tokenID, at: now),
            let user = try user(row.userID), user.isActive, try request.actor.map(isAdministrator) ?? true
        else { return .ended }
        guard var session = try session(id, at: now) else { return .late }
        session.use(accessUntil: request.accessExpiresAt, at: now)
        try connection.run(
            Statements.useSession,
            [.text(id.text), .integer(session.counter), .time(session.accessExpiresAt), .time(session.lastUsedAt)])
        try raise(request.keyMarks)
        return .renewed(session, user)
    }

    private func rotated(_ old: Session, _ request: RotationRequest, at now: UnixTime) throws(StoreError) -> Session {
        var session = old
        session.counter += 1
        session.rotatedAt = now
        session.retries = 0
        session.refreshKeyID = request.refreshKeyID
        session.refreshExpiresAt = min(now.adding(seconds: request.refreshLifetime), old.expiresAt)
        session.use(accessUntil: request.accessExpiresAt, at: now)
        session.ip = request.ip
        session.userAgent = request.userAgent
        try connection.run(
            Statements.rotateSession,
            [
                .text(old.id.text), .integer(old.counter), .time(now), .text(session.refreshKeyID), .time(session.refreshExpiresAt),
                .time(session.accessExpiresAt), .time(session.lastUsedAt), .text(session.ip), .text(session.userAgent),
            ])
        try raise(request.keyMarks)
        return session
    }

    /// Within the grace, but from somewhere else: two tabs of one browser do not look like that.
    func noteRetry(of session: Session, _ request: RotationRequest, audit: AuditContext, at now: UnixTime) throws(StoreError) {
        guard request.ip != session.ip, request.userAgent != session.userAgent else { return }
        try audited(.refreshRetriedElsewhere, "session:\(session.id)", by: audit, at: now)
    }

    func kept(_ old: Session, _ request: RotationRequest, at now: UnixTime) throws(StoreError) -> Session {
        var session = old
        session.use(accessUntil: request.accessExpiresAt, at: now)
        try connection.run(
            Statements.useSession,
            [.text(old.id.text), .integer(old.counter), .time(session.accessExpiresAt), .time(session.lastUsedAt)])
        if request.rule == .extend { try extend(&session, request, at: now) }
        try raise(request.keyMarks)
        return session
    }

    private func extend(_ session: inout Session, _ request: RotationRequest, at now: UnixTime) throws(StoreError) {
        session.rotatedAt = now
        session.retries = request.maximumRetries
        session.refreshKeyID = request.refreshKeyID
        session.refreshExpiresAt = max(session.refreshExpiresAt, min(now.adding(seconds: request.refreshLifetime), session.expiresAt))
        try connection.run(
            Statements.extendSession,
            [
                .text(session.id.text), .integer(session.counter), .time(now), .integer(session.retries), .text(session.refreshKeyID),
                .time(session.refreshExpiresAt),
            ])
    }

    func retried(_ old: Session, _ request: RotationRequest, at now: UnixTime) throws(StoreError) -> Session {
        var session = old
        session.retries += 1
        session.use(accessUntil: request.accessExpiresAt, at: now)
        try connection.run(
            Statements.retrySession,
            [.text(old.id.text), .integer(old.counter), .time(session.accessExpiresAt), .time(session.lastUsedAt)])
        try raise(request.keyMarks)
        return session
    }

    /// Whether tokens may be made with this refresh key. While the ring has none at all, no caller's can be older.
    func isCurrent(refreshKey id: String) throws(StoreError) -> Bool {
        try connection.first(Statements.isStaleRefreshKey, [.text(id)]) { row throws(StoreError) in row.integer(0) } == 0
    }

    /// The same of an access key; a shared secret is none of the ring's.
    private func isCurrent(accessKey id: String?) throws(StoreError) -> Bool {
        guard let id else { return true }
        return try connection.first(Statements.isStaleAccessKey, [.text(id)]) { row throws(StoreError) in row.integer(0) } == 0
    }

    private func isRevoked(token id: String, at now: UnixTime) throws(StoreError) -> Bool {
        try connection.first(Statements.tokenEvent, [.text(id), .time(now)]) { _ throws(StoreError) in true } ?? false
    }

    private func isAdministrator(_ id: UserID) throws(StoreError) -> Bool { try user(id)?.isAdministrator ?? false }

    func raiseKeyMarks(_ marks: [KeyMark]) throws(StoreError) { try raise(marks) }

    func raise(_ marks: [KeyMark]) throws(StoreError) {
        for mark in marks { try connection.run(Statements.raiseKeyMark, [.text(mark.keyID), .time(mark.expiresAt)]) }
    }

    /// In constant time for values of one length.
    func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }

    /// Addresses remembered for each account.
    private static let maximumAddresses: Int64 = 20
}

extension Session {
    func isWithinGrace(_ request: RotationRequest, at now: UnixTime) -> Bool {
        isWithinGrace(seconds: request.graceSeconds, maximumRetries: request.maximumRetries, at: now)
    }

    fileprivate mutating func use(accessUntil end: UnixTime, at now: UnixTime) {
        accessExpiresAt = max(accessExpiresAt, end)
        if now >= lastUsedAt.adding(seconds: 300) { lastUsedAt = now }
    }
}
