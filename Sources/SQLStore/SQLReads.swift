// SQLReads: every question of `StoreReads`, asked through one connection that has a snapshot open. Snapshots for
// readers and the writer's transaction answer by the same code.

import MartletEncoding
import Store

/// What answers questions through a connection.
protocol SQLReads: StoreReads {
    var connection: SQLiteConnection { get }
    /// The gauges' numbers, counted now and then for the whole store.
    var counter: RowCounter { get }
}

/// One consistent snapshot, for a reader.
struct SQLSnapshot: SQLReads {
    let connection: SQLiteConnection
    let counter: RowCounter
}

extension SQLReads {
    // MARK: Accounts

    func user(_ id: UserID) throws(StoreError) -> User? {
        try connection.first(Statements.user, [.text(id.text)]) { row throws(StoreError) in try row.user() }
    }

    func user(username: UsernameKey) throws(StoreError) -> User? {
        try connection.first(Statements.userByUsername, [.text(username.folded), .text(username.exact)]) { row throws(StoreError) in
            try row.user()
        }
    }

    func user(verifiedEmail: EmailKey) throws(StoreError) -> User? {
        try connection.first(Statements.userByVerifiedEmail, [.text(verifiedEmail.text)]) { row throws(StoreError) in try row.user() }
    }

    func user(externalID: String) throws(StoreError) -> User? {
        try connection.first(Statements.userByExternalID, [.text(externalID)]) { row throws(StoreError) in try row.user() }
    }

    func users(matching query: String?, page: Page) throws(StoreError) -> Listing<User> {
        guard let from = Cursor(of: page) else { return Listing(items: [], next: nil) }
        let position: [SQLValue] = [.integer(from.number), .text(from.text), .integer(Int64(page.limit + 1))]
        let rows =
            if let query, !query.isEmpty {
                try connection.all(Statements.usersMatching, position + [.text(query.asciiLowercased)]) { row throws(StoreError) in
                    try row.user()
                }
            } else {
                try connection.all(Statements.users, position) { row throws(StoreError) in try row.user() }
            }
        return Cursor.listing(of: rows, page: page) { Cursor(number: $0.createdAt.milliseconds, text: $0.id.text) }
    }

    func hasLoggedIn(_ user: UserID, from address: LoginAddress, since: UnixTime) throws(StoreError) -> Bool {
        try connection.first(Statements.hasLoggedIn, [.text(user.text), .text(address.text), .time(since)]) { _ throws(StoreError) in
            true
        } ?? false
    }

    // MARK: Sessions

    func session(_ id: SessionID, at now: UnixTime) throws(StoreError) -> Session? {
        try connection.first(Statements.session, [.text(id.text), .time(now)]) { row throws(StoreError) in row.session() }
    }

    func sessions(of user: UserID, at now: UnixTime, page: Page) throws(StoreError) -> Listing<Session> {
        guard let from = Cursor(of: page) else { return Listing(items: [], next: nil) }
        let rows = try connection.all(
            Statements.sessions,
            [.text(user.text), .time(now), .integer(from.number), .text(from.text), .integer(Int64(page.limit + 1))]
        ) { row throws(StoreError) in row.session() }
        return Cursor.listing(of: rows, page: page) { Cursor(number: $0.createdAt.milliseconds, text: $0.id.text) }
    }

    // MARK: Revocations

    func events(after sequence: Int64, limit: Int) throws(StoreError) -> [RevocationEvent] {
        try connection.all(Statements.eventsAfter, [.integer(sequence), .integer(Int64(max(limit, 0)))]) { row throws(StoreError) in
            try row.event()
        }
    }

    func liveEvents(at now: UnixTime) throws(StoreError) -> [RevocationEvent] {
        try connection.all(Statements.liveEvents, [.time(now)]) { row throws(StoreError) in try row.event() }
    }

    func lastSequence() throws(StoreError) -> Int64 {
        try connection.first(Statements.lastSequence) { row throws(StoreError) in row.integer(0) } ?? 0
    }

    func revocations(at now: UnixTime, page: Page) throws(StoreError) -> Listing<RevocationEvent> {
        guard let from = Cursor(of: page) else { return Listing(items: [], next: nil) }
        let rows = try connection.all(
            Statements.listedEvents, [.time(now), .integer(from.number), .integer(Int64(page.limit + 1))]
        ) { row throws(StoreError) in try row.event() }
        return Cursor.listing(of: rows, page: page) { Cursor(number: $0.sequence, text: "") }
    }

    // MARK: Keys

    func keys(includingRetired: Bool) throws(StoreError) -> [SigningKeyRecord] {
        try connection.all(includingRetired ? Statements.allKeys : Statements.keys) { row throws(StoreError) in try row.signingKey() }
    }

    // MARK: Audit

    func audit(_ filter: AuditFilter, page: Page) throws(StoreError) -> Listing<AuditEntry> {
        guard let from = Cursor(of: page), let sequence = page.cursor == nil ? .max : Int64(digits: ArraySlice(from.text.utf8))
        else { return Listing(items: [], next: nil) }
        var values: [SQLValue] = [
            .time(filter.since ?? UnixTime(milliseconds: .min)), .integer(from.number), .integer(sequence),
            .integer(Int64(page.limit + 1)),
        ]
        if let actor = filter.actor { values.append(.text(actor)) }
        if let action = filter.action { values.append(.text(action.rawValue)) }
        let statement =
            switch (filter.actor, filter.action) {
            case (nil, nil): Statements.audit
            case (_?, nil): Statements.auditByActor
            case (nil, _?): Statements.auditByAction
            case (_?, _?): Statements.auditByActorAndAction
            }
        let rows = try connection.all(statement, values) { row throws(StoreError) in try row.auditEntry() }
        let listing = Cursor.listing(of: rows, page: page) { Cursor(number: $0.entry.at.milliseconds, text: "\($0.sequence)") }
        return Listing(items: listing.items.map(\.entry), next: listing.next)
    }

    // MARK: The database

    func fact(_ name: Fact) throws(StoreError) -> String? {
        try connection.first(Statements.fact, [.text(name.rawValue)]) { row throws(StoreError) in row.text(0) }
    }

    func counts(at now: UnixTime) throws(StoreError) -> (users: Int64, sessions: Int64) {
        if let known = counter.counts(at: now) { return known }
        let users = try connection.first(Statements.countUsers) { row throws(StoreError) in row.integer(0) } ?? 0
        let sessions = try connection.first(Statements.countSessions, [.time(now)]) { row throws(StoreError) in row.integer(0) } ?? 0
        counter.remember(users: users, sessions: sessions, at: now)
        return (users, sessions)
    }

    func passwordSchemes(at now: UnixTime) throws(StoreError) -> [PasswordSchemeCount] {
        if let known = counter.passwordSchemes(at: now) { return known }
        let schemes = try connection.all(Statements.countHashSchemes) { row throws(StoreError) in
            PasswordSchemeCount(scheme: row.optionalText(0).map(PasswordScheme.init(named:)), accounts: row.integer(1))
        }
        counter.remember(schemes, at: now)
        return schemes
    }

    func hasLegacyPasswords() throws(StoreError) -> Bool {
        for prefix in PasswordScheme.legacyPrefixes {
            // U+10FFFF is the last character; no name has it.
            let found = try connection.first(Statements.hasHashScheme, [.text(prefix), .text(prefix + "\u{10FFFF}")]) {
                row throws(StoreError) in row.integer(0)
            }
            if found == 1 { return true }
        }
        return false
    }
}
