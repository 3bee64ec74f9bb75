// AccountError: why an account operation was refused. Web gives each case its status and code.

package import Store

/// Why an account operation was refused.
package enum AccountError: Error, Sendable, Hashable {
    /// Members that break a rule, in the order they were looked at.
    case invalid([FieldProblem])
    /// The password is one that attackers try first, or is made of the account's own names.
    case weakPassword(FieldProblem)
    case usernameTaken
    case emailTaken
    case registrationClosed
    /// Unknown account, wrong password, disabled account: one answer for all.
    case invalidCredentials
    /// Too many failures; seconds until the next try is looked at.
    case rateLimited(retryAfter: Int)
    case notFound
    /// The account has another version than the one named.
    case versionMismatch
    /// It would leave no active administrator.
    case lastAdministrator
    case store(StoreError)
}
