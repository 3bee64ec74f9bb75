// AuthorizationCodeGrant: a code, and what proves that whoever brings it is the one who asked for it, for a session
// (OAuth 2.1 §4.1.3). What is checked, and what a repeat does, is the redemption table of the store (`CodeRedemptionOutcome`): one
// transaction decides, so that of any number of requests with one code one at most is answered with tokens.

package import MartletCryptography
import MartletEncoding
import Store
import Tokens

/// The text of a code, and what is kept of it.
package enum CodeText {
    /// A new code: 256 random bits.
    package static func make(_ random: RandomSource) -> String { Base64URL.encode(random.bytes(32)) }

    /// SHA-256, which is stored and looked for.
    package static func hash(_ text: String) -> [UInt8] { Digest.sha256.hash(Array(text.utf8)) }

    /// Seconds that a code is good for.
    package static let lifetime: Int64 = 60
}

extension AuthorizationServer {
    /// `grant_type=authorization_code`. Throws `invalid_request` for what is missing; what is wrong with the code comes later
    /// as `invalid_grant`, one answer for every reason.
    func redeemCode(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        let parameters = request.parameters
        let text = try parameters.required("code")
        let verifier = try parameters.required("code_verifier")
        guard CodeChallenge.isVerifier(verifier) else {
            throw OAuthError(.invalidRequest, "code_verifier must be 43 to 128 unreserved characters.")
        }
        let redemption = CodeRedemption(
            hash: CodeText.hash(text), clientID: request.client.id, redirectURI: try parameters["redirect_uri"],
            verifierHash: Digest.sha256.hash(Array(verifier.utf8)), proofKey: request.proofKey)
        try requireKey(for: request.client)
        let preparation = preparation(request)
        return { [self] completion in
            store.write { transaction throws(StoreError) in
                try transaction.redeemCode(
                    redemption, maximumPerUser: TokenPolicy.maximumSessions, audit: request.audit, at: request.now
                ) { code in
                    guard var details = try? GrantDetails(parsing: code.details),
                        (try? audience(parameters, of: details, for: request.client)) != nil
                    else { return nil }
                    details.proofKey = request.proofKey
                    return NewSession(
                        details, scope: ScopeSet(stored: code.scope), for: code.userID, browserSession: code.browserSession, preparation)
                }
            } completion: { result in
                completion { () throws(OAuthError) in
                    switch result {
                    case .failure(let error): throw OAuthError(error)
                    case .success(.staleKeys): throw OAuthError(.staleKeys)
                    case .success(.declined): throw OAuthError(.invalidTarget, "The code is not for what resource names.")
                    case .success(.refused), .success(.replayed):
                        throw OAuthError(.invalidGrant, "The code is not good for this request, or not any more.")
                    case .success(.redeemed(_, let session, let user)):
                        let details = try GrantDetails(parsing: session.details ?? "")
                        return try tokens(
                            of: session, user, begun: preparation, for: request,
                            audience: try audience(parameters, of: details, for: request.client), code: text)
                    }
                }
            }
        }
    }
}
