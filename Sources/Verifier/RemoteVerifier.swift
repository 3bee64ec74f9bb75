// RemoteVerifier: an issuer elsewhere, from its address alone: its keys, its revocations, and a verifier of its tokens. It puts
// together what can be had one by one: RemoteKeySource, RevocationFeed, TokenVerifier.
public import MartletEncoding
public import MartletJOSE
public import MartletThreads

/// Verifies the tokens of one issuer elsewhere, and hears of its revocations.
public final class RemoteVerifier: Sendable {
    /// The issuer's keys.
    public let keys: RemoteKeySource
    /// What the issuer has taken back; nil when its feed is not followed.
    public let revocations: RevocationFeed?
    /// Says whether a token is good, by the two of them.
    public let verifier: TokenVerifier
    private let clock: @Sendable () -> UnixTime

    /// What is done about the revocation feed.
    public enum Revocations: Sendable, Hashable {
        /// It is followed, if the issuer's metadata names one.
        case followed(whenStale: RevocationFeed.WhenStale)
        /// It is not: tokens are good until their `exp`.
        case ignored
    }

    /// A verifier of an issuer's access tokens. It fetches nothing before ``start()``.
    ///
    /// - `issuer`: what `iss` must be, byte by byte, and where metadata is asked for: https, or http on this machine.
    /// - `audience`: what `aud` must contain; the issuer's own when nil, as Martlet's tokens have it that ask for no other.
    /// - `fetcher`: carries out the requests.
    /// - `tiers`: where keys are shared with other processes, and kept for a cold start.
    /// - `revocations`: followed unless told otherwise; without news for long, tokens are still accepted.
    /// - `authorization`: the `Authorization` header for a feed that is not public, asked for before every request.
    /// - `limits`: how long keys that cannot be fetched again still verify, and how often an unknown one is looked for.
    /// - `oldIssuer`: whose tokens are accepted as well until its end, as ``TokenVerifier`` has it.
    /// - `proofNonces`: nonces that proofs must name, as ``TokenVerifier`` has it.
    /// - `algorithms`, `leeway`, `requiredScopes`: as ``VerificationPolicy`` has them.
    /// - Throws: ``InvalidIssuer`` when the issuer is not an address that keys may be fetched from.
    public init(
        issuer: String, audience: String? = nil, fetcher: any Fetcher, tiers: FleetTiers? = nil,
        revocations following: Revocations = .followed(whenStale: .accept), authorization: @escaping @Sendable () -> String? = { nil },
        limits: RemoteKeySource.Limits = .init(), algorithms: [SignatureAlgorithm] = SignatureAlgorithm.asymmetric, leeway: Int64 = 30,
        requiredScopes: [String] = [], oldIssuer: OldIssuer? = nil, proofNonces: DPoPNonces? = nil,
        clock: @escaping @Sendable () -> UnixTime = SystemClock.now
    ) throws(InvalidIssuer) {
        guard let keys = RemoteKeySource(.issuer(issuer), fetcher: fetcher, tiers: tiers, limits: limits, clock: clock) else {
            throw InvalidIssuer(issuer: issuer)
        }
        self.keys = keys
        self.clock = clock
        revocations =
            switch following {
            case .ignored: nil
            case .followed(let whenStale):
                RevocationFeed(
                    issuer: issuer, keys: keys, fetcher: fetcher, whenStale: whenStale, authorization: authorization, clock: clock)
            }
        verifier = TokenVerifier(
            policy: VerificationPolicy(
                issuer: issuer, audiences: [audience ?? issuer], algorithms: algorithms, leeway: leeway, requiredScopes: requiredScopes),
            keys: keys, revocations: revocations, oldIssuer: oldIssuer, proofNonces: proofNonces)
    }

    /// Begins to fetch keys and to follow the feed, each on a thread of its own.
    public func start() {
        keys.start()
        revocations?.start()
    }

    /// Ends both, and waits until they have ended.
    public func stop() {
        revocations?.stop()
        keys.stop()
    }

    /// Verifies a token for whoever bears it, that is one that came as `Authorization: Bearer`; if its key is just being fetched, waits
    /// for it without a thread, two seconds at most. A token that is bound to a key is refused.
    public func verify(_ token: String, requiring scope: String? = nil) async throws(VerificationFailure) -> VerifiedToken {
        try await verifier.verify(token, requiring: scope, clock: clock)
    }

    /// Verifies a token that came as `Authorization: DPoP`, with the proof that whoever sent it holds its key; waits as the other does.
    public func verify(
        _ token: String, proof: PresentedProof, requiring scope: String? = nil
    ) async throws(VerificationFailure) -> VerifiedToken {
        try await verifier.verify(token, proof: proof, requiring: scope, clock: clock)
    }

    /// Whether tokens can be judged: there are keys, and what was revoked until now is known, if the issuer tells it at all.
    public var isReady: Bool {
        guard keys.state.isReady(at: clock()) else { return false }
        guard let state = revocations?.state else { return true }
        return state.hasSnapshot || state.hasFeed == false
    }
}

/// The issuer is no address that keys may be fetched from.
public struct InvalidIssuer: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was given.
    public let issuer: String

    /// One that names what was given.
    public init(issuer: String) { self.issuer = issuer }

    /// For people.
    public var description: String {
        "\(issuer) cannot be an issuer: it must be https://host[:port], or http:// on this machine, without query or fragment."
    }
}
