// BrokenPipe: SIGPIPE, the signal for writing to a peer that has gone. A library has no business with the program's signal
// handlers, so it is held back in the calling thread alone, and only while C code writes to a socket.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs `body` in such a way that a peer which hangs up is an error of the write and never the end of the process.
package func withoutBrokenPipe<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    var brokenPipe = sigset_t()
    var before = sigset_t()
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    let wasPending = isBrokenPipePending()
    guard pthread_sigmask(SIG_BLOCK, &brokenPipe, &before) == 0 else { return try body() }
    defer {
        // The signal of a write goes to the thread that wrote: what is pending now and was not before is this body's.
        if !wasPending, isBrokenPipePending() {
            var signal: Int32 = 0
            sigwait(&brokenPipe, &signal)
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    return try body()
}

private func isBrokenPipePending() -> Bool {
    var pending = sigset_t()
    sigemptyset(&pending)
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1
}
