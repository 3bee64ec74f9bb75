// Upstream: one of the two services behind the proxy, asked with libcurl. It blocks, so it is called on lanes and threads of its own.

import Logging
import MartletVerifier
import MartletVerifierCurl
import Shadow
import Synchronization

/// A service that requests are passed on to.
final class Upstream: Sendable {
    private let address: UpstreamAddress
    private let timeout: Int64
    private let mostBytes: Int
    private let name: String
    private let client: CurlClient
    private let logger: Logger
    private let isAway = Mutex(false)
    private let isStopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - name: for the log, such as "the old service".
    ///   - timeout: milliseconds for a whole answer.
    ///   - mostBytes: bytes of an answer's content.
    ///   - kept: connections that are kept while nothing is asked.
    init(_ address: UpstreamAddress, name: String, timeout: Int64, mostBytes: Int, keeping kept: Int, logger: Logger) {
        self.address = address
        self.name = name
        self.timeout = timeout
        self.mostBytes = mostBytes
        self.logger = logger
        client = CurlClient(keeping: kept)
    }

    /// Asks, and tells the log when the service goes away or comes back.
    func answer(to request: RelayedRequest) throws(FetchFailure) -> RelayedAnswer {
        var exchange = CurlExchange(
            origin: address.origin, target: request.target, maximumBody: mostBytes, connectTimeout: min(timeout, Self.connectTime),
            timeout: timeout)
        exchange.method = request.method
        exchange.fields = request.fields.map { ($0.name, $0.value) }
        exchange.body = request.body
        exchange.isCancelled = { [self] in isStopping.load(ordering: .relaxed) }
        exchange.isOnNewConnection = !Self.repeatable.contains(request.method)
        do throws(FetchFailure) {
            let reply = try client.send(exchange)
            guard (200...599).contains(reply.status) else { throw .unreachable(detail: "its status is no status") }
            note(away: nil)
            return RelayedAnswer(status: reply.status, fields: reply.fields.map { RelayedField($0.name, $0.value) }, body: reply.body)
        } catch {
            if error != .cancelled { note(away: error) }
            throw error
        }
    }

    /// Gives up whatever is being asked, and asks nothing more.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    private func note(away failure: FetchFailure?) {
        let isChange = isAway.withLock { isAway in
            defer { isAway = failure != nil }
            return isAway != (failure != nil)
        }
        guard isChange else { return }
        if let failure { logger.warning("\(name) does not answer: \(failure.words)") } else { logger.notice("\(name) answers") }
    }

    /// What curl may send again on its own when a kept connection turns out to be closed.
    private static let repeatable: Set<String> = ["GET", "HEAD", "OPTIONS"]
    private static let connectTime: Int64 = 10_000
}

extension FetchFailure {
    /// For the log.
    var words: String {
        switch self {
        case .unreachable(let detail), .untrusted(let detail): detail
        case .timedOut: "the time was over"
        case .tooLarge: "the answer is too large"
        case .cancelled: "it was cancelled"
        }
    }
}
