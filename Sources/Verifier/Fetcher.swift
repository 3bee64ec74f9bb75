// Fetcher: the one thing that the verifier asks of a network, as small as it can be: a GET, and what came back. What is asked
// when, which redirects are followed and what an answer means is decided on this side of it.

/// Carries out HTTP exchanges. `MartletVerifierCurl` has one with libcurl.
public protocol Fetcher: Sendable {
    /// One GET, without following redirects. Blocks; called on threads that may be blocked, from several at once.
    ///
    /// TLS certificates are verified. A body that grows past the request's bound ends the exchange with
    /// ``FetchFailure/tooLarge``, before more of it is kept.
    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse
}

/// What to get.
public struct FetchRequest: Sendable {
    /// The address.
    public var url: SecureURL
    /// The header fields: `accept`, `if-none-match`, `authorization`. Names in lower case.
    public var headers: [(name: String, value: String)]
    /// Milliseconds until the connection must stand.
    public var connectTimeout: Int64
    /// Milliseconds until the whole answer must be here.
    public var timeout: Int64
    /// Largest body that is taken, in bytes.
    public var maximumBody: Int
    /// Asked now and then while the exchange goes on, at least once a second: true ends it with ``FetchFailure/cancelled``.
    public var isCancelled: @Sendable () -> Bool

    /// A request from its parts.
    public init(
        url: SecureURL, headers: [(name: String, value: String)] = [], connectTimeout: Int64 = 2000, timeout: Int64 = 5000,
        maximumBody: Int = 1 << 20, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.url = url
        self.headers = headers
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.maximumBody = maximumBody
        self.isCancelled = isCancelled
    }
}

/// What came back.
public struct FetchResponse: Sendable {
    /// The status code.
    public var status: Int
    /// The header fields in their order, names in lower case.
    public var headers: [(name: String, value: String)]
    /// The content.
    public var body: [UInt8]

    /// An answer from its parts.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first field of this name, in lower case; nil when there is none.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// Why there is no answer.
public enum FetchFailure: Error, Sendable, Hashable {
    /// No connection: the name does not resolve, the port is closed, or the peer hung up.
    case unreachable(detail: String)
    /// The time was over.
    case timedOut
    /// The body grew past the bound, or the head past what is reasonable.
    case tooLarge
    /// The peer's certificate is not believed, or TLS failed otherwise.
    case untrusted(detail: String)
    /// The request said that nobody wants the answer any more.
    case cancelled
}
