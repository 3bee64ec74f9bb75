// TokenVerifier: the one way from a token's text to a `VerifiedToken`. The order of its steps is the security argument:
//
//     seen before, under these keys, which are still good?  ── yes ──> exp, nbf again ─┐
//       no: form → typ → alg allowed → key by kid and alg → signature → claims (one list) ─┴─> extra scope → revocation
//                   └─ another: the old issuer's? ─> its alg → its key → claims (its list) ─┘
//
// and last who holds it: a token that is bound to a key is nothing without a proof of that key (TokenVerifier+Proof).
//
// Synchronous and never waiting: no network, no disk, locks held for some nanoseconds. `explain` walks the same steps to their
// end (TokenVerifier+Explain).
public import MartletEncoding
import MartletJOSE

/// Verifies tokens against one policy.
public final class TokenVerifier: Sendable {
    /// What is accepted.
    public let policy: VerificationPolicy
    let keys: any KeySource
    let revocations: (any RevocationCheck)?
    /// Whose tokens are accepted besides the issuer's own; nil for nobody's.
    public let oldIssuer: OldIssuer?
    /// What proofs must name, where the server gives out nonces; nil where it does not.
    public let proofNonces: DPoPNonces?
    let proofs = ProofReplays()
    private let cache: TokenCache

    /// A verifier.
    ///
    /// - `keys`: where the issuer's keys come from.
    /// - `revocations`: what has been taken back; without it a token lives until `exp`.
    /// - `cacheCapacity`: how many good tokens are kept at most, brought down to a power of two; 0 for none. A token of usual size
    ///   takes about 2 KiB; ones over 4 KiB are not kept, and none takes more than 12 KiB.
    /// - `oldIssuer`: whose tokens are accepted as well, until its end. Only a token whose `typ` is not the policy's, and whose `kid`
    ///   is none of the issuer's, is ever tried with its key.
    /// - `proofNonces`: nonces that the proofs of bound tokens must name (RFC 9449 §9); none are asked for when nil.
    public init(
        policy: VerificationPolicy, keys: any KeySource, revocations: (any RevocationCheck)? = nil, cacheCapacity: Int = 32_768,
        oldIssuer: OldIssuer? = nil, proofNonces: DPoPNonces? = nil
    ) {
        self.policy = policy
        self.keys = keys
        self.revocations = revocations
        self.oldIssuer = oldIssuer
        self.proofNonces = proofNonces
        var random = SystemRandomNumberGenerator()
        cache = TokenCache(capacity: cacheCapacity, seed: (random.next(), random.next()))
    }

    /// Verifies the token whose text these bytes are, for whoever bears it: one that is bound to a key is refused, and goes with its
    /// proof through ``verify(_:proof:at:requiring:)``. `scope` is a scope that is needed here, beyond those of the policy.
    public func verify(_ token: [UInt8], at now: UnixTime, requiring scope: String? = nil) throws(VerificationFailure) -> VerifiedToken {
        try token.withUnsafeBufferPointer { bearing($0, at: now, requiring: scope) }.get()
    }

    /// The same for a part of an array.
    public func verify(
        _ token: ArraySlice<UInt8>, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        try token.withUnsafeBufferPointer { bearing($0, at: now, requiring: scope) }.get()
    }

    /// The same for a string.
    public func verify(_ token: String, at now: UnixTime, requiring scope: String? = nil) throws(VerificationFailure) -> VerifiedToken {
        var token = token
        return try token.withUTF8 { bearing($0, at: now, requiring: scope) }.get()
    }

    /// Whether exactly this token was found good here, under these keys.
    func holds(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        cache.token(for: text, generation: keys.snapshot.generation) != nil
    }

    /// Tokens that are cached now.
    package var cachedTokens: Int { cache.count }

    @inline(__always)
    private func bearing(
        _ text: UnsafeBufferPointer<UInt8>, at now: UnixTime, requiring scope: String?
    ) -> Result<VerifiedToken, VerificationFailure> {
        let result = verify(text, at: now, requiring: scope)
        if case .success(let token) = result, token.isBound { return .failure(.proofRequired) }
        return result
    }

    /// All but who holds it.
    func verify(
        _ text: UnsafeBufferPointer<UInt8>, at now: UnixTime, requiring scope: String?
    ) -> Result<VerifiedToken, VerificationFailure> {
        let snapshot = keys.snapshot
        let token: VerifiedToken
        if now < snapshot.goodUntil, let cached = cache.token(for: text, generation: snapshot.generation) {
            // Of all that was checked, only the time can have changed.
            if policy.claims.isExpired(cached.expiresAt, at: now) { return .failure(.expired) }
            if let notBefore = cached.notBefore, policy.claims.isTooEarly(notBefore, at: now) { return .failure(.notYetValid) }
            token = cached
        } else {
            do throws(VerificationFailure) {
                token = try verifyUncached(text, with: snapshot, at: now)
            } catch {
                return .failure(error)
            }
            cache.insert(token, generation: snapshot.generation) { policy.claims.isExpired($0.expiresAt, at: now) }
        }
        if let scope, !token.hasScope(scope) { return .failure(.insufficientScope(scope)) }
        switch revocations?.verdict(on: token.revocationSubject, at: now) {
        case nil, .standing: return .success(token)
        case .revoked: return .failure(.revoked)
        case .stale: return .failure(.revocationsStale)
        }
    }

    private func verifyUncached(
        _ text: UnsafeBufferPointer<UInt8>, with snapshot: KeySnapshot, at now: UnixTime
    ) throws(VerificationFailure) -> VerifiedToken {
        let (layout, header) = try parse(text, with: snapshot)
        guard header.header.hasType(policy.claims.type) else { return try verifyOld(text, layout, header, with: snapshot, at: now) }
        let algorithm = try allowedAlgorithm(of: header.header)
        try checkKeyIsKnown(header, snapshot, at: now) { self.claims(in: layout.payload(in: text)) }
        try checkSignature(text, layout, by: header.candidates)
        snapshot.remember(header)
        let claims = try claims(in: layout.payload(in: text)).get()
        if let failure = policy.claims.failure(header: header.header, claims: claims, at: now) { throw VerificationFailure(failure) }
        guard let expiresAt = claims.expiresAt else { throw .missingClaim("exp") }
        return VerifiedToken(text: Array(text), header: header, algorithm: algorithm, claims: claims, expiresAt: expiresAt)
    }

    /// A token of another type than the issuer's: one of the old issuer, or none.
    @inline(never)
    private func verifyOld(
        _ text: UnsafeBufferPointer<UInt8>, _ layout: CompactJWS.Layout, _ header: ResolvedHeader, with snapshot: KeySnapshot,
        at now: UnixTime
    ) throws(VerificationFailure) -> VerifiedToken {
        guard let old = oldIssuer(of: header, snapshot, at: now) else { throw .wrongType }
        let token = try old.token(text, layout, header.header, as: .access, policy.claims, at: now)
        return VerifiedToken(text: Array(text), keyID: header.header.keyID, token, of: old, leeway: policy.claims.leeway)
    }

    func parse(
        _ text: UnsafeBufferPointer<UInt8>, with snapshot: KeySnapshot
    ) throws(VerificationFailure) -> (CompactJWS.Layout, ResolvedHeader) {
        do {
            let layout = try CompactJWS.Layout(parsing: text)
            return (layout, try snapshot.resolve(layout.header(in: text)))
        } catch {
            throw .malformed(error)
        }
    }

    /// The old issuer, if it is to say whether a token with this header is good.
    func oldIssuer(of header: ResolvedHeader, _ snapshot: KeySnapshot, at now: UnixTime) -> OldIssuer? {
        guard let oldIssuer, now < oldIssuer.until, OldIssuer.mayBe(header.header), !header.header.hasType(policy.claims.type) else {
            return nil
        }
        if let keyID = header.header.keyID, snapshot.keys.contains(keyID: keyID) { return nil }
        return oldIssuer
    }

    /// Before the algorithm and the key: a token of another kind is told so, whatever it was signed with.
    func checkType(of header: JWSHeader) throws(VerificationFailure) {
        guard header.hasType(policy.claims.type) else { throw .wrongType }
    }

    func allowedAlgorithm(of header: JWSHeader) throws(VerificationFailure) -> SignatureAlgorithm {
        guard let algorithm = header.algorithm, policy.algorithms.contains(algorithm) else { throw .algorithmNotAllowed }
        return algorithm
    }

    /// A token that could not be good under any key is no reason to look for its key.
    func checkKeyIsKnown(
        _ header: ResolvedHeader, _ snapshot: KeySnapshot, at now: UnixTime, claims: () -> Result<Claims, VerificationFailure>
    ) throws(VerificationFailure) {
        if now < snapshot.goodUntil {
            guard header.candidates.isEmpty else { return }
            if snapshot.keys.contains(keyID: header.header.keyID) { throw .wrongKeyAlgorithm }
        }
        guard case .success(let claims) = claims(), policy.claims.failure(header: header.header, claims: claims, at: now) == nil else {
            throw .unknownKey
        }
        switch keys.look(for: header.header.keyID, at: now) {
        case .unknown: throw .unknownKey
        case .pending: throw .keyPending
        case .unavailable: throw .keysUnavailable
        }
    }

    func checkSignature(
        _ text: UnsafeBufferPointer<UInt8>, _ layout: CompactJWS.Layout, by candidates: [JWSVerificationKey]
    ) throws(VerificationFailure) {
        guard let signature = Base64URL.decode(layout.signature(in: text)) else { throw .malformed(.invalidBase64URL) }
        let isValid = signature.withUnsafeBufferPointer { signature in
            candidates.contains { $0.isValid(signature: signature, for: layout.signed(in: text)) }
        }
        guard isValid else { throw .badSignature }
    }

    func claims(in segment: UnsafeBufferPointer<UInt8>) -> Result<Claims, VerificationFailure> {
        guard let payload = Base64URL.decode(segment) else { return .failure(.malformed(.invalidBase64URL)) }
        do { return .success(try Claims(parsing: payload)) } catch { return .failure(.malformed(error)) }
    }
}
