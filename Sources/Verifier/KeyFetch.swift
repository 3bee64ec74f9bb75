// KeyFetch: one fetch of an issuer's keys over the network, metadata first where that is due, and what comes of it. When to
// fetch is KeyFetchPolicy's; what the keys replace is RemoteKeySource's.
import MartletEncoding
import MartletJOSE

/// Where keys are asked for.
enum KeyLocation: Sendable {
    case issuer(IssuerDiscovery)
    case keySet(SecureURL)
}

/// One fetch.
struct KeyFetch {
    let location: KeyLocation
    let documents: DocumentFetch
    /// Seconds for which what was once fetched may stand in for what cannot be fetched.
    let ceiling: Int64

    /// The keys as they are now, `held` again where the issuer says that nothing has changed.
    func keys(holding held: FetchedKeys?, _ known: inout KnownMetadata?, at now: UnixTime) throws(KeyFetchFailure) -> FetchedKeys {
        let isChecked = known.map { !$0.isFresh(at: now) } ?? true
        let url = try keySetURL(&known, at: now)
        do throws(KeyFetchFailure) {
            var keys = try keys(at: url, holding: held?.url == url ? held : nil, now)
            // Where the keys are, and whether there is a feed, is looked at with the keys: so those are not kept longer than that.
            if let known { keys.lifetime = min(keys.lifetime, known.lifetime) }
            return keys
        } catch {
            // The keys may have moved: the metadata is fetched next time, unless that was just tried.
            if !isChecked { known?.checkAt = now }
            throw error
        }
    }

    private func keySetURL(_ known: inout KnownMetadata?, at now: UnixTime) throws(KeyFetchFailure) -> SecureURL {
        switch location {
        case .keySet(let url): return url
        case .issuer(let discovery):
            // Whoever misses a key may look in the wrong place.
            if let known, known.isFresh(at: now), !documents.isBypassingCaches { return known.metadata.keySetURL }
            do throws(KeyFetchFailure) {
                let metadata = try discovery.metadata(documents, at: now)
                known = KnownMetadata(metadata, from: now)
                return metadata.keySetURL
            } catch {
                guard let old = known?.metadata, now < old.fetchedAt.adding(seconds: KnownMetadata.longestUse).adding(seconds: ceiling)
                else {
                    known = nil
                    throw error
                }
                known?.checkAt = now.adding(seconds: Self.metadataPause)
                return old.keySetURL
            }
        }
    }

    private func keys(at url: SecureURL, holding held: FetchedKeys?, _ now: UnixTime) throws(KeyFetchFailure) -> FetchedKeys {
        let answer = try documents.get(url, accept: "application/jwk-set+json, application/json", unless: held?.entityTag)
        let lifetime = CacheLifetime(answer.headers)
        let entityTag = answer.header("etag").flatMap { FetchedKeys.isEntityTag($0) ? $0 : nil }
        if var same = held, answer.status == 304 || answer.body == same.bytes {
            // RFC 9111 §4.3.4: what a 304 does not say stays as it was.
            let silent = answer.status == 304 ? same.lifetime : FetchedKeys.silentLifetime
            same.lifetime = FetchedKeys.lifetime(lifetime, silent: silent)
            same.entityTag = entityTag ?? (answer.status == 304 ? same.entityTag : nil)
            same.fetchedAt = now
            return same
        }
        return try FetchedKeys(
            parsing: answer.body, url: url, entityTag: entityTag, fetchedAt: now,
            lifetime: FetchedKeys.lifetime(lifetime, silent: FetchedKeys.silentLifetime))
    }

    private static let metadataPause: Int64 = 60
}

/// Metadata that was fetched before. It is fetched again after an hour, or after five minutes while it names no feed, which may
/// be switched on any time; and when keys are missing, or could not be had from where it says.
struct KnownMetadata: Sendable {
    var metadata: IssuerMetadata
    var checkAt: UnixTime

    init(_ metadata: IssuerMetadata, from time: UnixTime) {
        self.metadata = metadata
        checkAt = time
        checkAt = time.adding(seconds: lifetime)
    }

    /// In seconds.
    var lifetime: Int64 { metadata.revocationsURL == nil ? 300 : Self.longestLifetime }

    func isFresh(at now: UnixTime) -> Bool {
        now < checkAt && checkAt <= now.adding(seconds: Self.longestLifetime + 60)
    }

    /// In seconds.
    static let longestLifetime: Int64 = 3600
    /// Seconds after which metadata that cannot be fetched again is out of date, and lives on the ceiling.
    static let longestUse: Int64 = 86_400
}

/// A usable key set as it was fetched.
struct FetchedKeys: Sendable {
    let set: JWKSet
    let skipped: Int
    /// The document.
    let bytes: [UInt8]
    let url: SecureURL
    var entityTag: String?
    /// When it was asked for.
    var fetchedAt: UnixTime
    /// Seconds for which it need not be asked for again.
    var lifetime: Int64

    /// Reads a JWK Set. A secret that is published is nobody's key, so it is skipped as others are that cannot be used.
    init(parsing bytes: [UInt8], url: SecureURL, entityTag: String?, fetchedAt: UnixTime, lifetime: Int64) throws(KeyFetchFailure) {
        let all: JWKSet
        do { all = try JWKSet(parsing: bytes) } catch { throw .badKeySet(error) }
        set = JWKSet(all.keys.filter { !$0.isSymmetric })
        guard !set.keys.isEmpty else { throw .noUsableKey }
        skipped = all.skipped.count + all.keys.count - set.keys.count
        self.bytes = bytes
        self.url = url
        self.entityTag = entityTag
        self.fetchedAt = fetchedAt
        self.lifetime = lifetime
    }

    /// The keys of an entry; nil where they are none.
    init?(_ entry: TierEntry) {
        let lifetime = Self.lifetime(.seconds(entry.lifetime), silent: Self.silentLifetime)
        guard
            let keys = try? FetchedKeys(
                parsing: entry.bytes, url: entry.keySetURL, entityTag: entry.entityTag.flatMap { Self.isEntityTag($0) ? $0 : nil },
                fetchedAt: entry.fetchedAt, lifetime: lifetime)
        else { return nil }
        self = keys
    }

    /// What a document says of itself, between a minute and a day.
    static func lifetime(_ said: CacheLifetime, silent: Int64) -> Int64 {
        switch said {
        case .silent: silent
        case .seconds(let seconds): min(max(seconds, 60), 86_400)
        }
    }

    /// Whether it can stand in a request as it is (RFC 9110 §8.8.3).
    static func isEntityTag(_ text: String) -> Bool {
        (2...512).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// Seconds for a document that says nothing.
    static let silentLifetime: Int64 = 300
}
