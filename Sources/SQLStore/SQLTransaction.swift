// SQLTransaction: the verbs' common ground: the writer's connection, the events and audit rows that go with a deed,
// and facts. The verbs themselves are in the extensions, by what they are about.

import MartletEncoding
import Store

/// The transaction that the writer has open. Used on the writer's thread only.
final class SQLTransaction: SQLReads, StoreTransaction {
    let connection: SQLiteConnection
    let counter: RowCounter
    private let random: @Sendable (Int) -> [UInt8]
    /// The latest time that a verb of this batch was told, by which the purge goes.
    private(set) var latest: UnixTime?

    init(connection: SQLiteConnection, counter: RowCounter, random: @escaping @Sendable (Int) -> [UInt8]) {
        self.connection = connection
        self.counter = counter
        self.random = random
    }

    /// Forgets the times of the batch before.
    func beginBatch() { latest = nil }

    func note(_ now: UnixTime) {
        if latest.map({ $0 < now }) ?? true { latest = now }
    }

    func setFact(_ name: Fact, _ value: String) throws(StoreError) {
        try connection.run(Statements.setFact, [.text(name.rawValue), .text(value)])
    }

    /// 128 random bits as text.
    func makeID() -> String { Base64URL.encode(random(16)) }

    // MARK: Events

    /// Appends a line to the log. `until` is held to a minute from now at least, so that every cache can hear it.
    @discardableResult
    func append(
        _ kind: RevocationEvent.Kind, _ target: String, at now: UnixTime, until: UnixTime? = nil, keepUntil: UnixTime? = nil,
        issuedBefore: UnixTime? = nil, reason: String? = nil, cause: RevocationEvent? = nil
    ) throws(StoreError) -> RevocationEvent {
        let until = max(until ?? now, now.adding(seconds: Self.skew))
        let keepUntil = max(keepUntil ?? until, until, now.adding(seconds: Self.retention))
        // What follows from a change of an account is nobody's consequence: the change itself revokes nothing.
        let isListed = kind.revokes && cause?.kind.revokes != true
        let id = makeID()
        let sequence = try connection.first(
            Statements.insertEvent,
            [
                .text(id), .text(kind.rawValue), .text(target), .time(now), .time(until), .time(issuedBefore), .optional(reason),
                .optional(cause?.id), .flag(kind.revokes), .flag(isListed), .time(keepUntil),
            ]
        ) { row throws(StoreError) in row.integer(0) }
        guard let sequence else { throw .unavailable(detail: "an event got no sequence number") }
        return RevocationEvent(
            sequence: sequence, id: id, kind: kind, target: target, at: now, until: until, issuedBefore: issuedBefore,
            reason: reason, cause: cause?.id)
    }

    /// Seconds that verifiers' clocks may differ.
    static let skew: Int64 = 60
    /// Seconds that every event is kept at least, so that a process that slept finds it.
    private static let retention: Int64 = 3600

    // MARK: Audit

    func record(
        _ action: AuditAction, target: String?, result: AuditResult, detail: String?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) {
        note(now)
        let mergeKey =
            action == .loginFailed ? "\(target ?? "")\u{0}\(audit.ip ?? "")\u{0}\(now.seconds / 60)" : nil
        try connection.run(
            Statements.insertAudit,
            [
                .text(makeID()), .time(now), .text(audit.actor.text), .text(action.rawValue), .optional(target), .optional(audit.ip),
                .optional(audit.userAgent), .optional(audit.requestID), .text(result.rawValue), .optional(detail), .optional(mergeKey),
            ])
    }

    /// A deed that was done.
    func audited(
        _ action: AuditAction, _ target: String, _ detail: String? = nil, by audit: AuditContext, at now: UnixTime
    ) throws(StoreError) {
        try record(action, target: target, result: .success, detail: detail, audit: audit, at: now)
    }
}
