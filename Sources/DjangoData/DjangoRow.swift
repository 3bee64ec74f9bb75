// DjangoRow: what is read of one account: all of it, or why not.

package import MartletEncoding

/// An account of Django's, as it stands there.
package struct DjangoUser: Sendable, Hashable {
    /// `str(user.pk)`.
    package var key: String
    package var username: String
    /// Empty where there is none.
    package var email: String
    /// As `check_password` takes it; empty or `!…` for an account without a password.
    package var password: String
    package var firstName: String
    package var lastName: String
    package var isActive: Bool
    package var isStaff: Bool
    package var isSuperuser: Bool
    package var lastLogin: UnixTime?
    package var dateJoined: UnixTime?
    /// Names of groups, in no order.
    package var groups: [String]
    /// allauth's addresses.
    package var emailAddresses: [DjangoEmailAddress]

    package init(
        key: String, username: String, email: String, password: String, firstName: String = "", lastName: String = "",
        isActive: Bool = true, isStaff: Bool = false, isSuperuser: Bool = false, lastLogin: UnixTime? = nil,
        dateJoined: UnixTime? = nil, groups: [String] = [], emailAddresses: [DjangoEmailAddress] = []
    ) {
        self.key = key
        self.username = username
        self.email = email
        self.password = password
        self.firstName = firstName
        self.lastName = lastName
        self.isActive = isActive
        self.isStaff = isStaff
        self.isSuperuser = isSuperuser
        self.lastLogin = lastLogin
        self.dateJoined = dateJoined
        self.groups = groups
        self.emailAddresses = emailAddresses
    }
}

/// A row of allauth's `account_emailaddress`.
package struct DjangoEmailAddress: Sendable, Hashable {
    package var email: String
    package var isVerified: Bool
    package var isPrimary: Bool

    package init(email: String, isVerified: Bool, isPrimary: Bool) {
        self.email = email
        self.isVerified = isVerified
        self.isPrimary = isPrimary
    }
}

/// One row of the table of users.
package enum DjangoRow: Sendable, Hashable {
    case user(DjangoUser)
    /// A row that cannot be an account: its primary key (or `element 17` of a dump) and why, in a few words.
    case unreadable(key: String, why: String)
}

/// Some rows, in the order of their primary keys.
package struct DjangoBatch: Sendable {
    /// Never empty.
    package var rows: [DjangoRow]
    /// Where the next batch begins.
    package var position: DjangoPosition
}

/// A token that simplejwt refuses.
package struct DjangoToken: Sendable, Hashable {
    package var jti: String
    package var expiresAt: UnixTime

    /// A row of the blacklist that names none: its primary key and why, in a few words.
    package struct Unreadable: Sendable, Hashable {
        package var key: String
        package var why: String

        package init(key: String, why: String) {
            self.key = key
            self.why = why
        }
    }
}

/// Some of simplejwt's blacklisted tokens, by the age of their blacklisting.
package struct DjangoTokenBatch: Sendable {
    package var tokens: [DjangoToken]
    /// Rows whose fields are not what they should be.
    package var unreadable: [DjangoToken.Unreadable]
    /// Where the next batch begins.
    package var position: DjangoPosition
}

/// Values that more than one account has, when case is not looked at.
package struct DjangoRepeats: Sendable, Hashable {
    /// Different values.
    package var values: Int64
    /// Accounts that have one of them.
    package var accounts: Int64
    /// Some of the values, in lower case.
    package var examples: [String]

    package init(values: Int64, accounts: Int64, examples: [String]) {
        self.values = values
        self.accounts = accounts
        self.examples = examples
    }
}
