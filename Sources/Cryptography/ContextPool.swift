// ContextPool: a bounded free list of libcrypto contexts that were initialised once, so that an operation pays for
// the arithmetic and not for fetching algorithms and copying keys. A context is lent to one thread at a time.
// What is in a context, and how it is made and freed, is said by the `OpenSSLContext` type that fills the pool.
import CMartletOpenSSL
import Synchronization

/// A libcrypto object owned by whoever holds it.
/// Sendable by the rule of its users: a pool lends each pointer to one thread at a time, and a key is never changed once made.
struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer
}

/// Contexts of one kind, all set up alike.
final class ContextPool: Sendable {
    private let idle = Mutex<[Handle]>([])
    private let make: @Sendable () -> Handle?
    private let free: @Sendable (Handle) -> Void

    /// `make` sets a new context up, or answers nil when libcrypto cannot; `free` destroys one.
    init(make: @escaping @Sendable () -> Handle?, free: @escaping @Sendable (Handle) -> Void) {
        self.make = make
        self.free = free
    }

    deinit {
        for handle in idle.withLock({ $0 }) { free(handle) }
    }

    /// Runs `operation` with a context of its own; nil when none can be made, or when `operation` answers nil: the
    /// context may then be in any state, so it is thrown away and the thread's error queue emptied.
    @inline(__always)
    func withContext<Result>(_ operation: (OpaquePointer) -> Result?) -> Result? {
        guard let handle = idle.withLock({ $0.popLast() }) ?? make() else {
            ERR_clear_error()
            return nil
        }
        guard let result = operation(handle.pointer) else {
            free(handle)
            ERR_clear_error()
            return nil
        }
        let isKept = idle.withLock { idle in
            guard idle.count < Self.capacity else { return false }
            idle.append(handle)
            return true
        }
        if !isKept { free(handle) }
        return result
    }

    /// More threads than this never work on one key at once: event loops, workers and the command line.
    private static let capacity = 64
}
