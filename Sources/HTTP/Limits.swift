// Limits: the bound on everything a peer can make grow. Sizes in bytes, times in milliseconds.

/// What a connection may cost.
package struct Limits: Sendable, Equatable {
    /// The request line, without its CRLF; longer is 414 `uri_too_long`.
    package var requestLine = 8 * 1024
    /// The header section, CRLFs included; longer is 431 `headers_too_large`.
    package var headerSection = 16 * 1024
    /// Header fields; more are 431 `headers_too_large`.
    package var headerFields = 100
    /// The body where a route does not say otherwise, and of requests that no route takes.
    package var body = 64 * 1024
    /// What the whole server holds of content over 4 KiB, from its first byte until its request is done with; past it 503 `overloaded`.
    package var bodies = 64 << 20
    /// From the first byte of a head to its end; slower is 408 `request_timeout`.
    package var headTime: Int64 = 10_000
    /// From the end of the head to the end of the body; slower is 408 `request_timeout`.
    package var bodyTime: Int64 = 30_000
    /// Between two requests; a connection idle for longer is closed.
    package var idleTime: Int64 = 60_000
    /// A peer that takes none of its answer for so long is dropped.
    package var writeStallTime: Int64 = 30_000
    /// Between our last byte and the close, for the peer to read the answer.
    package var lingerTime: Int64 = 2_000
    /// What is read and thrown away in that time; past it the connection is closed.
    package var lingerBytes = 256 * 1024
    /// Bytes held of requests that follow the one being answered; past it nothing more is read from the peer. Where a head
    /// may be longer than this, one head is held whole.
    package var pipelinedBytes = 32 * 1024
    /// Connections of the whole server; one more is closed as soon as it is accepted.
    package var connections = 10_000

    /// The defaults.
    package init() {}
}
