// Rows: how a row of each table becomes a value. The order of the columns is that of `Statements`.

import MartletEncoding
import Store

extension SQLiteStatement {
    func time(_ column: Int32) -> UnixTime { UnixTime(milliseconds: integer(column)) }

    func optionalTime(_ column: Int32) -> UnixTime? { optionalInteger(column).map(UnixTime.init(milliseconds:)) }

    func user() throws(StoreError) -> User {
        User(
            id: UserID(text(0)), username: text(1), email: optionalText(2), emailVerified: integer(3) != 0, displayName: text(4),
            passwordHash: optionalText(5), roles: try RolesColumn.read(text(6)), isActive: integer(7) != 0, version: integer(8),
            createdAt: time(9), updatedAt: time(10), lastLoginAt: optionalTime(11), attributes: text(12), externalID: optionalText(13))
    }

    func session() -> Session {
        Session(
            id: SessionID(text(0)), userID: UserID(text(1)), clientID: text(2), scope: text(3), counter: integer(4), nonce: blob(5),
            accessEpoch: integer(6), createdAt: time(7), rotatedAt: time(8), retries: integer(9), refreshKeyID: text(10),
            refreshExpiresAt: time(11), expiresAt: time(12), accessExpiresAt: time(13), lastUsedAt: time(14), ip: text(15),
            userAgent: text(16), details: optionalText(17), browserSession: optionalText(18))
    }

    func event() throws(StoreError) -> RevocationEvent {
        guard let kind = RevocationEvent.Kind(rawValue: text(2)) else {
            throw .incompatible(detail: "the database has a revocation event of the unknown kind \(text(2))")
        }
        return RevocationEvent(
            sequence: integer(0), id: text(1), kind: kind, target: text(3), at: time(4), until: time(5),
            issuedBefore: optionalTime(6), reason: optionalText(7), cause: optionalText(8))
    }

    func signingKey() throws(StoreError) -> SigningKeyRecord {
        guard let purpose = SigningKeyRecord.Purpose(rawValue: text(1)) else {
            throw .incompatible(detail: "the database has a key of the unknown purpose \(text(1))")
        }
        return SigningKeyRecord(
            id: text(0), purpose: purpose, algorithm: text(2), publicKey: blob(3), privateKey: blob(4), publishedAt: time(5),
            activatedAt: optionalTime(6), retiringAt: optionalTime(7), retiredAt: optionalTime(8), lastTokenExpiresAt: optionalTime(9))
    }

    func auditEntry() throws(StoreError) -> (sequence: Int64, entry: AuditEntry) {
        guard let action = AuditAction(rawValue: text(4)), let result = AuditResult(rawValue: text(9)) else {
            throw .incompatible(detail: "the audit trail has the unknown action \(text(4))")
        }
        return (
            integer(0),
            AuditEntry(
                id: text(1), at: time(2), actor: text(3), action: action, target: optionalText(5), ip: optionalText(6),
                userAgent: optionalText(7), requestID: optionalText(8), result: result, detail: optionalText(10), count: integer(11))
        )
    }
}

extension SQLValue {
    static func time(_ time: UnixTime) -> SQLValue { .integer(time.milliseconds) }
    static func time(_ time: UnixTime?) -> SQLValue { .optional(time?.milliseconds) }
    /// What stands beside a stored password.
    static func scheme(of encoded: String?) -> SQLValue { .optional(encoded.flatMap(PasswordScheme.init(of:))?.name) }
}

/// Roles as a column: a sorted JSON array of text.
enum RolesColumn {
    static func write(_ roles: [String]) -> String { JSONColumn.write(roles) }

    static func read(_ text: String) throws(StoreError) -> [String] { try JSONColumn.read(text, "an account's roles are") }

    /// Sorted by their bytes, without repeats.
    static func normalized(_ roles: [String]) -> [String] {
        roles.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.reduce(into: []) { kept, role in
            // By bytes, too: to `==` a composed and a decomposed letter are one.
            if kept.last.map({ $0.utf8.elementsEqual(role.utf8) }) != true { kept.append(role) }
        }
    }
}
