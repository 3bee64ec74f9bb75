// Resumption: the one way back into a parked request, from any thread, at most once.

import Synchronization

/// Resumes a parked request.
package final class Resumption: Sendable {
    private let deliver: Mutex<(@Sendable (@escaping @Sendable () -> Outcome) -> Void)?>
    private let hasPeerEnded = Atomic<Bool>(false)

    /// A resumption that passes the work on with `deliver`, which is called at most once.
    package init(deliver: @escaping @Sendable (@escaping @Sendable () -> Outcome) -> Void) {
        self.deliver = Mutex(deliver)
    }

    /// Goes on with `work` on the connection's event loop. A second call, one after the deadline, and one for a connection that is
    /// gone are ignored. May be called from any thread; returns at once.
    package func resume(_ work: @escaping @Sendable () -> Outcome) {
        let deliver = deliver.withLock { held in
            defer { held = nil }
            return held
        }
        deliver?(work)
    }

    /// Whether nobody waits for it any more: it was resumed, the deadline has passed, or the connection is gone.
    package var isOver: Bool { deliver.withLock { $0 == nil } }

    /// Whether the peer will send nothing more: it hung up, or only closed its side and still reads.
    package var isPeerDone: Bool { hasPeerEnded.load(ordering: .relaxed) }

    /// Notes that the peer will send nothing more.
    package func notePeerDone() { hasPeerEnded.store(true, ordering: .relaxed) }

    /// Notes that nobody waits for it any more. Lets go of the connection.
    package func abandon() { deliver.withLock { $0 = nil } }
}
