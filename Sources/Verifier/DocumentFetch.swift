// DocumentFetch: one document from an issuer: a GET with its redirects, all within one span of time. It decides which
// redirects are followed and which answers count; what the documents say is read elsewhere.
import MartletEncoding

/// Fetches the documents of one fetch, which share its time.
struct DocumentFetch {
    let fetcher: any Fetcher
    let clock: @Sendable () -> UnixTime
    /// When the time for all documents is over.
    let end: UnixTime
    /// Whether a cache on the way must ask the issuer (RFC 9111 §5.2.1.4): what it holds is what is known to be too old.
    let isBypassingCaches: Bool
    let isCancelled: @Sendable () -> Bool

    /// A fetch that has five seconds from now on.
    init(
        fetcher: any Fetcher, isBypassingCaches: Bool, clock: @escaping @Sendable () -> UnixTime,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.fetcher = fetcher
        self.isBypassingCaches = isBypassingCaches
        self.clock = clock
        self.isCancelled = isCancelled
        end = clock().adding(milliseconds: Self.wholeTimeout)
    }

    /// The document at an address: an answer of status 200, or of 304 when an entity tag is given.
    ///
    /// The only fields sent are `accept`, `if-none-match` and `cache-control`: whoever is asked learns nothing about who asks.
    func get(_ address: SecureURL, accept: String, unless entityTag: String? = nil) throws(KeyFetchFailure) -> FetchResponse {
        var headers = [(name: "accept", value: accept)]
        if let entityTag { headers.append(("if-none-match", entityTag)) }
        if isBypassingCaches { headers.append(("cache-control", "no-cache")) }
        var url = address
        for _ in 0...Self.maximumRedirects {
            // A clock that was stepped back gives no more time than there was.
            let left = min(end.milliseconds - clock().milliseconds, Self.wholeTimeout)
            guard left > 0 else { throw .exchange(.timedOut) }
            let response: FetchResponse
            do {
                response = try fetcher.get(
                    FetchRequest(
                        url: url, headers: headers,
                        connectTimeout: min(left, Self.connectTimeout), timeout: left, maximumBody: Self.maximumBody,
                        isCancelled: isCancelled))
            } catch {
                throw .exchange(error)
            }
            switch response.status {
            case 200:
                guard response.body.count <= Self.maximumBody else { throw .exchange(.tooLarge) }
                return response
            case 304 where entityTag != nil: return response
            case 301, 302, 303, 307, 308:
                guard let next = response.header("location").flatMap(url.resolving(location:)) else { throw .badRedirect }
                url = next
            default: throw .status(response.status)
            }
        }
        throw .tooManyRedirects
    }

    private static let connectTimeout: Int64 = 2000
    private static let wholeTimeout: Int64 = 5000
    private static let maximumBody = 1 << 20
    private static let maximumRedirects = 3
}
