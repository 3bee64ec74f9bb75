// Revocation: a client takes back what it got (RFC 7009). A refresh token stands for its session: with it go every access token of
// the session, and what those were exchanged for. An access token goes alone (§2.1 lets a server end the grant with it: a client that
// lets go of the token for one API would lose the others).

import MartletCryptography
package import MartletEncoding
import MartletVerifier
package import Store
import Tokens

/// What a client takes back.
package enum Revocation: Sendable, Hashable {
    /// §2.2: "invalid tokens do not cause an error response", for what the client wants is so.
    case nothing
    /// One access token, until its end.
    case accessToken(id: String, until: UnixTime)
    /// The session of a refresh token, if the row has this nonce and is this client's.
    case session(SessionID, nonce: [UInt8], clientID: String)
}

/// What came of it.
package enum RevocationOutcome: Sendable, Hashable {
    case done
    /// The token is another client's, or nobody's but ours.
    case notTheirs
}

extension AuthorizationServer {
    /// Reads a request from `client`. Never blocks.
    ///
    /// Throws `invalid_request` where there is no token, `invalid_grant` where it is another client's access token (§2.1: "verifies …
    /// whether the token was issued to the client making the revocation request. If this validation fails, the request is refused").
    package func revocation(_ parameters: OAuthParameters, by client: Client, at now: UnixTime) throws(OAuthError) -> Revocation {
        let text = try parameters.required("token")
        switch presented(text, at: now) {
        case nil: return .nothing
        case .access(let token):
            guard client.got(token) else { throw OAuthError.notTheirs }
            guard let id = token.tokenID else { return .nothing }
            return .accessToken(id: id, until: UnixTime(seconds: token.expiresAt))
        case .refresh(let token): return .session(token.session, nonce: token.nonce, clientID: client.id)
        }
    }
}

extension Revocation {
    /// Carries it out. A refresh token that was rotated since, or has expired, still ends its session while that lives: whoever
    /// gives it back wants to be done with it.
    package func apply(
        to transaction: any StoreTransaction, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> RevocationOutcome {
        switch self {
        case .nothing: return .done
        case .accessToken(let id, let until):
            _ = try transaction.revoke(.token(id: id, until: until), reason: Self.reason, audit: audit, at: now)
        case .session(let id, let nonce, let clientID):
            guard let session = try transaction.session(id, at: now), ConstantTime.equal(session.nonce, nonce) else { return .done }
            guard session.details != nil, session.clientID.utf8.elementsEqual(clientID.utf8) else { return .notTheirs }
            _ = try transaction.revoke(.session(id, ofUser: nil), reason: Self.reason, audit: audit, at: now)
        }
        return .done
    }

    private static let reason = "revoked by its client"
}

extension OAuthError {
    /// The same for every token that is not the client's.
    package static let notTheirs = OAuthError(.invalidGrant, "The token was not issued to this client.")
}
