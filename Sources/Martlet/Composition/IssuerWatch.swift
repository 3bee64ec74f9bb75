// IssuerWatch: tells the log when the issuer goes away, comes back, or says something that is not believed. One look a second
// at the state of the key source and of the feed; nothing is decided here.

import Logging
import MartletThreads
import MartletVerifier

final class IssuerWatch: Sendable {
    private let stop = Monitor(false)
    private let thread: Thread?

    init(_ issuer: RemoteVerifier, logger: Logger) {
        let stop = stop
        thread = Thread {
            var seen = Seen()
            repeat { seen.look(at: issuer, logger) } while stop.wait(milliseconds: 1000, until: { $0 ? true : nil }) == nil
        }
    }

    /// Ends the thread.
    func end() {
        stop.withLock { $0 = true }
        stop.broadcast()
        thread?.join()
    }

    /// What was told already.
    private struct Seen {
        var isReady = false
        var keysFail = false
        var feedFails = false
        var refused = 0

        mutating func look(at issuer: RemoteVerifier, _ logger: Logger) {
            let keys = issuer.keys.state
            let keysFail = keys.consecutiveFailures > 0
            if keysFail != self.keysFail {
                self.keysFail = keysFail
                if keysFail {
                    logger.warning(
                        "the issuer's keys cannot be fetched: \(keys.lastFailure?.message ?? "")",
                        metadata: ["code": "\(keys.lastFailure?.code ?? "")"])
                } else {
                    logger.notice("the issuer's keys can be fetched again")
                }
            }
            if let feed = issuer.revocations?.state {
                let refused = feed.refused.values.reduce(0, +)
                if refused > self.refused {
                    logger.error("a document of the revocation feed was refused", metadata: ["code": "\(feed.lastFailure?.code ?? "")"])
                }
                self.refused = refused
                let fails = feed.lastFailureAt.map { failed in feed.lastSuccess.map { $0 < failed } ?? true } ?? false
                if fails != feedFails {
                    feedFails = fails
                    if fails {
                        logger.warning("the revocation feed cannot be followed", metadata: ["code": "\(feed.lastFailure?.code ?? "")"])
                    } else {
                        logger.notice("the revocation feed is followed again")
                    }
                }
            }
            if issuer.isReady != isReady {
                isReady.toggle()
                if isReady { logger.notice("ready: the issuer's keys and revocations are known") }
            }
        }
    }
}
