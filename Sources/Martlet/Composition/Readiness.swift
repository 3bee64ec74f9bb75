// Readiness: whether the service can do its work, as the upkeep thread found it last. Asking costs a lock.

import Synchronization

final class Readiness: Sendable {
    private let state = Mutex<String?>("The service is starting.")

    /// Why the service is not ready; nil when it is.
    var reason: String? { state.withLock { $0 } }

    func set(_ reason: String?) {
        state.withLock { $0 = reason }
    }
}
