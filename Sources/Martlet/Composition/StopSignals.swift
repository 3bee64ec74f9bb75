// StopSignals: SIGTERM and SIGINT, waited for on the main thread. SIGHUP and SIGPIPE are ignored: settings are read
// once, and a peer that went away is an error of a write.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct StopSignals {
    private var set = sigset_t()

    /// Blocks the signals for this thread and those it starts, so that only `wait` takes them. To be made first of all.
    init() {
        signal(SIGHUP, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for one of them, and says which.
    func wait() -> String {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGTERM ? "SIGTERM" : "SIGINT"
    }
}
