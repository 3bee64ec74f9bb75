// Reauthentication: somebody who is logged in proves once more that they know the password, before the password or the
// e-mail address changes. Wrong ones count like failed logins.

package import MartletEncoding
package import Store
package import Tokens

/// Checks the current password of a logged-in user.
package struct Reauthentication: Sendable {
    private let store: any Store
    private let hasher: PasswordHasher
    private let throttle: LoginThrottle
    private let common: CommonPasswords

    package init(store: any Store, hasher: PasswordHasher, throttle: LoginThrottle, common: CommonPasswords) {
        self.store = store
        self.hasher = hasher
        self.throttle = throttle
        self.common = common
    }

    /// A change that waits for its password check.
    package struct Pending: Sendable {
        /// The account as it was read; the change is to be bound to this version.
        package let user: User
        fileprivate let check: PasswordCheck
        fileprivate let newPassword: Password?
        fileprivate let attempt: LoginThrottle.Attempt
    }

    /// Reads the account and looks at the new password if there is one. Blocks on the database.
    package func prepare(
        _ id: UserID, current: String, new: String?, from client: ClientDescription
    ) throws(AccountError) -> Pending {
        let found: User?
        do throws(StoreError) {
            found = try store.read { reads throws(StoreError) in try reads.user(id) }
        } catch {
            throw .store(error)
        }
        guard let user = found else { throw .notFound }
        let newPassword = try new.map { text throws(AccountError) in
            try Password(new: text, username: user.username, email: user.email, common: common, field: "new_password")
        }
        guard let password = Password(attempt: current) else { throw .invalidCredentials }
        let attempt = throttle.attempt(ownAccount: id.text, from: client.address)
        return Pending(
            user: user, check: hasher.checking(password, against: user.passwordHash), newPassword: newPassword, attempt: attempt)
    }

    /// Checks the password and hashes the new one, if there is one: for the hashing lane. Answers the new hash; a wrong password
    /// stands in the audit trail.
    package func run(_ pending: Pending, audit: AuditContext, at now: UnixTime) throws(AccountError) -> String? {
        try throttle.take(pending.attempt, at: now)
        guard case .right = try pending.check.run() else {
            let name = pending.user.username
            store.write { transaction throws(StoreError) in
                try transaction.record(.loginFailed, target: name, result: .failure, detail: "current password", audit: audit, at: now)
            } completion: { _ in
            }
            throw .invalidCredentials
        }
        throttle.forgive(pending.attempt)
        return try pending.newPassword.map { password throws(AccountError) in try hasher.hash(password) }
    }
}
