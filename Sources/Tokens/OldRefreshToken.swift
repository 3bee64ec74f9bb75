// OldRefreshToken: a refresh token of the service before, and what may be presented where a refresh token is asked for: one of this
// service's own, or one of those as long as they are accepted.

package import MartletEncoding
import MartletJOSE
import MartletVerifier
package import Store

/// A refresh token of the service before, its signature and its end checked. It is exchanged for a session of this service's.
package struct OldRefreshToken: Sendable {
    /// Its `jti`; without one there would be no exchanging it only once.
    package let id: String
    /// What the store knows it by.
    package let token: OldToken
    /// `exp`.
    package let expiresAt: UnixTime
    /// All claims, as JSON.
    package let claims: [UInt8]

    /// Reads a token of the issuer before. Where its tokens have no type, any of them may be exchanged.
    init(parsing text: [UInt8], of old: OldIssuer, at now: UnixTime) throws(TokenFailure) {
        let token: OldIssuer.Token
        do throws(VerificationFailure) {
            token = try old.read(text, as: .refresh, at: now)
        } catch {
            switch error {
            case .expired: throw .expired
            case .wrongType where (try? old.read(text, as: .access, at: now)) != nil: throw .wrongType
            default: throw .invalid(reason: error.reason)
            }
        }
        guard let id = OldIssuer.tokenID(in: token.claims) else { throw .invalid(reason: VerificationFailure.missingClaim("jti").reason) }
        self.id = id
        self.token = OldToken(id: id, user: token.subject, issuedAt: token.claims.issuedAt.map { UnixTime(seconds: $0) })
        expiresAt = UnixTime(seconds: token.expiresAt)
        claims = token.claims.json
    }
}

/// What was presented as a refresh token.
package enum PresentedToken: Sendable {
    /// A token of this service.
    case own(RefreshToken)
    /// A token of the service before.
    case old(OldRefreshToken)

    /// All claims, as JSON.
    package var claims: [UInt8] {
        switch self {
        case .own(let token): token.claims
        case .old(let token): token.claims
        }
    }
}
