// CurlClient: sessions with libcurl, lent to one thread at a time, and kept with the connections that still stand.

import CMartletCurl
import MartletThreads
package import MartletVerifier
import Synchronization

/// Carries out exchanges with libcurl: TLS 1.2 or newer with the peer's certificate and name verified, no redirects, no decompression.
package final class CurlClient: Sendable {
    private let caFile: String?
    private let kept: Int
    private let gate: SocketGate?
    private let idle = Mutex<[CurlSession]>([])

    /// A client.
    /// - Parameters:
    ///   - caFile: a file of certificates (PEM) to trust instead of the system's.
    ///   - kept: sessions without work that are kept.
    package convenience init(caFile: String? = nil, keeping kept: Int) {
        self.init(caFile: caFile, keeping: kept, gate: nil)
    }

    /// A client that connects only to addresses that `allows` lets it.
    package convenience init(caFile: String? = nil, keeping kept: Int, allowing allows: @escaping @Sendable (PeerAddress) -> Bool) {
        self.init(caFile: caFile, keeping: kept, gate: SocketGate(allows: allows))
    }

    /// A client that connects to nothing but what `gate` lets it; nil for anything.
    init(caFile: String?, keeping kept: Int, gate: SocketGate?) {
        self.caFile = caFile
        self.kept = kept
        self.gate = gate
    }

    /// One exchange. Blocks; called on threads that may be blocked, from several at once.
    package func send(_ exchange: CurlExchange) throws(FetchFailure) -> CurlReply {
        if exchange.isCancelled() { throw .cancelled }
        let waiting = idle.withLock { $0.popLast() }
        let session = if let waiting { waiting } else { try CurlSession() }
        defer {
            idle.withLock { if $0.count < kept { $0.append(session) } }
        }
        return try withoutBrokenPipe { () throws(FetchFailure) in try session.perform(exchange, caFile: caFile, gate: gate) }
    }
}
