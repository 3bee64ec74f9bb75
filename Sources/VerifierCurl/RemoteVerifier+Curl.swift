// RemoteVerifier with libcurl: what an API usually wants, from one setting.

public import MartletVerifier

extension RemoteVerifier {
    /// A verifier of an issuer's access tokens that fetches with libcurl. It fetches nothing before ``start()``.
    ///
    /// - `issuer`: https, or http on this machine.
    /// - `audience`: what `aud` must contain; the issuer's own when nil.
    /// - `tiers`: where keys are shared with other processes, and kept for a cold start.
    /// - `revocations`: the feed is followed unless told otherwise.
    /// - Throws: ``InvalidIssuer`` when the issuer is not an address that keys may be fetched from.
    public convenience init(
        issuer: String, audience: String? = nil, tiers: FleetTiers? = nil, revocations: Revocations = .followed(whenStale: .accept)
    ) throws(InvalidIssuer) {
        try self.init(issuer: issuer, audience: audience, fetcher: CurlFetcher(), tiers: tiers, revocations: revocations)
    }
}
