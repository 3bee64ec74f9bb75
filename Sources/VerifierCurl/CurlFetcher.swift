// CurlFetcher: the verifier's network, with libcurl. Which sessions there are is CurlClient's, what one exchange asks of curl is
// CurlSession's, what is kept of the answer is CurlAnswer's.

public import MartletVerifier

/// Fetches with libcurl: TLS 1.2 or newer with the peer's certificate and name verified, no redirects, no decompression.
///
/// Connections are kept open between calls. An answer's header fields may take 64 KiB and be 100 at most; more is
/// ``FetchFailure/tooLarge``, as a body past its bound is. ``FetchRequest/isCancelled`` is asked ten times a second.
///
/// Proxies are the environment's, as everywhere with curl: `https_proxy`, `all_proxy` and `no_proxy`. A proxy only passes
/// encrypted bytes on, for plain http exists for loopback alone, and a loopback address never goes to a proxy.
public final class CurlFetcher: Fetcher {
    private let client: CurlClient
    private let usesProxies: Bool

    /// A fetcher.
    /// - Parameter caFile: a file of certificates (PEM) of the authorities to trust, instead of the system's. It is read when a
    ///   connection is made; one that cannot be read makes every peer ``FetchFailure/untrusted(detail:)``.
    public init(caFile: String? = nil) {
        client = CurlClient(caFile: caFile, keeping: Self.capacity)
        usesProxies = true
    }

    /// A fetcher of addresses that others name, which must not lead into the network that this process stands in: of what a name
    /// resolves to, only what `allows` is connected to. It uses no proxy, which would resolve the name once more and by itself.
    package init(caFile: String? = nil, allowing allows: @escaping @Sendable (PeerAddress) -> Bool) {
        client = CurlClient(caFile: caFile, keeping: Self.capacity, gate: SocketGate(allows: allows))
        usesProxies = false
    }

    /// One GET, as ``Fetcher`` demands.
    public func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        var exchange = CurlExchange(
            origin: request.url.origin, target: request.url.target, maximumBody: request.maximumBody,
            connectTimeout: request.connectTimeout, timeout: request.timeout)
        exchange.fields = request.headers.map { ($0.name, Array($0.value.utf8)) }
        for (name, value) in Self.usual where !request.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            exchange.fields.append((name, Array(value.utf8)))
        }
        exchange.usesProxy = usesProxies && !request.url.isLoopback
        exchange.isCancelled = request.isCancelled
        let reply = try client.send(exchange)
        return FetchResponse(
            status: reply.status, headers: reply.fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, body: reply.body)
    }

    private static let usual = [("User-Agent", "Martlet"), ("Accept", "*/*")]
    /// Idle sessions that are kept: a long-poll and a fetch of keys, for a few issuers.
    private static let capacity = 8
}
