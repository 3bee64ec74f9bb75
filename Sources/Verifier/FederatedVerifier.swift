// FederatedVerifier: several issuers side by side. The token's own `iss`, which nobody has verified yet, chooses a verifier and
// decides nothing else: that verifier has its own keys, cache and revocations, and demands the same `iss` of the signed claims.
// Tokens of an `OldIssuer`, which hardly ever have one, are not for this.
public import MartletEncoding
import MartletJOSE

/// Verifies the tokens of several issuers, each by the verifier that is for it alone.
public struct FederatedVerifier: Sendable {
    /// By the issuer's bytes: String's own equality would take two spellings of one character for the same.
    private let verifiers: [[UInt8]: TokenVerifier]

    /// A verifier of the tokens of these issuers, by `iss`. Each should have a key source of its own.
    public init(_ verifiers: [String: TokenVerifier]) {
        self.verifiers = Dictionary(verifiers.map { (Array($0.key.utf8), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Verifies the token whose text these bytes are. A token of another issuer is ``VerificationFailure/wrongIssuer`` before
    /// anything is done about its signature or its key. `scope` is a scope that is needed here, beyond those of the policy.
    public func verify(_ token: [UInt8], at now: UnixTime, requiring scope: String? = nil) throws(VerificationFailure) -> VerifiedToken {
        try verify(token[...], at: now, requiring: scope)
    }

    /// The same for a part of an array.
    public func verify(
        _ token: ArraySlice<UInt8>, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        let chosen = token.withUnsafeBufferPointer { text in verifier(for: text) }
        return try chosen.get().verify(token, at: now, requiring: scope)
    }

    /// The same for a string.
    public func verify(_ token: String, at now: UnixTime, requiring scope: String? = nil) throws(VerificationFailure) -> VerifiedToken {
        try verify(Array(token.utf8)[...], at: now, requiring: scope)
    }

    /// The same for callers that can wait: if the token's key is being fetched, it is tried once more when that has ended, two seconds
    /// later at most. `clock` says what time it is.
    public func verify(
        _ token: String, requiring scope: String? = nil, clock: @Sendable () -> UnixTime
    ) async throws(VerificationFailure) -> VerifiedToken {
        let chosen = Array(token.utf8).withUnsafeBufferPointer { text in verifier(for: text) }
        return try await chosen.get().verify(token, requiring: scope, clock: clock)
    }

    /// Verifies a token that came with a proof, as ``TokenVerifier`` does. Each issuer's verifier remembers the proofs of its
    /// own tokens.
    public func verify(
        _ token: String, proof: PresentedProof, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        let chosen = Array(token.utf8).withUnsafeBufferPointer { text in verifier(for: text) }
        return try chosen.get().verify(token, proof: proof, at: now, requiring: scope)
    }

    /// A token that was found good before is known to its verifier, and its claims need not be read again to find that.
    private func verifier(for text: UnsafeBufferPointer<UInt8>) -> Result<TokenVerifier, VerificationFailure> {
        for (_, verifier) in verifiers where verifier.holds(text) { return .success(verifier) }
        do throws(JOSEError) {
            let layout = try CompactJWS.Layout(parsing: text)
            guard let payload = Base64URL.decode(layout.payload(in: text)) else { return .failure(.malformed(.invalidBase64URL)) }
            let claims = try Claims(parsing: payload)
            guard claims["iss"] != nil else { return .failure(.missingClaim("iss")) }
            guard let issuer = claims.issuer, let verifier = verifiers[Array(issuer.utf8)] else { return .failure(.wrongIssuer) }
            return .success(verifier)
        } catch {
            return .failure(.malformed(error))
        }
    }
}
