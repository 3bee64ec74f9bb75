// ImportVerbs: taking over accounts of other systems, with names that would be refused to those who register.

import MartletEncoding
import Store

extension SQLTransaction {
    func importUser(_ new: ImportedUser, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ImportUserOutcome {
        note(now)
        let known = try connection.first(Statements.isImported, [.text(new.id.text), .text(new.externalID)]) { row throws(StoreError) in
            row.integer(0) != 0
        }
        if let known { return known ? .present : .idTaken }
        let key = UsernameKey(new.username)
        let namesakes = try connection.all(Statements.namesakes, [.text(key.folded), .text(key.exact)]) { row throws(StoreError) in
            Namesake(row: row)
        }
        // By bytes: to `==` a composed and a decomposed letter are one.
        if namesakes.contains(where: { $0.isImported && $0.username.utf8.elementsEqual(new.username.utf8) }) { return .usernameTaken }
        for other in namesakes where other.isImported && !other.matchesExactly {
            let values: [SQLValue] = [.text(other.id), .text(UsernameKey(other.username).exact), .text(key.folded)]
            try connection.run(Statements.findExactly, values)
            try audited(.userChanged, "user:\(other.id)", "found by its exact username only", by: audit, at: now)
        }
        let matchesExactly = new.matchesExactly || !namesakes.isEmpty
        var isVerified = new.emailVerified
        if isVerified, let email = new.email, try user(verifiedEmail: EmailKey(email)) != nil { isVerified = false }
        try insert(new, key: key, matchesExactly: matchesExactly, isVerified: isVerified && new.email != nil, at: now)
        return .created(matchesExactly: matchesExactly, emailLeftUnverified: new.emailVerified && !isVerified)
    }

    private func insert(
        _ new: ImportedUser, key: UsernameKey, matchesExactly: Bool, isVerified: Bool, at now: UnixTime
    ) throws(StoreError) {
        let roles = RolesColumn.normalized(new.roles)
        let isAdministrator = roles.contains(User.administrator)
        try connection.run(
            Statements.importUser,
            [
                .text(new.id.text), .text(new.username), .text(matchesExactly ? key.exact : key.folded),
                matchesExactly ? .text(key.folded) : .null, .optional(new.email), .optional(new.email.map { EmailKey($0).text }),
                .flag(isVerified), .text(new.displayName), .optional(new.passwordHash), .text(RolesColumn.write(roles)),
                .flag(isAdministrator), .flag(new.isActive), .time(new.createdAt), .time(now), .time(new.lastLoginAt),
                .text(new.attributes), .text(new.externalID), .scheme(of: new.passwordHash),
            ])
        if isAdministrator { try setFact(.hadAdministrator, "1") }
    }
}

/// An account whose username is the same by its folded form.
private struct Namesake {
    var id: String
    var username: String
    var isImported: Bool
    var matchesExactly: Bool

    init(row: SQLiteStatement) {
        id = row.text(0)
        username = row.text(1)
        isImported = row.integer(2) != 0
        matchesExactly = row.integer(3) != 0
    }
}
