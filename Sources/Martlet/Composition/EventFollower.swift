// EventFollower: what this process does when the log of events grows: the revocation set first, then the caches, and a
// note that the key ring is another. It is registered before the live events are loaded, so none is missed.

import Accounts
import MartletEncoding
import MartletVerifier
import OAuth
import Store
import Synchronization
import Tokens

final class EventFollower: Sendable {
    let revocations = RevocationSet()
    private let users: UserCache
    private let clients: ClientDirectory
    private let feed: FeedPublisher
    /// True at first: the ring was loaded before anybody listened.
    private let ringChanged = Atomic<Bool>(true)

    init(users: UserCache, clients: ClientDirectory, feed: FeedPublisher) {
        self.users = users
        self.clients = clients
        self.feed = feed
    }

    /// Follows the log of a store, from now on and with all that is live.
    func follow(_ store: any Store, at now: UnixTime) throws(StoreError) {
        store.observeEvents { [self] events in
            revocations.apply(events)
            users.apply(events)
            clients.apply(events)
            feed.apply(events)
            if events.contains(where: { $0.kind == .keyring || $0.kind == .key }) { ringChanged.store(true, ordering: .releasing) }
        }
        let (live, last) = try store.read { reads throws(StoreError) in (try reads.liveEvents(at: now), try reads.lastSequence()) }
        revocations.apply(live)
        feed.documents.load(live, sequence: last)
    }

    /// Lets go of what no token can meet any more.
    func purge(at now: UnixTime) {
        revocations.purge(at: now)
        feed.documents.purge(at: now)
    }

    /// Whether the key ring changed since this was last asked.
    func takeRingChange() -> Bool {
        ringChanged.exchange(false, ordering: .acquiringAndReleasing)
    }
}
