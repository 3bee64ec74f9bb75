// DjangoTables: which of a site's tables and columns hold its accounts, where they are not the usual ones.

/// The names that a site chose for its accounts.
package struct DjangoTables: Sendable, Hashable {
    /// The table of users. The groups of a user are in the table of this name and `_groups`.
    package let users: String
    /// `USERNAME_FIELD`.
    package let username: String
    /// `EMAIL_FIELD`; the column need not be there.
    package let email: String

    /// Throws for a name that no table or column of Django's has: letters, digits and underscores, 63 at most.
    package init(users: String = "auth_user", username: String = "username", email: String = "email") throws(DjangoDataError) {
        for name in [users, username, email] where !Self.isName(name) {
            throw DjangoDataError("\(name) is not the name of a table or column: letters, digits and _ only.")
        }
        self.users = users
        self.username = username
        self.email = email
    }

    var memberships: String { "\(users)_groups" }

    static let groups = "auth_group"
    static let emailAddresses = "account_emailaddress"
    static let outstandingTokens = "token_blacklist_outstandingtoken"
    static let blacklistedTokens = "token_blacklist_blacklistedtoken"
    static let opaqueTokens = "authtoken_token"

    private static func isName(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType == .decimal }
    }
}
