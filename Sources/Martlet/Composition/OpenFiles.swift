// OpenFiles: how many files the process may have open, which is how many connections it can hold. Systems start
// programs with a low limit that the program may raise itself.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum OpenFiles {
    /// Allows `count` connections and what else is open, as far as the system lets it. Answers the connections that fit when
    /// they are fewer.
    static func allow(connections count: Int, outbound: Int) -> Int? {
        // A call to another host may keep a connection beside the one it uses.
        let others = others + 2 * outbound
        #if canImport(Glibc)
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let kind = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return nil }
        let wanted = rlim_t(count + others)
        guard limit.rlim_cur < wanted else { return nil }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        guard setrlimit(kind, &limit) == 0, limit.rlim_cur >= wanted else { return max(Int(limit.rlim_cur) - others, 0) }
        return nil
    }

    /// The database's files for each reading thread, listeners, event loops.
    private static let others = 256
}
