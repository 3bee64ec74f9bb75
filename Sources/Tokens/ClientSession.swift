// ClientSession: sessions that people's consent gives to other clients, and the access tokens of them. The rotation of their refresh
// tokens is that of every session; what the tokens say is the OAuth layer's to decide, and comes here as values.

import MartletCryptography
package import MartletEncoding
import MartletJOSE
package import Store

/// What every session of a client is begun with: taken before the transaction that decides which session it is.
package struct ClientSessionPreparation: Sendable {
    fileprivate let keys: KeyRing.Snapshot
    fileprivate let keyMarks: [KeyMark]
    fileprivate let lifetimes: ClientLifetimes
    fileprivate let client: (id: String, description: ClientDescription)
    fileprivate let id: SessionID
    fileprivate let nonce: [UInt8]
    fileprivate let now: UnixTime

    /// The session that begins. Without a refresh token it ends with its one access token. `browserSession` is the sign-in that it ends
    /// with; nil where it outlives that.
    package func session(
        for user: UserID, scope: String, details: String, browserSession: String?, hasRefreshToken: Bool
    ) -> NewSession {
        let accessEnd = now.adding(seconds: lifetimes.access)
        let sessionEnd = hasRefreshToken ? now.adding(seconds: max(lifetimes.session, lifetimes.access)) : accessEnd
        return NewSession(
            id: id, userID: user, clientID: client.id, scope: scope, nonce: nonce, refreshKeyID: keys.refreshKeyID,
            refreshExpiresAt: hasRefreshToken ? min(now.adding(seconds: lifetimes.refresh), sessionEnd) : sessionEnd,
            expiresAt: sessionEnd, accessExpiresAt: accessEnd, address: client.description.address, ip: client.description.ip,
            userAgent: client.description.userAgent, keyMarks: keyMarks, details: details, browserSession: browserSession)
    }
}

/// How long what a client gets lives, in seconds.
package struct ClientLifetimes: Sendable, Hashable {
    package var access: Int64
    /// Of a refresh token without use.
    package var refresh: Int64
    /// Of a session however often it is refreshed.
    package var session: Int64

    package init(access: Int64, refresh: Int64, session: Int64) {
        self.access = access
        self.refresh = refresh
        self.session = session
    }
}

/// What an access token of a client's session says (RFC 9068 §2.2).
package struct ClientTokenContent: Sendable, Hashable {
    /// `sub`: the user's id, or what stands for it to this client.
    package var subject: String
    /// `aud`, at least one.
    package var audience: [String]
    /// Space-separated; empty for none.
    package var scope: String
    /// Seconds.
    package var lifetime: Int64
    /// `auth_time` (RFC 9068 §2.2.1).
    package var authenticatedAt: UnixTime?
    /// `acr`.
    package var context: String?
    /// `amr`.
    package var methods: [String]
    /// `cnf.jkt` (RFC 9449 §6.1).
    package var proofKey: String?
    /// `act` (RFC 8693 §4.1), as JSON.
    package var actor: [UInt8]?
    /// Members beside those, each a name and its JSON; never the name of one above.
    package var members: [Member]

    package struct Member: Sendable, Hashable {
        package var name: String
        package var json: [UInt8]

        package init(name: String, json: [UInt8]) {
            self.name = name
            self.json = json
        }
    }

    package init(
        subject: String, audience: [String], scope: String, lifetime: Int64, authenticatedAt: UnixTime? = nil, context: String? = nil,
        methods: [String] = [], proofKey: String? = nil, actor: [UInt8]? = nil, members: [Member] = []
    ) {
        self.subject = subject
        self.audience = audience
        self.scope = scope
        self.lifetime = lifetime
        self.authenticatedAt = authenticatedAt
        self.context = context
        self.methods = methods
        self.proofKey = proofKey
        self.actor = actor
        self.members = members
    }
}

extension SessionService {
    /// What a session of a client is begun with.
    package func preparation(
        for clientID: String, _ lifetimes: ClientLifetimes, from description: ClientDescription, at now: UnixTime
    ) -> ClientSessionPreparation {
        let keys = ring.snapshot
        let marks = ring.marks(
            keys, accessUntil: now.adding(seconds: lifetimes.access),
            refreshUntil: now.adding(seconds: max(lifetimes.refresh, lifetimes.access)))
        return ClientSessionPreparation(
            keys: keys, keyMarks: marks, lifetimes: lifetimes, client: (clientID, description),
            id: SessionID(Identifier.uuid(at: now, random: random)), nonce: random.bytes(16), now: now)
    }

    /// The first access token of a session that was just begun for a client.
    package func accessToken(
        of session: Session, begun preparation: ClientSessionPreparation, _ content: ClientTokenContent
    ) throws(TokenFailure) -> AccessToken {
        ring.raised(preparation.keyMarks)
        return try AccessToken(
            of: session, content, policy: policy, keys: preparation.keys, id: Identifier.random(random), at: preparation.now)
    }

    /// The current refresh token of a client's session.
    package func refreshToken(of session: Session, _ user: User) throws(TokenFailure) -> String {
        try RefreshToken.text(of: session, user, keys: ring.snapshot, policy: policy)
    }

    /// Exchanges a refresh token of a client that was authenticated. `completion` is called once, on the store's thread, and finds what
    /// came of it in the closure that it is given.
    package func refresh(
        _ token: RefreshToken, of clientID: String, _ lifetimes: ClientLifetimes, from client: ClientDescription, audit: AuditContext,
        at now: UnixTime, completion: @escaping @Sendable (@escaping @Sendable () throws(TokenFailure) -> RefreshedClientSession) -> Void
    ) {
        let keys = ring.snapshot
        let accessEnd = now.adding(seconds: lifetimes.access)
        let request = RotationRequest(
            session: token.session, clientID: clientID, counter: token.counter, nonce: token.nonce, graceSeconds: policy.graceSeconds,
            maximumRetries: TokenPolicy.maximumRetries, refreshLifetime: lifetimes.refresh, refreshKeyID: keys.refreshKeyID,
            accessExpiresAt: accessEnd, ip: client.ip, userAgent: client.userAgent,
            keyMarks: ring.marks(keys, accessUntil: accessEnd, refreshUntil: now.adding(seconds: lifetimes.refresh)))
        store.write { transaction throws(StoreError) in
            try transaction.rotate(request, audit: audit, at: now)
        } completion: { [self] result in
            completion { () throws(TokenFailure) in
                switch result {
                case .failure(let error): throw .store(error)
                case .success(.ended), .success(.ahead): throw .sessionEnded
                case .success(.replayed): throw .replayed
                case .success(.staleKeys): throw .store(.staleKeys)
                case .success(.rotated(let session, let user)), .success(.kept(let session, let user)),
                    .success(.retried(let session, let user)):
                    ring.raised(request.keyMarks)
                    return RefreshedClientSession(session: session, user: user, keys: keys, now: now)
                }
            }
        }
    }

    /// The next access token of a session that was refreshed.
    package func accessToken(of refreshed: RefreshedClientSession, _ content: ClientTokenContent) throws(TokenFailure) -> AccessToken {
        try AccessToken(
            of: refreshed.session, content, policy: policy, keys: refreshed.keys, id: Identifier.random(random), at: refreshed.now)
    }
}

/// A client's session that was refreshed: its tokens are still to be made.
package struct RefreshedClientSession: Sendable {
    package let session: Session
    package let user: User
    fileprivate let keys: KeyRing.Snapshot
    fileprivate let now: UnixTime
}

extension AccessToken {
    fileprivate init(
        of session: Session, _ content: ClientTokenContent, policy: TokenPolicy, keys: KeyRing.Snapshot, id: String, at now: UnixTime
    ) throws(TokenFailure) {
        try self.init(
            content, client: session.clientID, accessSessionID: session.accessSessionID, policy: policy, keys: keys, id: id, at: now)
    }

    /// An access token of a session for a client.
    init(
        _ content: ClientTokenContent, client: String, accessSessionID: String, policy: TokenPolicy, keys: KeyRing.Snapshot, id: String,
        at now: UnixTime
    ) throws(TokenFailure) {
        let expiry = now.seconds + content.lifetime
        let payload = JSONWriter.object(capacity: 640) { writer in
            writer.member("iss", policy.issuer)
            writer.member("sub", content.subject)
            if content.audience.count == 1 { writer.member("aud", content.audience[0]) } else { writer.member("aud", content.audience) }
            writer.member("exp", expiry)
            writer.member("iat", now.seconds)
            writer.member("jti", id)
            writer.member("client_id", client)
            if !content.scope.isEmpty { writer.member("scope", content.scope) }
            writer.member("sid", accessSessionID)
            if let authenticatedAt = content.authenticatedAt { writer.member("auth_time", authenticatedAt.seconds) }
            if let context = content.context { writer.member("acr", context) }
            if !content.methods.isEmpty { writer.member("amr", content.methods) }
            if let proofKey = content.proofKey {
                writer.name("cnf")
                writer.object { $0.member("jkt", proofKey) }
            }
            if let actor = content.actor {
                writer.name("act")
                writer.raw(actor)
            }
            for member in content.members {
                writer.name(member.name)
                writer.raw(member.json)
            }
        }
        do throws(JOSEError) {
            self.init(text: String(decoding: try keys.access.sign(payload), as: UTF8.self), expiresAt: UnixTime(seconds: expiry))
        } catch {
            throw .signing(detail: error.message)
        }
    }
}
