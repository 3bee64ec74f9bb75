// CurlFetcher: the verifier's network, with libcurl. It lends each call a session with connections that may still stand; what
// one exchange asks of curl is CurlSession's, what is kept of the answer is CurlAnswer's.

import CMartletCurl
import MartletThreads
public import MartletVerifier
import Synchronization

/// Fetches with libcurl: TLS 1.2 or newer with the peer's certificate and name verified, no redirects, no decompression.
///
/// Connections are kept open between calls. An answer's header fields may take 64 KiB and be 100 at most; more is
/// ``FetchFailure/tooLarge``, as a body past its bound is. ``FetchRequest/isCancelled`` is asked ten times a second.
///
/// Proxies are the environment's, as everywhere with curl: `https_proxy`, `all_proxy` and `no_proxy`. A proxy only passes
/// encrypted bytes on, for plain http exists for loopback alone, and a loopback address never goes to a proxy.
public final class CurlFetcher: Fetcher {
    private let caFile: String?
    private let idle = Mutex<[CurlSession]>([])

    /// A fetcher.
    /// - Parameter caFile: a file of certificates (PEM) of the authorities to trust, instead of the system's. It is read when a
    ///   connection is made; one that cannot be read makes every peer ``FetchFailure/untrusted(detail:)``.
    public init(caFile: String? = nil) {
        self.caFile = caFile
    }

    /// One GET, as ``Fetcher`` demands.
    public func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        if request.isCancelled() { throw .cancelled }
        let kept = idle.withLock { $0.popLast() }
        let session = if let kept { kept } else { try CurlSession() }
        defer {
            idle.withLock { if $0.count < Self.capacity { $0.append(session) } }
        }
        return try withoutBrokenPipe { () throws(FetchFailure) in try session.get(request, caFile: caFile) }
    }

    /// Idle sessions that are kept: a long-poll and a fetch of keys, for a few issuers.
    private static let capacity = 8
}
