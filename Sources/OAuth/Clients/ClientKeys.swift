// ClientKeys: the keys that a client signs with: its assertions (RFC 7523) and its requests (RFC 9101). They are in its registration, or
// at an address that it registered, where they are read again when a key is named that is not there.

package import Accounts
package import MartletEncoding
package import MartletJOSE
package import MartletVerifier

/// Finds the keys of clients.
package final class ClientKeys: Sendable {
    private let anywhere: FetchedValues<JWKSet>
    private let publicly: FetchedValues<JWKSet>

    /// Key sets kept at most, of each kind.
    private static let capacity = 512
    /// Bytes of a key set.
    private static let maximumLength = 65_536

    /// `fetcher` serves clients of the operator's, whose hosts may be within the network; `publicFetcher`, which must call public
    /// addresses alone, everybody else.
    package init(fetcher: any Fetcher, publicFetcher: any Fetcher, throttle: LoginThrottle) {
        let values = { (fetcher: any Fetcher, throttle: LoginThrottle?) in
            FetchedValues(
                named: "jwks_uri", maximumLength: Self.maximumLength, capacity: Self.capacity, fetcher: fetcher, throttle: throttle
            ) { bytes, _ throws(OAuthError) in try Self.read(bytes) }
        }
        // The operator's clients are not to wait because strangers had many addresses fetched.
        anywhere = values(fetcher, nil)
        publicly = values(publicFetcher, throttle)
    }

    /// The keys of a client, if nobody else has to be asked for them: an empty set for a client without any, nil for one whose keys
    /// are elsewhere and not here, or without the one of this id.
    package func cached(_ client: Client, keyID: String?, at now: UnixTime) -> JWKSet? {
        if let json = client.metadata.keySet { return (try? Self.read(json)) ?? JWKSet() }
        guard let url = client.metadata.keySetURI.flatMap({ SecureURL($0) }) else { return JWKSet() }
        return values(for: client).cached(url, at: now).flatMap { Self.has(keyID, $0) ? $0 : nil }
    }

    /// The keys of a client. Blocks where they are elsewhere: for the outbound lane.
    ///
    /// Throws `invalid_client` where there is no key set, `temporarily_unavailable` where there was no time to see.
    package func load(_ client: Client, keyID: String?, at now: UnixTime) throws(OAuthError) -> JWKSet {
        if let keys = cached(client, keyID: keyID, at: now) { return keys }
        guard let url = client.metadata.keySetURI.flatMap({ SecureURL($0) }) else { return JWKSet() }
        return try values(for: client).load(url, enough: { Self.has(keyID, $0) }, at: now)
    }

    private func values(for client: Client) -> FetchedValues<JWKSet> { client.isOperators ? anywhere : publicly }

    private static func has(_ keyID: String?, _ keys: JWKSet) -> Bool { keyID == nil || keys.contains(keyID: keyID) }

    /// Public keys alone: whoever publishes a secret has none.
    private static func read(_ json: [UInt8]) throws(OAuthError) -> JWKSet {
        do throws(JOSEError) {
            return JWKSet(try JWKSet(parsing: json).keys.filter { !$0.isSymmetric })
        } catch {
            throw OAuthError(.invalidClient, "The client's keys cannot be read.", logDetail: error.code)
        }
    }
}

extension JWKSet {
    /// What a client signed, by one of its keys: the one that it names; where it names none, its only one for the algorithm, whatever that
    /// is called (OpenID Connect Core 1.0 §10.1: a `kid` is needed where there are several).
    func verified(_ jws: CompactJWS) throws(JOSEError) -> VerifiedJWS {
        let header = jws.unverifiedHeader
        guard let algorithm = header.algorithm, !algorithm.isSymmetric else { throw .algorithmMismatch }
        let own = keys.filter { $0.algorithms.contains(algorithm) }
        let keyID = header.keyID ?? (own.count == 1 ? own.first?.keyID : nil)
        for key in candidates(keyID: keyID, algorithm: algorithm, type: nil) {
            do throws(JOSEError) { return try jws.verified(by: key) } catch { continue }
        }
        throw .badSignature
    }
}
