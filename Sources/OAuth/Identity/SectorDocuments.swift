// SectorDocuments: whether a client belongs to the sector that it names (OpenID Connect Core 1.0 §8.1, Dynamic Client Registration 1.0 §5):
// the document at its `sector_identifier_uri` lists every redirect URI of the client. Fetched when a client registers, and not kept. Which
// hosts may be called is the fetcher's to decide, and the address is one that a client's document might have.

package import Accounts
package import MartletEncoding
package import MartletVerifier
import Synchronization

/// Looks at the documents of sectors.
package final class SectorDocuments: Sendable {
    private let fetcher: any Fetcher
    private let throttle: LoginThrottle
    private let isUnderWay = Mutex(false)

    /// Milliseconds that a fetch may take.
    private static let timeout: Int64 = 5000
    /// Bytes of a document, at most.
    private static let maximumLength = 65_536

    /// Documents that are got by `fetcher`, which must call public addresses alone.
    package init(fetcher: any Fetcher, throttle: LoginThrottle) {
        self.fetcher = fetcher
        self.throttle = throttle
    }

    /// Throws `invalid_client_metadata` unless the document at `uri` lists all of the redirect URIs, `temporarily_unavailable` where
    /// there was no time to see. Blocks, for some seconds at most; one at a time, so that slow hosts do not take every thread.
    package func check(_ uri: String, lists redirectURIs: [String], at now: UnixTime) throws(OAuthError) {
        guard let url = ClientDocumentURL(uri) else { throw Self.refusal("must be an https address with a path, of a host with a name") }
        let isFree = isUnderWay.withLock { isUnderWay in
            defer { isUnderWay = true }
            return !isUnderWay
        }
        guard isFree else { throw OAuthError(.temporarilyUnavailable, "Another sector_identifier_uri is being fetched; try again.") }
        defer { isUnderWay.withLock { $0 = false } }
        let listed = try fetch(url, at: now)
        for uri in redirectURIs where !listed.contains(where: { $0.utf8.elementsEqual(uri.utf8) }) {
            throw Self.refusal("does not list every redirect URI of the client")
        }
    }

    private func fetch(_ url: ClientDocumentURL, at now: UnixTime) throws(OAuthError) -> [String] {
        do throws(AccountError) {
            try throttle.countDocumentFetch(from: url.authority, at: now)
        } catch {
            throw OAuthError(.temporarilyUnavailable, "Too many documents of this host were fetched; try again later.")
        }
        let response: FetchResponse
        do throws(FetchFailure) {
            response = try fetcher.get(
                FetchRequest(
                    url: url.url, headers: [("accept", "application/json")], timeout: Self.timeout, maximumBody: Self.maximumLength))
        } catch {
            // One answer for all: whether a host within this network listens is nobody's business.
            throw Self.refusal("cannot be fetched", logDetail: "\(url): \(error)")
        }
        guard response.status == 200, let json = try? JSONDocument(parsing: response.body).root, let listed = json.strings else {
            throw Self.refusal("is no JSON array of redirect URIs", logDetail: "\(url): \(response.status)")
        }
        return listed
    }

    private static func refusal(_ what: String, logDetail: String? = nil) -> OAuthError {
        OAuthError(
            .invalidClientMetadata, "sector_identifier_uri \(what).", logDetail: logDetail, member: "sector_identifier_uri")
    }
}
