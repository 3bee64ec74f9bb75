// FeedKeys: what following an issuer's revocation feed needs of its key source. The feed may ask for keys in its own right: its
// documents come from the issuer's own address, so what they say about keys is worth a fetch that no stranger's token is.
package import MartletEncoding

/// A key source that an issuer's revocation feed can be followed with.
package protocol FeedKeys: Sendable {
    /// The keys as they are now. Cheap, and does not block.
    var snapshot: KeySnapshot { get }

    /// The feed's address as the issuer's metadata names it (`revocations_uri`); nil while unknown or when there is none.
    var revocationsURL: SecureURL? { get }

    /// Asks for a fetch soon because the feed says that keys have changed: a document names a `kid` that is unknown, or has a new
    /// `key` entry. It has a budget of its own (at most one fetch in 5 s) which nobody's random kids can use up, and is not held
    /// back by their cooldown. Does not block.
    ///
    /// - Returns: whether a fetch will be made or is under way.
    @discardableResult func demandKeys(at now: UnixTime) -> Bool
}
