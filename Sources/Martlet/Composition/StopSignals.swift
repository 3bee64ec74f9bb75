// StopSignals: SIGTERM and SIGINT, and where it is asked for SIGUSR1, waited for on the main thread. SIGHUP and SIGPIPE are ignored: settings are read
// once, and a peer that went away is an error of a write.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct StopSignals {
    private var set = sigset_t()

    /// Blocks the signals for this thread and those it starts, so that only `wait` takes them. To be made first of all.
    /// - Parameter andReport: whether SIGUSR1 is waited for, too.
    init(andReport: Bool = false) {
        signal(SIGHUP, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        if andReport { sigaddset(&set, SIGUSR1) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for one that stops, and says which. For each SIGUSR1 until then it calls `report`.
    func wait(report: () -> Void = {}) -> String {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 || number == SIGUSR1 {
            if number == SIGUSR1 { report() }
            number = 0
        }
        return number == SIGTERM ? "SIGTERM" : "SIGINT"
    }
}
