// LogoutDelivery: the threads that deliver logout notices, and the network that they may reach: for a client that the operator made, every
// https address and this machine itself; for one that registered itself or is a document elsewhere, public addresses alone.

import Logging
import MartletThreads
import MartletVerifier
import MartletVerifierCurl
import OAuth
import Synchronization

final class LogoutDelivery: Sendable {
    private let sender: LogoutSender
    private let threads = Mutex<[Thread]>([])

    init(_ server: AuthorizationServer, logger: Logger) {
        let operators = CurlClient(keeping: Self.threadCount)
        let others = CurlClient(keeping: Self.threadCount, allowing: \.isPublic)
        sender = LogoutSender(
            server, clock: SystemClock.now, log: { logger.warning("\($0)") },
            post: { addressee, form, isCancelled throws(FetchFailure) in
                var exchange = CurlExchange(
                    origin: addressee.url.origin, target: addressee.url.target, maximumBody: Self.maximumAnswer, connectTimeout: 2000,
                    timeout: 5000)
                exchange.method = "POST"
                exchange.fields = Self.fields
                exchange.body = form
                exchange.isCancelled = isCancelled
                return try (addressee.mayBePrivate ? operators : others).send(exchange).status
            })
    }

    /// For the metrics.
    var counts: (sent: Int, failed: Int) { sender.counts }

    /// Begins to deliver; false when the system gives no thread.
    func start() -> Bool {
        threads.withLock { threads in
            for _ in 0..<Self.threadCount {
                guard let thread = Thread({ [sender] in sender.run() }) else { break }
                threads.append(thread)
            }
            return !threads.isEmpty
        }
    }

    /// Ends the threads; what was not delivered waits for the next start.
    func end() {
        sender.stop()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private static let threadCount = 3
    /// Bytes of an answer, which nobody reads.
    private static let maximumAnswer = 65_536
    private static let fields: [(name: String, value: [UInt8])] = [
        ("Content-Type", Array("application/x-www-form-urlencoded".utf8)), ("User-Agent", Array("Martlet".utf8)),
        ("Accept", Array("*/*".utf8)),
    ]
}
