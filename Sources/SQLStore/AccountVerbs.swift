// AccountVerbs: making, changing and deleting accounts, with what follows for their sessions.

import MartletEncoding
import Store

extension SQLTransaction {
    func createUser(_ new: NewUser, audit: AuditContext, at now: UnixTime) throws(StoreError) -> CreateUserOutcome {
        note(now)
        let roles = RolesColumn.normalized(new.roles)
        let isAdministrator = roles.contains(User.administrator)
        let isVerified = new.emailVerified && new.email != nil
        if new.onlyAsFirstAdministrator, try fact(.hadAdministrator) != nil { return .notFirstAdministrator }
        let key = UsernameKey(new.username).folded
        if try isTaken(key, exceptBy: new.id) { return .usernameTaken }
        if isVerified, let email = new.email, try user(verifiedEmail: EmailKey(email)) != nil { return .emailTaken }
        try connection.run(
            Statements.insertUser,
            [
                .text(new.id.text), .text(new.username), .text(key), .optional(new.email),
                .optional(new.email.map { EmailKey($0).text }), .flag(isVerified), .optional(new.passwordHash),
                .scheme(of: new.passwordHash), .text(RolesColumn.write(roles)), .flag(isAdministrator), .flag(new.isActive), .time(now),
            ])
        if isAdministrator { try setFact(.hadAdministrator, "1") }
        try audited(audit.actor == .anonymous ? .userRegistered : .userCreated, "user:\(new.id)", new.username, by: audit, at: now)
        guard let user = try user(new.id) else { throw .unavailable(detail: "a new account cannot be read") }
        return .created(user)
    }

    func changeUser(
        _ id: UserID, _ change: UserChange, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> ChangeUserOutcome {
        note(now)
        guard let old = try user(id) else { return .notFound }
        if let version = change.ifVersion, version != old.version { return .versionMismatch }

        var new = old
        change.apply(to: &new)
        let isOther = new != old || change.passwordHash != nil
        guard isOther else { return .changed(old) }
        let isRenamed = !new.username.utf8.elementsEqual(old.username.utf8)
        let key = UsernameKey(new.username).folded
        if isRenamed, try isTaken(key, exceptBy: id) { return .usernameTaken }
        if new.emailVerified, let email = new.email, let owner = try user(verifiedEmail: EmailKey(email)), owner.id != id {
            return .emailTaken
        }
        if old.isActiveAdministrator, !new.isActiveAdministrator, try isLastAdministrator(id) { return .lastAdministrator }

        let concernsSecurity =
            change.passwordHash != nil || new.roles != old.roles || new.isActive != old.isActive || new.email != old.email
            || new.emailVerified != old.emailVerified || isRenamed
        if concernsSecurity { new.version += 1 }
        new.updatedAt = now
        try write(new)
        if isRenamed { try connection.run(Statements.renameUser, [.text(id.text), .text(new.username), .text(key)]) }
        if new.attributes != old.attributes { try connection.run(Statements.setAttributes, [.text(id.text), .text(new.attributes)]) }
        if new.roles.contains(User.administrator) { try setFact(.hadAdministrator, "1") }

        let event = try append(.account, id.text, at: now)
        try endWhatFollows(from: change, old: old, new: new, event: event, at: now)
        try record(change, old: old, new: new, by: audit, at: now)
        return .changed(new)
    }

    func deleteUser(
        _ id: UserID, ifVersion: Int64?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> ChangeUserOutcome {
        note(now)
        guard let user = try user(id) else { return .notFound }
        if let ifVersion, ifVersion != user.version { return .versionMismatch }
        if user.isActiveAdministrator, try isLastAdministrator(id) { return .lastAdministrator }
        let ended = try sessionsToEnd(of: id, at: now)
        let event = try end(ended, of: id, reason: "account deleted", at: now)
        try endOldTokens(of: user, reason: "account deleted", cause: event, at: now)
        try endImpersonations(by: id, cause: event, at: now)
        for row in ended where !row.concernsTokens(at: now) { try connection.run(Statements.deleteSession, [.text(row.id.text)]) }
        try forgetSignIns(of: id, at: now)
        try connection.run(Statements.deleteConsentsOfUser, [.text(id.text)])
        try connection.run(Statements.deleteLoginAddresses, [.text(id.text)])
        try connection.run(Statements.deleteUser, [.text(id.text)])
        try audited(.userDeleted, "user:\(id)", user.username, by: audit, at: now)
        return .changed(user)
    }

    func rehash(_ id: UserID, from old: String, to new: String) throws(StoreError) -> Bool {
        try connection.run(Statements.rehash, [.text(id.text), .text(old), .text(new), .scheme(of: new)])
        return connection.changes == 1
    }

    /// Whether another account has a username with this folded form, be it found by it or exactly only.
    private func isTaken(_ key: String, exceptBy id: UserID) throws(StoreError) -> Bool {
        try connection.first(Statements.isUsernameTaken, [.text(key), .text(id.text)]) { row throws(StoreError) in row.integer(0) } == 1
    }

    private func isLastAdministrator(_ id: UserID) throws(StoreError) -> Bool {
        try connection.first(Statements.anotherAdministrator, [.text(id.text)]) { _ throws(StoreError) in true } == nil
    }

    private func write(_ user: User) throws(StoreError) {
        try connection.run(
            Statements.updateUser,
            [
                .text(user.id.text), .optional(user.email), .optional(user.email.map { EmailKey($0).text }), .flag(user.emailVerified),
                .text(user.displayName), .optional(user.passwordHash), .text(RolesColumn.write(user.roles)),
                .flag(user.roles.contains(User.administrator)), .flag(user.isActive), .integer(user.version), .time(user.updatedAt),
                .scheme(of: user.passwordHash),
            ])
    }

    private func endWhatFollows(
        from change: UserChange, old: User, new: User, event: RevocationEvent, at now: UnixTime
    ) throws(StoreError) {
        var rows = try sessionsToEnd(of: new.id, at: now)
        if !new.isActive || change.passwordHash != nil {
            let reason = new.isActive ? "password changed" : "account disabled"
            try forgetSignIns(of: new.id, at: now)
            // A disabled account has no session, not even the one that asked.
            let kept = new.isActive ? change.keepingSession : nil
            let ended = rows.filter { $0.id != kept && $0.concernsTokens(at: now) }
            rows.removeAll { $0.id != kept }
            if kept == nil, !ended.isEmpty {
                try end(ended, of: new.id, reason: reason, at: now)
            } else {
                for row in ended { try end(row, reason: reason, cause: event, at: now) }
            }
            try endOldTokens(of: new, reason: reason, cause: event, at: now)
        }
        if old.isAdministrator, !new.isAdministrator || change.passwordHash != nil {
            try endImpersonations(by: new.id, cause: event, at: now)
        }
        if new.roles != old.roles {
            for row in rows where row.concernsTokens(at: now) {
                try append(
                    .session, row.accessSessionID, at: now, until: row.tokensEndBy, reason: "roles changed", cause: event)
                try connection.run(Statements.raiseAccessEpoch, [.text(row.id.text)])
            }
        }
    }

    private func record(
        _ change: UserChange, old: User, new: User, by audit: AuditContext, at now: UnixTime
    ) throws(StoreError) {
        let target = "user:\(new.id)"
        if new.isActive != old.isActive { try audited(new.isActive ? .userEnabled : .userDisabled, target, by: audit, at: now) }
        if new.roles != old.roles {
            try audited(.rolesChanged, target, "\(RolesColumn.write(old.roles)) to \(RolesColumn.write(new.roles))", by: audit, at: now)
        }
        if new.email != old.email || new.emailVerified != old.emailVerified {
            try audited(.emailChanged, target, by: audit, at: now)
        }
        if change.passwordHash != nil { try audited(.passwordChanged, target, by: audit, at: now) }
        if new.displayName != old.displayName { try audited(.userChanged, target, "display name", by: audit, at: now) }
        if new.attributes != old.attributes { try audited(.userChanged, target, "attributes", by: audit, at: now) }
        if new.username != old.username {
            try audited(.userChanged, target, "username \(old.username) to \(new.username)", by: audit, at: now)
        }
    }
}

extension User {
    fileprivate var isActiveAdministrator: Bool { isActive && roles.contains(User.administrator) }
}

extension UserChange {
    /// Puts the wanted values in place.
    fileprivate func apply(to user: inout User) {
        if let username { user.username = username }
        if let displayName { user.displayName = displayName }
        if let email {
            if email != user.email { user.emailVerified = false }
            user.email = email
        }
        if let emailVerified { user.emailVerified = emailVerified }
        if user.email == nil { user.emailVerified = false }
        if let roles { user.roles = RolesColumn.normalized(roles) }
        if let isActive { user.isActive = isActive }
        if let passwordHash { user.passwordHash = passwordHash }
        if let attributes { user.attributes = attributes }
    }
}
