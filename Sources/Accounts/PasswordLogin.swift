// PasswordLogin: a username or a verified e-mail address, and a password, for a session (or for a browser's sign-in: SigningIn.swift).
//
//     throttle, account (worker) ──▶ PasswordCheck (hashing) ──▶ begin session if the account is still
//                                                                the version that was read (store) ──▶ tokens (loop)
//
// Unknown account, wrong password and disabled account take the same way, cost the same and get the same answer.

package import MartletEncoding
package import Store
package import Tokens

/// Who somebody says they are.
package enum LoginName: Sendable, Hashable {
    case username(String)
    case email(String)
    /// A verified address, or where there is no such account a username: whoever takes another's address for a username shuts nobody out.
    case usernameOrEmail(String)

    /// What limits count by.
    var throttleKey: String {
        switch self {
        case .username(let name), .usernameOrEmail(let name): "u:" + String(decoding: name.asciiLowercased.utf8.prefix(256), as: UTF8.self)
        case .email(let address): "e:" + String(decoding: address.asciiLowercased.utf8.prefix(256), as: UTF8.self)
        }
    }
}

/// Logs people in.
package struct PasswordLogin: Sendable {
    let store: any Store
    private var sessions: SessionService
    private let hasher: PasswordHasher
    let throttle: LoginThrottle

    /// Seconds in which an address that logged in to an account counts as known there.
    private static let knownAddressSeconds: Int64 = 30 * 86_400

    package init(store: any Store, sessions: SessionService, hasher: PasswordHasher, throttle: LoginThrottle) {
        self.store = store
        self.sessions = sessions
        self.hasher = hasher
        self.throttle = throttle
    }

    /// The same, for tokens of these sessions.
    package func with(_ sessions: SessionService) -> Self {
        var other = self
        other.sessions = sessions
        return other
    }

    /// A login whose password is to be checked.
    package struct Pending: Sendable {
        fileprivate let check: PasswordCheck
        let user: User?
        let attempt: LoginThrottle.Attempt
    }

    /// Reads the account and looks at its limits. Blocks on the database.
    package func prepare(
        _ name: LoginName, password: String, from client: ClientDescription, at now: UnixTime
    ) throws(AccountError) -> Pending {
        guard let password = Password(attempt: password) else { throw .invalidCredentials }
        let user: User?
        do throws(StoreError) {
            user = try store.read { reads throws(StoreError) in
                switch name {
                case .username(let text): return try reads.user(username: UsernameKey(text))
                case .email(let text): return try reads.user(verifiedEmail: EmailKey(text))
                case .usernameOrEmail(let text):
                    // Both are looked up whatever the first finds, so that it costs the same.
                    let byName = try reads.user(username: UsernameKey(text))
                    let byEmail = try reads.user(verifiedEmail: EmailKey(text))
                    return byEmail ?? byName
                }
            }
        } catch {
            throw .store(error)
        }
        // By the name that was given, whether or not there is such an account: what a bucket says must tell nothing.
        let attempt = try throttle.attempt(account: name.throttleKey, from: client.address, at: now) { () throws(AccountError) in
            guard let user else { return false }
            do throws(StoreError) {
                return try store.read { reads throws(StoreError) in
                    try reads.hasLoggedIn(user.id, from: client.address, since: now.adding(seconds: -Self.knownAddressSeconds))
                }
            } catch {
                throw .store(error)
            }
        }
        return Pending(
            check: hasher.checking(password, against: user?.isActive == true ? user?.passwordHash : nil), user: user,
            attempt: attempt)
    }

    /// Takes a try out of the limits and checks the password: for the hashing lane.
    package func check(_ pending: Pending, at now: UnixTime) throws(AccountError) -> PasswordCheck.Verdict {
        try throttle.take(pending.attempt, at: now)
        return try pending.check.run()
    }

    /// Begins the session, or notes the failure. `completion` is called on the store's thread with what is left to do.
    package func complete(
        _ pending: Pending, _ verdict: PasswordCheck.Verdict, scope: String, audience: String?, form: AccessForm = .plain,
        from client: ClientDescription, audit: AuditContext, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(LoginFailure) -> SessionTokens) -> Void
    ) {
        guard case .right(let stronger) = verdict, let user = pending.user else {
            note(failureOf: pending, audit: audit, at: now) { error in
                completion { () throws(LoginFailure) in
                    throw .account(error.map { .store($0) } ?? .invalidCredentials)
                }
            }
            return
        }
        throttle.forgive(pending.attempt)
        let prepared = sessions.prepare(for: user.id, scope: scope, from: client, at: now)
        store.write { transaction throws(StoreError) in
            let outcome = try transaction.beginSession(
                prepared.new, ifUserVersion: user.version, maximumPerUser: TokenPolicy.maximumSessions, audit: audit, at: now)
            if case .begun = outcome, let stronger, let old = user.passwordHash {
                _ = try transaction.rehash(user.id, from: old, to: stronger)
            }
            return outcome
        } completion: { [sessions] result in
            completion { () throws(LoginFailure) in
                switch result {
                case .failure(let error): throw .account(.store(error))
                case .success(.accountChanged): throw .account(.invalidCredentials)
                case .success(.staleKeys): throw .account(.store(.staleKeys))
                case .success(.begun(let session, let user)):
                    return try LoginFailure.catching { () throws(TokenFailure) in
                        try sessions.tokens(of: session, user, begun: prepared, audience: audience, form: form, at: now)
                    }
                }
            }
        }
    }

    func note(
        failureOf pending: Pending, audit: AuditContext, at now: UnixTime, completion: @escaping @Sendable (StoreError?) -> Void
    ) {
        // A name that is none is not written down: people type their password there.
        let target = pending.user?.username ?? "unknown"
        store.write { transaction throws(StoreError) in
            try transaction.record(
                .loginFailed, target: target, result: .failure, detail: nil, audit: audit, at: now)
        } completion: { result in
            if case .failure(let error) = result { completion(error) } else { completion(nil) }
        }
    }
}
