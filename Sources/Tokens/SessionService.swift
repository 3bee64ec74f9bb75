// SessionService: sessions as their users see them: begun, refreshed, given tokens. The decisions are the store's
// verbs; this turns tokens into their arguments and their outcomes into tokens.

package import MartletCryptography
package import MartletEncoding
import MartletJOSE
package import MartletVerifier
package import Store

/// Where a request came from, as sessions remember it.
package struct ClientDescription: Sendable, Hashable {
    package var address: LoginAddress
    package var ip: String
    package var userAgent: String

    /// `userAgent` is kept to its first 256 bytes.
    package init(address: LoginAddress, ip: String, userAgent: String) {
        self.address = address
        self.ip = ip
        self.userAgent = String(decoding: userAgent.utf8.prefix(256), as: UTF8.self)
    }
}

/// A session to be begun, with the keys that its first tokens will be signed by: the transaction that begins it raises
/// their marks.
package struct PreparedSession: Sendable {
    /// For `StoreTransaction.beginSession`.
    package let new: NewSession
    fileprivate let keys: KeyRing.Snapshot
}

/// The tokens of a session at one moment.
package struct SessionTokens: Sendable {
    package var session: Session
    package var user: User
    package var access: AccessToken
    package var refresh: String
}

/// Begins and refreshes sessions.
package struct SessionService: Sendable {
    package let policy: TokenPolicy
    /// Whose refresh tokens are exchanged for sessions; nil for nobody's.
    package let oldIssuer: OldIssuer?
    let store: any Store
    let ring: KeyRing
    let random: RandomSource

    package init(policy: TokenPolicy, store: any Store, ring: KeyRing, random: RandomSource, oldIssuer: OldIssuer? = nil) {
        self.policy = policy
        self.oldIssuer = oldIssuer
        self.store = store
        self.ring = ring
        self.random = random
    }

    /// The same sessions, whose access tokens are those of the other issuer's endpoints.
    package var compatible: Self {
        Self(policy: policy.compatible, store: store, ring: ring, random: random, oldIssuer: oldIssuer)
    }

    /// A session to be begun for a user, with `scope` as `FirstPartyScope.requested` made it.
    package func prepare(for user: UserID, scope: String, from client: ClientDescription, at now: UnixTime) -> PreparedSession {
        let keys = ring.snapshot
        let sessionEnd = now.adding(seconds: policy.sessionLifetime)
        let refreshEnd = min(now.adding(seconds: policy.refreshLifetime), sessionEnd)
        let accessEnd = now.adding(seconds: policy.accessLifetime)
        let new = NewSession(
            id: SessionID(Identifier.uuid(at: now, random: random)), userID: user, clientID: TokenPolicy.firstPartyClient, scope: scope,
            nonce: random.bytes(16), refreshKeyID: keys.refreshKeyID, refreshExpiresAt: refreshEnd, expiresAt: sessionEnd,
            accessExpiresAt: accessEnd, address: client.address, ip: client.ip, userAgent: client.userAgent,
            keyMarks: ring.marks(keys, accessUntil: accessEnd, refreshUntil: refreshEnd))
        return PreparedSession(new: new, keys: keys)
    }

    /// The tokens of a session that was just begun.
    package func tokens(
        of session: Session, _ user: User, begun prepared: PreparedSession, audience: String?, form: AccessForm = .plain, at now: UnixTime
    ) throws(TokenFailure) -> SessionTokens {
        ring.raised(prepared.new.keyMarks)
        return try tokens(of: session, user, audience: audience, form: form, keys: prepared.keys, at: now)
    }

    /// The access token of a session that an administrator just began as its user. There is no refresh token to it.
    package func token(
        of session: Session, _ user: User, begun prepared: PreparedSession, by administrator: UserID, form: AccessForm, at now: UnixTime
    ) throws(TokenFailure) -> AccessToken {
        ring.raised(prepared.new.keyMarks)
        return try AccessToken(
            for: session, of: user, audience: nil, form: form, actor: administrator, policy: policy, keys: prepared.keys,
            id: Identifier.random(random), at: now)
    }

    /// Makes the access token that follows one that may be renewed (``AccessForm``), for the same audience and, where somebody
    /// acts as the user, for the same. The session's end stays. `completion` as in `refresh`.
    package func renew(
        _ token: VerifiedToken, as form: AccessForm, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(TokenFailure) -> AccessToken) -> Void
    ) {
        let keys = ring.snapshot
        let accessEnd = now.adding(seconds: policy.accessLifetime)
        guard form != .plain, let accessSessionID = token.sessionID, let subject = token.subject, let id = token.tokenID else {
            return completion { () throws(TokenFailure) in throw .wrongType }
        }
        let request = RenewalRequest(
            accessSessionID: accessSessionID, user: UserID(subject), tokenID: id, keyID: token.keyID.flatMap(Self.ringKeyID),
            actor: token.actor, signingKeyID: keys.access.keyID.flatMap(Self.ringKeyID), accessExpiresAt: accessEnd,
            keyMarks: ring.marks(keys, accessUntil: accessEnd, refreshUntil: nil))
        store.write { transaction throws(StoreError) in
            try transaction.renew(request, at: now)
        } completion: { [self] result in
            completion { () throws(TokenFailure) in
                switch result {
                case .failure(let error): throw .store(error)
                case .success(.ended): throw .sessionEnded
                case .success(.late): throw .refreshExpired
                case .success(.staleKeys): throw .store(.staleKeys)
                case .success(.renewed(let session, let user)):
                    ring.raised(request.keyMarks)
                    return try AccessToken(
                        for: session, of: user, audience: token.audience.first, form: form, actor: request.actor, policy: policy,
                        keys: keys, id: Identifier.random(random), at: now)
                }
            }
        }
    }

    /// Exchanges a refresh token that was read. `completion` is called once, on the store's thread, and finds what is left to do —
    /// the signatures — in the closure it is given, to be run elsewhere. `rule` is what becomes of the token.
    package func refresh(
        _ token: RefreshToken, rule: RefreshRule = .rotate, audience: String?, from client: ClientDescription, audit: AuditContext,
        at now: UnixTime, completion: @escaping Completion
    ) {
        let keys = ring.snapshot
        let accessEnd = now.adding(seconds: policy.accessLifetime)
        let request = RotationRequest(
            session: token.session, clientID: TokenPolicy.firstPartyClient, counter: token.counter, nonce: token.nonce,
            graceSeconds: policy.graceSeconds,
            maximumRetries: TokenPolicy.maximumRetries, refreshLifetime: policy.refreshLifetime, refreshKeyID: keys.refreshKeyID,
            accessExpiresAt: accessEnd, ip: client.ip, userAgent: client.userAgent,
            keyMarks: ring.marks(keys, accessUntil: accessEnd, refreshUntil: now.adding(seconds: policy.refreshLifetime)),
            rule: rule)
        store.write { transaction throws(StoreError) in
            try transaction.rotate(request, audit: audit, at: now)
        } completion: { [self] result in
            completion { () throws(TokenFailure) in
                switch result {
                case .failure(let error): throw .store(error)
                case .success(.ended), .success(.ahead): throw .sessionEnded
                case .success(.replayed): throw .replayed
                case .success(.staleKeys): throw .store(.staleKeys)
                case .success(.rotated(let session, let user)), .success(.kept(let session, let user)):
                    ring.raised(request.keyMarks)
                    return (try tokens(of: session, user, audience: audience, keys: keys, at: now), false)
                case .success(.retried(let session, let user)):
                    ring.raised(request.keyMarks)
                    return (try tokens(of: session, user, audience: audience, keys: keys, at: now), true)
                }
            }
        }
    }

    /// Exchanges a refresh token of the service before, once: for a session, whose tokens are answered. With `keepingToken` it stays
    /// good until its end, for that one session. `completion` as with ``refresh(_:rule:audience:from:audit:at:completion:)``.
    package func exchange(
        _ token: OldRefreshToken, keepingToken: Bool = false, audience: String?, form: AccessForm = .plain, from client: ClientDescription,
        audit: AuditContext, at now: UnixTime, completion: @escaping Completion
    ) {
        // Never `admin`: whoever holds the old key, as many programs did, could make such a token for any account.
        let prepared = prepare(for: UserID(""), scope: FirstPartyScope.account.rawValue, from: client, at: now)
        let request = ExchangeRequest(
            token: token.token, expiresAt: token.expiresAt, session: prepared.new, maximumPerUser: TokenPolicy.maximumSessions,
            graceSeconds: policy.graceSeconds, maximumRetries: TokenPolicy.maximumRetries, keepsToken: keepingToken)
        store.write { transaction throws(StoreError) in
            try transaction.exchange(request, audit: audit, at: now)
        } completion: { [self] result in
            completion { () throws(TokenFailure) in
                switch result {
                case .failure(let error): throw .store(error)
                case .success(.ended), .success(.noAccount): throw .sessionEnded
                case .success(.replayed): throw .replayed
                case .success(.staleKeys): throw .store(.staleKeys)
                case .success(.begun(let session, let user)), .success(.kept(let session, let user)):
                    return (try tokens(of: session, user, begun: prepared, audience: audience, form: form, at: now), false)
                case .success(.retried(let session, let user)):
                    return (try tokens(of: session, user, begun: prepared, audience: audience, form: form, at: now), true)
                }
            }
        }
    }

    /// Called once, on the store's thread, with what is left to do: the signatures, to be made elsewhere.
    package typealias Completion =
        @Sendable (@escaping @Sendable () throws(TokenFailure) -> (tokens: SessionTokens, isRetry: Bool)) -> Void

    /// Reads what was presented as a refresh token: one of this service's own, an expired one too, or one of the service before that
    /// has not expired.
    package func presented(_ text: [UInt8], at now: UnixTime) throws(TokenFailure) -> PresentedToken {
        do throws(TokenFailure) {
            return .own(try read(text))
        } catch {
            guard let oldIssuer, now < oldIssuer.until, case .invalid = error else { throw error }
            return .old(try OldRefreshToken(parsing: text, of: oldIssuer, at: now))
        }
    }

    /// Reads a refresh token, an expired one too.
    package func read(_ token: [UInt8]) throws(TokenFailure) -> RefreshToken {
        try RefreshToken(parsing: token, keys: ring.snapshot, issuer: policy.issuer)
    }

    /// The access token by the keys whose marks were raised; the refresh token by the key that the row names, which another
    /// process may have made since.
    private func tokens(
        of session: Session, _ user: User, audience: String?, form: AccessForm = .plain, keys: KeyRing.Snapshot, at now: UnixTime
    ) throws(TokenFailure) -> SessionTokens {
        let access = try AccessToken(
            for: session, of: user, audience: audience, form: form, policy: policy, keys: keys, id: Identifier.random(random), at: now)
        let refresh = try RefreshToken.text(of: session, user, keys: ring.snapshot, policy: policy)
        return SessionTokens(session: session, user: user, access: access, refresh: refresh)
    }

    /// A key's id, unless it is the shared secret, which the store knows nothing of.
    private static func ringKeyID(_ id: String) -> String? { id == KeyRing.sharedKeyID ? nil : id }
}

extension StoreError {
    /// The key ring was replaced under a request. It follows the store within a moment, so trying again succeeds.
    package static let staleKeys = StoreError.unavailable(detail: "the keys were replaced in the meantime")
}
