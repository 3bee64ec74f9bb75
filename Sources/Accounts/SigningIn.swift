// SigningIn: the other end of a login or a registration: in place of tokens, a browser is signed in. What comes before — limits, the
// check, its cost — is the same.

package import MartletEncoding
package import Store
package import Tokens

/// What a browser is to be signed in with.
package struct NewSignIn: Sendable {
    /// The hash of the cookie that the browser will have: always a new one (no session fixation).
    package var cookieHash: [UInt8]
    /// A new id.
    package var id: String
    /// Who the browser was signed in with before; nil for nobody.
    package var before: BrowserSession?
    /// Seconds until the sign-in ends unless it is used, and until it ends anyway.
    package var idle: Int64
    package var lifetime: Int64
    package var client: ClientDescription

    package init(cookieHash: [UInt8], id: String, before: BrowserSession?, idle: Int64, lifetime: Int64, client: ClientDescription) {
        self.cookieHash = cookieHash
        self.id = id
        self.before = before
        self.idle = idle
        self.lifetime = lifetime
        self.client = client
    }

    /// The sign-in of an account. The same person's goes on by its name: what clients know it by (`sid`) stays.
    fileprivate func session(of user: UserID, at now: UnixTime) -> BrowserSession {
        BrowserSession(
            id: before?.userID == user ? before?.id ?? id : id, cookieHash: cookieHash, userID: user, authenticatedAt: now,
            methods: ["pwd"], createdAt: now, idleExpiresAt: now.adding(seconds: idle), expiresAt: now.adding(seconds: lifetime),
            ip: client.ip, userAgent: client.userAgent)
    }

    fileprivate func begin(
        for user: User, in transaction: any StoreTransaction, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BeginBrowserSessionOutcome {
        let outcome = try transaction.beginBrowserSession(
            session(of: user.id, at: now), ifUserVersion: user.version, replacing: before?.cookieHash, audit: audit, at: now)
        if case .begun = outcome { try transaction.noteLogin(of: user.id, from: client.address, at: now) }
        return outcome
    }
}

/// How a sign-in ends: called once, on the store's thread.
package typealias SignInCompletion = @Sendable (Result<BrowserSession, AccountError>) -> Void

extension PasswordLogin {
    /// Signs the browser in, or notes the failure.
    package func complete(
        _ pending: Pending, _ verdict: PasswordCheck.Verdict, as new: NewSignIn, audit: AuditContext, at now: UnixTime,
        completion: @escaping SignInCompletion
    ) {
        guard case .right(let stronger) = verdict, let user = pending.user else {
            note(failureOf: pending, audit: audit, at: now) { error in
                completion(.failure(error.map { .store($0) } ?? .invalidCredentials))
            }
            return
        }
        throttle.forgive(pending.attempt)
        store.write { transaction throws(StoreError) in
            let outcome = try new.begin(for: user, in: transaction, audit: audit, at: now)
            if case .begun = outcome, let stronger, let old = user.passwordHash {
                _ = try transaction.rehash(user.id, from: old, to: stronger)
            }
            return outcome
        } completion: { result in
            completion(result.mapError { .store($0) }.flatMap(\.session))
        }
    }
}

extension Registration {
    /// Makes the account and signs the browser in, in one transaction.
    package func complete(
        _ user: NewUser, as new: NewSignIn, audit: AuditContext, at now: UnixTime, completion: @escaping SignInCompletion
    ) {
        store.write { transaction throws(StoreError) -> Result<BrowserSession, AccountError> in
            switch try transaction.createUser(user, audit: audit, at: now) {
            case .created(let user): try new.begin(for: user, in: transaction, audit: audit, at: now).session
            case .usernameTaken, .notFirstAdministrator: .failure(.usernameTaken)
            case .emailTaken: .failure(.emailTaken)
            }
        } completion: { result in
            completion(result.mapError { .store($0) }.flatMap { $0 })
        }
    }
}

extension BeginBrowserSessionOutcome {
    fileprivate var session: Result<BrowserSession, AccountError> {
        switch self {
        case .begun(let session, _): .success(session)
        case .accountChanged: .failure(.invalidCredentials)
        }
    }
}
