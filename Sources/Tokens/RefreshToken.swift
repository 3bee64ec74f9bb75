// RefreshToken: what a refresh token says, read and written. It is an HS256 JWS with a secret that only this service
// holds. Its bytes follow from the session's row alone — fixed member order, `iat` the time of the rotation, the key
// of the rotation — so that the same token can be answered again without having been stored.

import MartletCryptography
package import MartletEncoding
import MartletJOSE
package import Store

/// A refresh token of this service, its signature checked.
package struct RefreshToken: Sendable, Hashable {
    /// `sid`.
    package let session: SessionID
    /// `sub`: the account of a first-party session; of a client's session nobody's.
    package let user: UserID
    /// `ctr`.
    package let counter: Int64
    /// `nonce`.
    package let nonce: [UInt8]
    /// `iat`.
    package let issuedAt: UnixTime
    /// `exp`.
    package let expiresAt: UnixTime
    /// All claims, as JSON.
    package let claims: [UInt8]

    /// Reads a token that one of the ring's refresh keys signed for this issuer. Whether it has expired is not looked at.
    package init(parsing text: [UInt8], keys: KeyRing.Snapshot, issuer: String) throws(TokenFailure) {
        let payload: [UInt8]
        let claims: Claims
        var isAccessToken = false
        do throws(JOSEError) {
            let jws = try CompactJWS(parsing: text)
            let header = jws.unverifiedHeader
            isAccessToken = header.hasType(TokenPolicy.accessType)
            guard header.hasType(TokenPolicy.refreshType) else { throw .invalidHeader }
            guard let keyID = header.keyID, let key = keys.refreshKeys[keyID]?.key else { throw .badSignature }
            let verified = try jws.verified(by: key)
            payload = verified.payload
            claims = try verified.claims()
        } catch {
            throw isAccessToken ? .wrongType : .invalid(reason: error.code)
        }
        guard claims.issuer == issuer, claims.audience == [issuer], let session = claims.sessionID, let user = claims.subject,
            let counter = claims["ctr"]?.integer, counter >= 0, let nonce = claims["nonce"]?.string.flatMap({ Base64URL.decode($0) }),
            let issuedAt = claims.issuedAt, let expiresAt = claims.expiresAt
        else { throw .invalid(reason: "claims") }
        self.session = SessionID(session)
        self.user = UserID(user)
        self.counter = counter
        self.nonce = nonce
        self.issuedAt = UnixTime(seconds: issuedAt)
        self.expiresAt = UnixTime(seconds: expiresAt)
        self.claims = payload
    }

    /// Whether its time is over. No leeway: this service set the time and reads it.
    package func isExpired(at now: UnixTime) -> Bool { expiresAt <= now }

    /// Whether this is a token of that session: its nonce is in the row alone, so that a leaked signing secret ends nothing.
    package func isOf(_ session: Session?) -> Bool {
        session.map { ConstantTime.equal($0.nonce, nonce) } ?? false
    }

    /// The current refresh token of a session of this user.
    package static func text(
        of session: Session, _ user: User, keys: KeyRing.Snapshot, policy: TokenPolicy
    ) throws(TokenFailure) -> String {
        guard let signer = keys.refreshKeys[session.refreshKeyID]?.signer else {
            // It was retired since the row was written: whatever it signs is refused, so the session cannot go on.
            throw .sessionEnded
        }
        // A client can read it: what its account is called here is not for one to which the account has another name (OpenID Connect
        // Core 1.0 §8.1), and nothing of other software's claims for any.
        let isClients = session.details != nil
        let payload = JSONWriter.object(capacity: 320) { writer in
            writer.member("iss", policy.issuer)
            writer.member("sub", isClients ? session.id.text : session.userID.text)
            writer.member("aud", policy.issuer)
            writer.member("sid", session.id.text)
            writer.member("ctr", session.counter)
            writer.member("nonce", Base64URL.encode(session.nonce))
            writer.member("iat", session.rotatedAt.seconds)
            writer.member("exp", session.refreshExpiresAt.seconds)
            if !isClients { policy.compatibility?.writeRefresh(of: session, user, to: &writer) }
        }
        do throws(JOSEError) {
            return String(decoding: try signer.sign(payload), as: UTF8.self)
        } catch {
            throw .signing(detail: error.message)
        }
    }
}
