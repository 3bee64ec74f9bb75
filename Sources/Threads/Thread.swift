// Thread: a plain POSIX thread. Blocking work stays off the event loops and off Swift's cooperative pool, whose width
// is the number of cores.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One thread that runs one function to its end. To be joined or detached.
///
/// @unchecked: `handle` is set before the initialiser returns and only read after.
package final class Thread: @unchecked Sendable {
    private let handle: pthread_t

    /// Starts a thread; nil when the system gives none.
    /// - Parameter isBackground: whether it gives way to the others.
    package init?(isBackground: Bool = false, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(isBackground: isBackground, body: body))
        #if canImport(Glibc)
            var handle = pthread_t()
            let code = pthread_create(&handle, nil, { Thread.run($0) }, start.toOpaque())
            guard code == 0 else {
                start.release()
                return nil
            }
            self.handle = handle
        #else
            var handle: pthread_t?
            let code = pthread_create(&handle, nil, { Thread.run($0) }, start.toOpaque())
            guard code == 0, let handle else {
                start.release()
                return nil
            }
            self.handle = handle
        #endif
    }

    /// Waits until the thread has ended; returns at once when called on that thread itself.
    package func join() {
        if pthread_equal(pthread_self(), handle) == 0 { pthread_join(handle, nil) }
    }

    /// Lets the thread clean up after itself when it ends. Instead of `join`, and once.
    package func detach() { pthread_detach(handle) }

    private final class Start: Sendable {
        let isBackground: Bool
        let body: @Sendable () -> Void

        init(isBackground: Bool, body: @escaping @Sendable () -> Void) {
            self.isBackground = isBackground
            self.body = body
        }
    }

    private static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        if start.isBackground {
            #if canImport(Glibc)
                // On Linux a nice value belongs to a thread, and 0 names the calling one.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
            #else
                pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0)
            #endif
        }
        start.body()
        return nil
    }
}
