// PasswordHashError: the outcomes of reading a stored password, of hashing one and of checking one, other than yes and no.

/// Why a password cannot be hashed or checked.
package enum PasswordHashError: Error, Sendable, Hashable {
    /// The stored string is not exactly of a known form.
    case malformed
    /// The stored string would cost more than is allowed, or less than its scheme demands.
    case parametersOutOfRange
    /// The stored string is Django's for an account that has no password (`!…`): there is nothing to store for it.
    case unusable
    /// The stored string is a digest that is found by trying passwords, and the caller has not allowed that.
    case weak
    /// The password is longer than ``PasswordHash/maximumPasswordLength``.
    case passwordTooLong
    case outOfMemory
    /// This system's libraries lack the function: bcrypt on macOS, MD5 and SHA-1 under a policy that forbids them.
    case unsupported
}
