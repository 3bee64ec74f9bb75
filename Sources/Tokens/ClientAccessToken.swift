// ClientAccessToken: the RFC 9068 access token of a client that acts for itself. There is no session behind it and no row: it ends when
// it expires, when it is taken back by its `jti`, or with its client.

import MartletCryptography
package import MartletEncoding
import MartletJOSE
import Store

/// What such a token is to say.
package struct ClientGrant: Sendable, Hashable {
    /// The `client_id`, which is `sub` as well (RFC 9068 §2.2).
    package var clientID: String
    /// Space-separated; empty for none.
    package var scope: String
    /// `aud`, at least one.
    package var audience: [String]
    /// Seconds that it lives.
    package var lifetime: Int64
    /// `cnf.jkt` (RFC 9449 §6.1); nil for whoever bears it.
    package var proofKey: String?

    package init(clientID: String, scope: String, audience: [String], lifetime: Int64, proofKey: String? = nil) {
        self.clientID = clientID
        self.scope = scope
        self.audience = audience
        self.lifetime = lifetime
        self.proofKey = proofKey
    }
}

extension SessionService {
    /// Makes a token for a client. The mark of the key that signs is raised first, which most of the time it has been already:
    /// then `completion` is called at once, else on the store's thread. It finds the signature still to be made.
    package func token(
        for grant: ClientGrant, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(TokenFailure) -> AccessToken) -> Void
    ) {
        withMarkedKeys(accessFor: grant.lifetime, at: now, completion: completion) { [self] keys throws(TokenFailure) in
            try AccessToken(for: grant, policy: policy, keys: keys, id: Identifier.random(random), at: now)
        }
    }

    /// Signs a token that has no row of its own, once the mark of the key is high enough for its life of so many seconds.
    func withMarkedKeys(
        accessFor lifetime: Int64, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(TokenFailure) -> AccessToken) -> Void,
        _ signed: @escaping @Sendable (KeyRing.Snapshot) throws(TokenFailure) -> AccessToken
    ) {
        let keys = ring.snapshot
        let marks = ring.marks(keys, accessUntil: now.adding(seconds: lifetime), refreshUntil: nil)
        guard !marks.isEmpty else { return completion { () throws(TokenFailure) in try signed(keys) } }
        store.write { transaction throws(StoreError) in
            try transaction.raiseKeyMarks(marks)
        } completion: { [ring] result in
            completion { () throws(TokenFailure) in
                do throws(StoreError) { try result.get() } catch { throw .store(error) }
                ring.raised(marks)
                return try signed(keys)
            }
        }
    }
}

extension AccessToken {
    fileprivate init(
        for grant: ClientGrant, policy: TokenPolicy, keys: KeyRing.Snapshot, id: String, at now: UnixTime
    ) throws(TokenFailure) {
        let expiry = now.seconds + grant.lifetime
        let payload = JSONWriter.object(capacity: 384) { writer in
            writer.member("iss", policy.issuer)
            writer.member("sub", grant.clientID)
            if grant.audience.count == 1 { writer.member("aud", grant.audience[0]) } else { writer.member("aud", grant.audience) }
            writer.member("exp", expiry)
            writer.member("iat", now.seconds)
            writer.member("jti", id)
            writer.member("client_id", grant.clientID)
            if !grant.scope.isEmpty { writer.member("scope", grant.scope) }
            if let proofKey = grant.proofKey {
                writer.name("cnf")
                writer.object { $0.member("jkt", proofKey) }
            }
        }
        do throws(JOSEError) {
            self.init(
                text: String(decoding: try keys.access.sign(payload), as: UTF8.self), expiresAt: UnixTime(seconds: expiry))
        } catch {
            throw .signing(detail: error.message)
        }
    }
}
