// PasswordHasher: the operator's choice of hash, and the jobs that compute it. A job is a value that may be carried to
// another thread; it touches nothing but its own memory, because it takes tens of milliseconds and of megabytes.

package import MartletCryptography
package import PasswordHashing
import Store

/// Makes hash jobs.
package struct PasswordHasher: Sendable {
    private let parameters: Argon2Parameters
    private let random: RandomSource
    /// Stands in for the hash of an account that is not there, so that it costs the same.
    private let dummy: PasswordHash

    package init(parameters: Argon2Parameters, random: RandomSource) {
        self.parameters = parameters
        self.random = random
        dummy = .dummy(parameters)
    }

    /// The job that checks a password against what is stored; nil stands for an account without a password.
    package func checking(_ password: Password, against stored: String?) -> PasswordCheck {
        PasswordCheck(password: password, stored: stored, dummy: dummy, parameters: parameters, random: random)
    }

    /// The hash of a new password, to be stored. Takes tens of milliseconds: for the hashing lane.
    package func hash(_ password: Password) throws(AccountError) -> String {
        try hashing { () throws(PasswordHashError) in
            try PasswordHash(password: password.bytes, parameters: parameters, random: random).encoded
        }
    }
}

/// A password to be checked.
package struct PasswordCheck: Sendable {
    fileprivate let password: Password
    fileprivate let stored: String?
    fileprivate let dummy: PasswordHash
    fileprivate let parameters: Argon2Parameters
    fileprivate let random: RandomSource

    /// What came of it.
    package enum Verdict: Sendable, Hashable {
        case wrong
        /// Right. `stronger` is a hash by today's parameters when the stored one is weaker.
        case right(stronger: String?)
    }

    /// Computes. Takes tens of milliseconds, for unknown accounts as well: for the hashing lane.
    package func run() throws(AccountError) -> Verdict {
        // Whether a weak digest may rest in the database was decided when it was imported.
        let known = stored.flatMap { try? PasswordHash(parsing: $0, allowingWeak: true) }
        let matches = try hashing { () throws(PasswordHashError) in try (known ?? dummy).verify(password.bytes) }
        guard let known, matches else {
            // A stored hash that is weaker than the dummy would tell by its speed that there is such an account. For one of another
            // system, which may as well be slower, the answer has to leave at a time that does not depend on it.
            if let known, !known.isLegacy, known.needsRehash(for: parameters) {
                _ = try hashing { () throws(PasswordHashError) in try dummy.verify(password.bytes) }
            }
            return .wrong
        }
        guard known.needsRehash(for: parameters) else { return .right(stronger: nil) }
        return .right(stronger: try? PasswordHash(password: password.bytes, parameters: parameters, random: random).encoded)
    }
}

/// A stored string that cannot be read (malformed, unusable, out of range) stands for no password, and one that is tried is never too
/// long. What is left is the lack of memory, which passes, and a function of another system's hash that this system's libraries
/// lack, which the operator has to see: both are the store's kind of trouble, 503 with the cause in the log.
private func hashing<Value>(_ body: () throws(PasswordHashError) -> Value) throws(AccountError) -> Value {
    do throws(PasswordHashError) { return try body() } catch { throw .store(.unavailable(detail: "a password cannot be hashed: \(error)")) }
}
