// CurlExchange: one question to another server and its answer, as bytes: any method, any fields, nothing changed on the way.
// The fetcher asks for documents with it, a proxy of the house passes requests on.

import MartletVerifier

/// What is asked.
package struct CurlExchange: Sendable {
    /// The method, sent as it is; `HEAD` has no content in its answer.
    package var method = "GET"
    /// Scheme, host, and port: `https://auth.example:8443`; nothing else is added to what curl reads here.
    package var origin: String
    /// The request target (RFC 9112 §3.2), sent as it is.
    package var target: String
    /// The header fields. What is not here is not sent, but for `Host`, and the length of the body.
    package var fields: [(name: String, value: [UInt8])] = []
    /// The content; nil for none, and then no length is told either.
    package var body: [UInt8]?
    /// Largest body that is taken, in bytes.
    package var maximumBody: Int
    /// Milliseconds until the connection must stand.
    package var connectTimeout: Int64
    /// Milliseconds until the whole answer must be here.
    package var timeout: Int64
    /// Whether the proxies that the environment names are used.
    package var usesProxy = false
    /// Whether the connection is a new one. On one that was kept, curl repeats a request that the peer closed without an answer: it
    /// may have been carried out.
    package var isOnNewConnection = false
    /// Whether the answer tells when the peer's certificate ends. Only a new connection shows one.
    package var asksForCertificate = false
    /// Asked ten times a second: true ends the exchange with `FetchFailure.cancelled`.
    package var isCancelled: @Sendable () -> Bool = { false }

    /// An exchange with nothing but an address and its bounds.
    package init(origin: String, target: String, maximumBody: Int, connectTimeout: Int64, timeout: Int64) {
        self.origin = origin
        self.target = target
        self.maximumBody = maximumBody
        self.connectTimeout = connectTimeout
        self.timeout = timeout
    }
}

/// What came back.
package struct CurlReply: Sendable {
    /// The status code.
    package var status: Int
    /// The header fields in their order, names in lower case.
    package var fields: [(name: String, value: [UInt8])]
    /// The content.
    package var body: [UInt8]
    /// When the peer's certificate ends, as libcurl writes it (`Nov 21 12:00:00 2026 GMT`); nil where that was not asked, or is not known.
    package var certificateEnd: String?
}
