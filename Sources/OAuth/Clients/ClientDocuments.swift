// ClientDocuments: the documents that clients describe themselves in, fetched when they are asked for and kept for a while.

package import Accounts
package import MartletEncoding
package import MartletVerifier

/// Finds clients by the documents that their ids are the addresses of.
package final class ClientDocuments: Sendable {
    private let fetched: FetchedValues<Client>

    /// Documents kept at most; parsed, one takes some tens of kilobytes at worst.
    private static let capacity = 512

    /// Documents that are got by `fetcher`, which must call public addresses alone.
    package init(fetcher: any Fetcher, throttle: LoginThrottle) {
        fetched = FetchedValues(
            named: "document", maximumLength: ClientDocument.maximumLength, capacity: Self.capacity, fetcher: fetcher, throttle: throttle
        ) { bytes, address throws(OAuthError) in
            guard let url = ClientDocumentURL(address) else { throw OAuthError(.invalidClient, "This is no address of a document.") }
            return Client(document: try ClientDocument(parsing: bytes, at: url))
        }
    }

    /// The client of an address, if its document is here and fresh.
    package func cached(_ url: ClientDocumentURL, at now: UnixTime) -> ClientDirectory.Lookup {
        fetched.cached(url.url, at: now).map { .known($0) } ?? .unknown
    }

    /// The client of an address, fetched where it must be. Blocks, for some seconds at most.
    ///
    /// Throws `invalid_client` where there is no document in order, `temporarily_unavailable` where there was no time to see.
    package func load(_ url: ClientDocumentURL, at now: UnixTime) throws(OAuthError) -> Client {
        try fetched.load(url.url, at: now)
    }
}
