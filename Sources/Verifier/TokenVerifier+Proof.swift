// TokenVerifier+Proof: tokens that are bound to a key (RFC 9449 §7). The token comes first, so that a stranger without a good one
// causes no arithmetic; then the proof, its nonce, the key; and last, when everything else is right, the proof is used up.
public import MartletEncoding

extension TokenVerifier {
    /// Verifies a token that came as `Authorization: DPoP`, with the proof that whoever sent it holds its key. A token that is bound to no
    /// key is refused: it is for ``verify(_:at:requiring:)``. `scope` is a scope that is needed here, beyond those of the policy.
    ///
    /// A proof counts once. Which were used is remembered in this verifier until they have expired: another process does not know it.
    public func verify(
        _ token: String, proof: PresentedProof, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        try verify(Array(token.utf8)[...], proof: proof, at: now, requiring: scope)
    }

    /// The same for a part of an array.
    public func verify(
        _ token: ArraySlice<UInt8>, proof: PresentedProof, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        let token = try examine(token, at: now, requiring: scope)
        guard let key = token.proofKey else { throw .notBound }
        let shown: DPoPProof
        do throws(DPoPFailure) {
            shown = try DPoPProof(proof, accessToken: token.text, at: now)
            if let proofNonces, shown.nonce.map({ proofNonces.accepts($0, at: now) }) != true { throw .nonceNeeded }
        } catch {
            throw .badProof(error)
        }
        // §4.3 step 12: "confirm that the public key to which the access token is bound matches the public key from the DPoP proof".
        guard shown.thumbprint.utf8.elementsEqual(key.utf8) else { throw .wrongProofKey }
        let digest = shown.digest
        guard proof.wasCounted?(digest) != true else { return token }
        do throws(DPoPFailure) { try proofs.use(digest, at: now) } catch { throw .badProof(error) }
        return token
    }

    /// Says what a token is, whoever holds it: for those who tell about tokens or end them, and let nobody in by one.
    package func examine(_ token: [UInt8], at now: UnixTime) throws(VerificationFailure) -> VerifiedToken {
        try examine(token[...], at: now, requiring: nil)
    }

    /// The same for a string.
    package func examine(_ token: String, at now: UnixTime) throws(VerificationFailure) -> VerifiedToken {
        try examine(Array(token.utf8)[...], at: now, requiring: nil)
    }

    private func examine(
        _ token: ArraySlice<UInt8>, at now: UnixTime, requiring scope: String?
    ) throws(VerificationFailure) -> VerifiedToken {
        try token.withUnsafeBufferPointer { verify($0, at: now, requiring: scope) }.get()
    }
}
