// ReadingIDTokens: what an ID token that comes back here says, as a client shows it to prove whom it means. It opens nothing.

package import MartletJOSE
import Store

extension SessionService {
    /// The claims of an ID token of this issuer, an expired one too (OpenID Connect RP-Initiated Logout 1.0 §2: "The OP SHOULD accept ID
    /// Tokens when the RP identified by the ID Token's aud … even when the exp time has passed"); nil for anything else.
    package func idTokenClaims(_ text: String) -> Claims? {
        guard let jws = try? CompactJWS(parsing: Array(text.utf8)) else { return nil }
        let (header, keys) = (jws.unverifiedHeader, ring.snapshot)
        guard header.hasType(TokenPolicy.idTokenType), let algorithm = header.algorithm,
            keys.records.contains(where: { $0.purpose == .id && $0.id == header.keyID })
        else { return nil }
        for key in keys.verifying.candidates(keyID: header.keyID, algorithm: algorithm, type: TokenPolicy.idTokenType) {
            if let claims = try? jws.verified(by: key).claims(), claims.issuer == policy.issuer { return claims }
        }
        return nil
    }
}
