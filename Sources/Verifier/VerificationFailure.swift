// VerificationFailure: why a token was refused. `code` is what a client is told (RFC 6750 §3.1 says little is best), `reason`
// is the exact cause for logs and for explaining; both are stable.
public import MartletJOSE

/// Why a token was refused.
public enum VerificationFailure: Error, Sendable, Hashable {
    /// The text is no token.
    case malformed(JOSEError)
    /// The policy does not allow the token's `alg`, or nothing here knows it.
    case algorithmNotAllowed
    /// No key has that `kid`.
    case unknownKey
    /// A key has that `kid` but is for another algorithm.
    case wrongKeyAlgorithm
    /// No key has that `kid` yet, but the issuer's keys are being fetched: asking again soon may succeed.
    case keyPending
    /// The issuer's keys cannot be had: nothing can be said about the token.
    case keysUnavailable
    /// The signature does not match.
    case badSignature
    /// `typ` is another.
    case wrongType
    /// `iss` is another.
    case wrongIssuer
    /// `aud` has none of the audiences.
    case wrongAudience
    /// A claim that must be there is not.
    case missingClaim(String)
    /// A claim has the wrong JSON type.
    case malformedClaim(String)
    /// `exp` has passed.
    case expired
    /// `nbf` has not come.
    case notYetValid
    /// This scope is not granted.
    case insufficientScope(String)
    /// The token, its session, its client's tokens or its key have been taken back.
    case revoked
    /// What has been taken back was last heard longer ago than is accepted here: nothing can be said about the token.
    case revocationsStale
    /// It is bound to a key, and came without a proof that whoever sent it holds that key (RFC 9449 §7.2).
    case proofRequired
    /// It came with a proof, but is bound to no key that a proof could be about.
    case notBound
    /// It is bound to another key than the proof's.
    case wrongProofKey
    /// The proof that came with it is not good.
    case badProof(DPoPFailure)

    /// The stable code for clients.
    public var code: String {
        switch self {
        case .expired: "token_expired"
        case .revoked: "token_revoked"
        case .wrongType: "token_wrong_type"
        case .insufficientScope: "insufficient_scope"
        case .keyPending, .keysUnavailable, .revocationsStale, .badProof(.crowded): "not_ready"
        // RFC 9449 §7.1 and §9.
        case .badProof(.nonceNeeded): "use_dpop_nonce"
        case .badProof: "invalid_dpop_proof"
        case .malformed, .algorithmNotAllowed, .unknownKey, .wrongKeyAlgorithm, .badSignature, .wrongIssuer, .wrongAudience, .missingClaim,
            .malformedClaim, .notYetValid, .proofRequired, .notBound, .wrongProofKey:
            "invalid_token"
        }
    }

    /// The exact cause, stable, for logs.
    public var reason: String {
        switch self {
        case .malformed(let error): error.code
        case .algorithmNotAllowed: "algorithm_not_allowed"
        case .unknownKey: "unknown_key"
        case .wrongKeyAlgorithm: "wrong_key_algorithm"
        case .keyPending: "key_pending"
        case .keysUnavailable: "keys_unavailable"
        case .badSignature: "bad_signature"
        case .wrongType: "wrong_type"
        case .wrongIssuer: "wrong_issuer"
        case .wrongAudience: "wrong_audience"
        case .missingClaim(let name): "missing_claim_\(name)"
        case .malformedClaim(let name): "malformed_claim_\(name)"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .insufficientScope: "insufficient_scope"
        case .revoked: "revoked"
        case .revocationsStale: "revocations_stale"
        case .proofRequired: "proof_required"
        case .notBound: "not_bound"
        case .wrongProofKey: "wrong_proof_key"
        case .badProof(let failure): failure.reason
        }
    }

    /// A sentence for people.
    public var message: String {
        switch self {
        case .malformed(let error): error.message
        case .algorithmNotAllowed: "The token's algorithm is not accepted here."
        case .unknownKey: "The token names a key that its issuer does not have."
        case .wrongKeyAlgorithm: "The token names a key that is for another algorithm."
        case .keyPending: "The issuer's keys are being fetched."
        case .keysUnavailable: "The issuer's keys cannot be had."
        case .badSignature: "The token's signature does not match."
        case .wrongType: "This is another type of token than is asked for here."
        case .wrongIssuer: "The token is from another issuer."
        case .wrongAudience: "The token is meant for another audience."
        case .missingClaim(let name): "The token has no \(name)."
        case .malformedClaim(let name): "The token's \(name) is not well formed."
        case .expired: "Token has expired."
        case .notYetValid: "The token is not valid yet."
        case .insufficientScope(let scope): "The token does not have the scope \(scope)."
        case .revoked: "The token has been revoked."
        case .revocationsStale: "The issuer's revocations have not been heard for too long."
        case .proofRequired: "The token is bound to a key: it needs a proof (DPoP) beside it."
        case .notBound: "The token is not bound to a key that could be proved."
        case .wrongProofKey: "The token is bound to another key."
        case .badProof(let failure): failure.message
        }
    }

    init(_ failure: ClaimsFailure) {
        switch failure {
        case .wrongType: self = .wrongType
        case .wrongIssuer: self = .wrongIssuer
        case .wrongAudience: self = .wrongAudience
        case .missingClaim(let name): self = .missingClaim(name)
        case .malformedClaim(let name): self = .malformedClaim(name)
        case .expired: self = .expired
        case .notYetValid: self = .notYetValid
        case .insufficientScope(let scope): self = .insufficientScope(scope)
        }
    }
}
