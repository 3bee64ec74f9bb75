// Upkeep: the one thread that looks after the service: keys move on, the ring follows its store, revocations whose time
// is over go, readiness is probed. Ten looks a second, so that what a command line changed is in force at once.

import Accounts
import Logging
import MartletEncoding
import MartletThreads
import MartletVerifier
import Store
import Tokens

final class Upkeep: Sendable {
    private let stop = Monitor(false)
    private let thread: Thread?

    init(_ issuer: Issuer, _ events: EventFollower, _ readiness: Readiness, _ legacyPasswords: LegacyPasswords, logger: Logger) {
        let stop = stop
        thread = Thread(isBackground: false) {
            var look = 0
            var isRingStale = false
            while stop.wait(milliseconds: 100, until: { $0 ? true : nil }) == nil {
                look += 1
                let now = SystemClock.now()
                if events.takeRingChange() { isRingStale = true }
                // A ring that could not be read is tried again with every look: a retired key must not stay.
                if isRingStale { isRingStale = !Self.logging("reload the key ring", logger, issuer.ring.reload) }
                if look % 10 == 0 { Self.probe(issuer.installation, readiness, at: now) }
                if look % 50 == 0 {
                    _ = Self.logging("look after the keys", logger) { () throws(KeyRing.Failure) in try issuer.rotation.maintain(at: now) }
                }
                if look % 50 == 25 {
                    _ = Self.logging("look after the keys of ID tokens", logger) { () throws(KeyRing.Failure) in
                        try issuer.rotation.maintainStatementKeys(at: now)
                    }
                }
                if look % 600 == 0 {
                    events.purge(at: now)
                    Self.removeUnusedClients(issuer.installation, logger, at: now)
                    legacyPasswords.look(in: issuer.installation.store)
                }
            }
        }
        Self.probe(issuer.installation, readiness, at: SystemClock.now())
        legacyPasswords.look(in: issuer.installation.store)
    }

    /// Ends the thread.
    func end() {
        stop.withLock { $0 = true }
        stop.broadcast()
        thread?.join()
    }

    /// A batch a minute is more than can be registered in that time.
    private static func removeUnusedClients(_ installation: Installation, _ logger: Logger, at now: UnixTime) {
        do throws(StoreError) {
            _ = try installation.store.write { transaction throws(StoreError) in
                try transaction.removeUnusedClients(limit: 256, audit: AuditContext(actor: .system), at: now)
            }
        } catch {
            logger.error("cannot remove unused clients: \(error.detail)")
        }
    }

    private static func probe(_ installation: Installation, _ readiness: Readiness, at now: UnixTime) {
        do throws(StoreError) {
            _ = try installation.store.read { reads throws(StoreError) in try reads.lastSequence() }
            readiness.set(nil)
        } catch {
            readiness.set("The database cannot be read.")
        }
    }

    /// Whether it could be done.
    private static func logging(_ what: String, _ logger: Logger, _ body: () throws(KeyRing.Failure) -> Void) -> Bool {
        do throws(KeyRing.Failure) {
            try body()
            return true
        } catch {
            logger.error("cannot \(what): \(error)")
            return false
        }
    }
}
