// Audit: who did what to whom, from where, and what came of it. Appended in the transaction of the deed itself.

package import MartletEncoding

/// Who asks, and from where. Goes with every verb.
package struct AuditContext: Sendable, Hashable {
    package var actor: AuditActor
    package var ip: String?
    package var userAgent: String?
    package var requestID: String?

    package init(actor: AuditActor, ip: String? = nil, userAgent: String? = nil, requestID: String? = nil) {
        self.actor = actor
        self.ip = ip
        self.userAgent = userAgent
        self.requestID = requestID
    }
}

/// Who did it.
package enum AuditActor: Sendable, Hashable {
    /// Somebody who has not proved who they are.
    case anonymous
    case user(UserID)
    /// The command line, so whoever may read the database.
    case commandLine
    /// The service itself, by the clock.
    case system

    /// As it stands in the trail: `anonymous`, `user:ID`, `cli`, `system`.
    package var text: String {
        switch self {
        case .anonymous: "anonymous"
        case .user(let id): "user:\(id.text)"
        case .commandLine: "cli"
        case .system: "system"
        }
    }
}

/// The closed list of deeds.
package enum AuditAction: String, Sendable, Hashable, CaseIterable {
    case userRegistered = "user.registered"
    case userCreated = "user.created"
    case usersImported = "users.imported"
    case userChanged = "user.changed"
    case userDeleted = "user.deleted"
    case userDisabled = "user.disabled"
    case userEnabled = "user.enabled"
    case rolesChanged = "user.roles_changed"
    case emailChanged = "user.email_changed"
    case passwordChanged = "user.password_changed"
    case userImpersonated = "user.impersonated"
    case loginSucceeded = "login.succeeded"
    case loginFailed = "login.failed"
    case sessionEnded = "session.ended"
    case sessionsEnded = "session.all_ended"
    case refreshReplayed = "refresh.replayed"
    case refreshAhead = "refresh.ahead"
    case refreshRetriedElsewhere = "refresh.retried_elsewhere"
    case oldTokenExchanged = "old_token.exchanged"
    case tokenRevoked = "token.revoked"
    case clientRevoked = "client.revoked"
    case keyAdded = "key.added"
    case keyPromoted = "key.promoted"
    case keysReplaced = "key.replaced"
    case clientRegistered = "client.registered"
    case clientChanged = "client.changed"
    case clientRemoved = "client.removed"
    case consentGiven = "consent.given"
    case consentWithdrawn = "consent.withdrawn"
    case codeReplayed = "code.replayed"
    case deviceApproved = "device.approved"
    case deviceDenied = "device.denied"
    case signedIn = "signed_in"
    case signedOut = "signed_out"
    case logoutUndelivered = "logout.undelivered"
}

/// How a deed ended.
package enum AuditResult: String, Sendable, Hashable {
    case success, failure
}

/// One line of the trail.
package struct AuditEntry: Sendable, Hashable {
    package var id: String
    package var at: UnixTime
    package var actor: String
    package var action: AuditAction
    /// `user:ID`, `session:ID`, `token:JTI`, `client:ID`, `key:KID`, or an account's name for a failed login.
    package var target: String?
    package var ip: String?
    package var userAgent: String?
    package var requestID: String?
    package var result: AuditResult
    package var detail: String?
    /// How many like it this line stands for, from 1.
    package var count: Int64

    package init(
        id: String, at: UnixTime, actor: String, action: AuditAction, target: String?, ip: String?, userAgent: String?,
        requestID: String?, result: AuditResult, detail: String?, count: Int64
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.action = action
        self.target = target
        self.ip = ip
        self.userAgent = userAgent
        self.requestID = requestID
        self.result = result
        self.detail = detail
        self.count = count
    }
}

/// Which lines of the trail are wanted; nil is any.
package struct AuditFilter: Sendable, Hashable {
    package var actor: String?
    package var action: AuditAction?
    package var since: UnixTime?

    package init(actor: String? = nil, action: AuditAction? = nil, since: UnixTime? = nil) {
        self.actor = actor
        self.action = action
        self.since = since
    }
}
