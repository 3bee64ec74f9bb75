// ClientVerbs: clients, and what people let them have.

import MartletEncoding
import Store

extension SQLReads {
    func client(_ id: String) throws(StoreError) -> OAuthClient? {
        try connection.first(Statements.client, [.text(id)]) { row throws(StoreError) in try row.client() }
    }

    func clients(page: Page) throws(StoreError) -> Listing<OAuthClient> {
        guard let from = Cursor(of: page) else { return Listing(items: [], next: nil) }
        let rows = try connection.all(
            Statements.clients, [.integer(from.number), .text(from.text), .integer(Int64(page.limit + 1))]
        ) { row throws(StoreError) in try row.client() }
        return Cursor.listing(of: rows, page: page) { Cursor(number: $0.createdAt.milliseconds, text: $0.id) }
    }

    func consent(of user: UserID, to client: String) throws(StoreError) -> Consent? {
        try connection.first(Statements.consent, [.text(user.text), .text(client)]) { row throws(StoreError) in try row.consent() }
    }

    func consents(of user: UserID) throws(StoreError) -> [Consent] {
        try connection.all(Statements.consents, [.text(user.text)]) { row throws(StoreError) in try row.consent() }
    }
}

extension SQLTransaction {
    func addClient(_ client: OAuthClient, audit: AuditContext) throws(StoreError) -> Bool {
        note(client.createdAt)
        guard try self.client(client.id) == nil else { return false }
        try connection.run(
            Statements.insertClient,
            [
                .text(client.id), .text(client.origin.rawValue), .optionalBlob(client.secret), .optionalBlob(client.registrationToken),
                .text(client.metadata), .text(client.policy), .integer(client.version), .time(client.createdAt), .time(client.updatedAt),
                .time(client.unusedUntil),
            ])
        try append(.registration, client.id, at: client.createdAt)
        try audited(.clientRegistered, "client:\(client.id)", by: audit, at: client.createdAt)
        return true
    }

    func changeClient(_ client: OAuthClient, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ChangeClientOutcome {
        note(now)
        guard let old = try self.client(client.id) else { return .notFound }
        guard old.version == client.version else { return .versionMismatch }
        var new = client
        new.version += 1
        new.updatedAt = now
        try connection.run(
            Statements.updateClient,
            [
                .text(new.id), .optionalBlob(new.secret), .optionalBlob(new.registrationToken), .text(new.metadata), .text(new.policy),
                .integer(new.version), .time(now), .time(new.unusedUntil),
            ])
        try append(.registration, new.id, at: now)
        try audited(.clientChanged, "client:\(new.id)", by: audit, at: now)
        return .changed(new)
    }

    func removeClient(_ id: String, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Bool {
        note(now)
        guard let client = try client(id) else { return false }
        // An anonymous client has tokens by people alone. One that nobody let have any leaves no event behind, which would have to
        // live as long as a session may: registering and removing must not fill the feed.
        let mayHaveTokens = if client.origin == .anonymous { try isUsed(id) } else { true }
        if mayHaveTokens { _ = try revoke(.client(id), reason: "client removed", audit: audit, at: now) }
        try forget(client, audit: audit, at: now)
        return true
    }

    func removeUnusedClients(limit: Int, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Int {
        note(now)
        let due = try connection.all(Statements.clientsMaybeUnused, [.time(now), .integer(Int64(limit))]) { row throws(StoreError) in
            try row.client()
        }
        for client in due {
            if try isUsed(client.id) {
                try connection.run(Statements.keepClient, [.text(client.id)])
            } else {
                try forget(client, audit: audit, at: now)
            }
        }
        return due.count
    }

    private func isUsed(_ client: String) throws(StoreError) -> Bool {
        try connection.first(Statements.isClientUsed, [.text(client)]) { row throws(StoreError) in row.integer(0) != 0 } ?? false
    }

    private func forget(_ client: OAuthClient, audit: AuditContext, at now: UnixTime) throws(StoreError) {
        for statement in [Statements.deleteConsentsOfClient, Statements.deleteCodesOfClient, Statements.deleteClient] {
            try connection.run(statement, [.text(client.id)])
        }
        try append(.registration, client.id, at: now)
        try audited(.clientRemoved, "client:\(client.id)", by: audit, at: now)
    }

    func giveConsent(_ consent: Consent, audit: AuditContext) throws(StoreError) {
        note(consent.grantedAt)
        let remembered = try self.consent(of: consent.userID, to: consent.clientID).map { consent.after($0) } ?? consent
        try connection.run(
            Statements.putConsent,
            [
                .text(consent.userID.text), .text(consent.clientID), .text(remembered.scope),
                .text(JSONColumn.write(remembered.resources)), .time(consent.grantedAt),
            ])
        try audited(.consentGiven, "client:\(consent.clientID)", consent.scope, by: audit, at: consent.grantedAt)
    }

    func withdrawConsent(of user: UserID, to client: String, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Bool {
        note(now)
        let hadConsent = try consent(of: user, to: client) != nil
        let rows = try connection.all(Statements.sessionsOfClient, [.text(user.text), .time(now), .text(client)]) {
            row throws(StoreError) in SessionToEnd(row: row)
        }
        // What nobody came for yet counts as well.
        var isOut = false
        for statement in [Statements.deleteCodesOfGrant, Statements.denyDevicesOfGrant] {
            try connection.run(statement, [.text(user.text), .text(client)])
            isOut = isOut || connection.changes > 0
        }
        guard hadConsent || isOut || !rows.isEmpty else { return false }
        for row in rows where row.concernsTokens(at: now) { try end(row, reason: "access removed by the user", at: now) }
        try connection.run(Statements.deleteConsent, [.text(user.text), .text(client)])
        try tell(client, of: user, at: now)
        try audited(.consentWithdrawn, "client:\(client)", by: audit, at: now)
        return true
    }
}

extension SQLiteStatement {
    fileprivate func client() throws(StoreError) -> OAuthClient {
        guard let origin = OAuthClient.Origin(rawValue: text(1)) else {
            throw .incompatible(detail: "the database has a client of the unknown origin \(text(1))")
        }
        return OAuthClient(
            id: text(0), origin: origin, secret: optionalBlob(2), registrationToken: optionalBlob(3), metadata: text(4), policy: text(5),
            version: integer(6), createdAt: time(7), updatedAt: time(8), unusedUntil: optionalTime(9))
    }

    fileprivate func consent() throws(StoreError) -> Consent {
        Consent(
            userID: UserID(text(0)), clientID: text(1), scope: text(2), resources: try JSONColumn.read(text(3)), grantedAt: time(4))
    }
}
