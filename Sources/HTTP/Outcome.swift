// Outcome: what a handler returns, and the lanes its work runs on. Nothing here runs anything: the server does, and
// no thread ever waits for another lane.

/// Where a piece of work runs.
package enum Lane: UInt8, Sendable, Hashable, CaseIterable {
    /// The connection's event loop: work that never blocks.
    case loop
    /// A bounded pool for the database and files.
    case worker
    /// As many threads as cores, lower priority, fair per client: password hashing and nothing else.
    case hashing
    /// A few threads for calls to other hosts.
    case outbound
}

/// What becomes of a request next.
package enum Outcome: Sendable {
    /// Done: send this.
    case respond(Response)
    /// Done: the server renders and sends this refusal.
    case refuse(Refusal)
    /// Go on over there. A lane that is full refuses with 503 `overloaded`.
    case `continue`(on: Lane, work: @Sendable () -> Outcome)
    /// Hold the request and no thread. `start` runs at once, on the thread the outcome was returned on, and hands the resumption
    /// to whoever will resume it; if nobody did after `deadline` milliseconds, `orElse` makes the answer on the event loop.
    case park(deadline: Int64, orElse: @Sendable () -> Response, start: @Sendable (Resumption) -> Void)
    /// Hold the request and no thread for so many milliseconds, then go on with `work` on the event loop.
    case delay(milliseconds: Int64, work: @Sendable () -> Outcome)
}
