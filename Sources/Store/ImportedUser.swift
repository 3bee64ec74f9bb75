// ImportedUser: an account as it comes from another system, and what came of taking it over. Nothing of it is refused for
// a rule that only accounts made here must keep.

package import MartletEncoding

/// An account of another system.
package struct ImportedUser: Sendable {
    package var id: UserID
    /// As it is there, whatever characters it has.
    package var username: String
    /// Found by exactly its own text in any case: for a name that breaks the rules of those made here. Otherwise only where it
    /// differs from another account's by ASCII case.
    package var matchesExactly: Bool
    /// Need not be unique.
    package var email: String?
    /// Unless another account has proved that it owns the address, which stays unverified here then.
    package var emailVerified: Bool
    package var displayName: String
    /// A hash that logins accept; nil for an account that cannot log in with a password.
    package var passwordHash: String?
    /// Sorted, without repeats.
    package var roles: [String]
    package var isActive: Bool
    package var createdAt: UnixTime
    package var lastLoginAt: UnixTime?
    /// A JSON object.
    package var attributes: String
    /// Its name there, by which it is known when it comes again.
    package var externalID: String

    package init(
        id: UserID, username: String, matchesExactly: Bool, email: String?, emailVerified: Bool, displayName: String,
        passwordHash: String?, roles: [String], isActive: Bool, createdAt: UnixTime, lastLoginAt: UnixTime?, attributes: String,
        externalID: String
    ) {
        self.id = id
        self.username = username
        self.matchesExactly = matchesExactly
        self.email = email
        self.emailVerified = emailVerified
        self.displayName = displayName
        self.passwordHash = passwordHash
        self.roles = roles
        self.isActive = isActive
        self.createdAt = createdAt
        self.lastLoginAt = lastLoginAt
        self.attributes = attributes
        self.externalID = externalID
    }
}

/// What came of taking over an account.
package enum ImportUserOutcome: Sendable, Hashable {
    /// Made. `matchesExactly`: it is found by exactly its own username only. `emailLeftUnverified`: another account had proved
    /// that it owns the address.
    case created(matchesExactly: Bool, emailLeftUnverified: Bool)
    /// There is an account with this `externalID`; it stays as it is.
    case present
    /// Another account has this id. Nothing was written.
    case idTaken
    /// An account that was imported before under another `externalID` has the same username byte for byte. Nothing was written.
    case usernameTaken
}
