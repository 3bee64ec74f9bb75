// User: an account, and the verbs' inputs and outcomes about accounts.

package import MartletEncoding

/// An account.
package struct User: Sendable, Hashable {
    package var id: UserID
    /// As it was registered or came from elsewhere (``UsernameKey``).
    package var username: String
    package var email: String?
    /// Only a verified address is unique and good for logging in.
    package var emailVerified: Bool
    package var displayName: String
    /// A PHC string, or what another system stored; nil for an account that cannot log in with a password.
    package var passwordHash: String?
    /// Sorted, without repeats.
    package var roles: [String]
    package var isActive: Bool
    /// Rises with every change that concerns security: password, roles, activity, e-mail. Also the `ETag`'s ground.
    package var version: Int64
    package var createdAt: UnixTime
    package var updatedAt: UnixTime
    package var lastLoginAt: UnixTime?
    /// A JSON object of the operator's own.
    package var attributes: String
    /// The account's name in a system it came from.
    package var externalID: String?

    package init(
        id: UserID, username: String, email: String?, emailVerified: Bool, displayName: String, passwordHash: String?,
        roles: [String], isActive: Bool, version: Int64, createdAt: UnixTime, updatedAt: UnixTime, lastLoginAt: UnixTime?,
        attributes: String, externalID: String?
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.emailVerified = emailVerified
        self.displayName = displayName
        self.passwordHash = passwordHash
        self.roles = roles
        self.isActive = isActive
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastLoginAt = lastLoginAt
        self.attributes = attributes
        self.externalID = externalID
    }

    /// ``externalID`` as a number, where the system numbered its accounts.
    package var externalNumber: Int64? {
        externalID.flatMap { text in Int64(digits: Array(text.utf8)[...]).flatMap { String($0) == text ? $0 : nil } }
    }

    /// The role whose holders administer.
    package static let administrator = "admin"

    /// Whether this account may administer now.
    package var isAdministrator: Bool { isActive && roles.contains(Self.administrator) }
}

/// An account to be made.
package struct NewUser: Sendable {
    package var id: UserID
    package var username: String
    package var email: String?
    package var emailVerified: Bool
    package var passwordHash: String?
    package var roles: [String]
    package var isActive: Bool
    /// Makes the account only while there has never been an administrator.
    package var onlyAsFirstAdministrator: Bool

    package init(
        id: UserID, username: String, email: String? = nil, emailVerified: Bool = false, passwordHash: String?, roles: [String] = [],
        isActive: Bool = true, onlyAsFirstAdministrator: Bool = false
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.emailVerified = emailVerified
        self.passwordHash = passwordHash
        self.roles = roles
        self.isActive = isActive
        self.onlyAsFirstAdministrator = onlyAsFirstAdministrator
    }
}

/// What came of making an account.
package enum CreateUserOutcome: Sendable, Hashable {
    case created(User)
    case usernameTaken
    /// Another account has proved it owns the address (and this one was to be made with it verified).
    case emailTaken
    /// There has been an administrator before.
    case notFirstAdministrator
}

/// A change of an account: what is nil stays as it is.
///
/// What follows, in the same transaction:
/// - `isActive: false`: every session ends, and what the service before gave out.
/// - a `passwordHash`: every session but `keepingSession` ends, and what the service before gave out.
/// - `roles` that differ: the access tokens of every session end, the sessions go on (their `accessEpoch` rises).
/// - any of them, an e-mail or a username: `version` rises.
/// - anything at all: an `account` event, so that caches let go.
package struct UserChange: Sendable {
    /// Keeps the rules of usernames; no other account may have its key.
    package var username: String?
    package var displayName: String?
    /// `.some(nil)` takes the address away. A changed address is unverified unless `emailVerified` says otherwise.
    package var email: String??
    package var emailVerified: Bool?
    package var roles: [String]?
    package var isActive: Bool?
    package var passwordHash: String?
    /// A JSON object: see ``UserAttributes``.
    package var attributes: String?
    /// The session that asked for the change, and outlives it.
    package var keepingSession: SessionID?
    /// Only if the account still has this version.
    package var ifVersion: Int64?

    package init(
        username: String? = nil, displayName: String? = nil, email: String?? = nil, emailVerified: Bool? = nil, roles: [String]? = nil,
        isActive: Bool? = nil, passwordHash: String? = nil, attributes: String? = nil, keepingSession: SessionID? = nil,
        ifVersion: Int64? = nil
    ) {
        self.username = username
        self.displayName = displayName
        self.email = email
        self.emailVerified = emailVerified
        self.roles = roles
        self.isActive = isActive
        self.passwordHash = passwordHash
        self.attributes = attributes
        self.keepingSession = keepingSession
        self.ifVersion = ifVersion
    }
}

/// What came of changing or deleting an account.
package enum ChangeUserOutcome: Sendable, Hashable {
    /// The account as it is now (as it was last, when deleted).
    case changed(User)
    case notFound
    /// The account has another version by now.
    case versionMismatch
    /// It would leave no active administrator.
    case lastAdministrator
    /// Another account has proved it owns the address.
    case emailTaken
    /// Another account has the username.
    case usernameTaken
}
