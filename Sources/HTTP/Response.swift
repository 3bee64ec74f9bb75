// Response: what a handler answers, as a value. Framing (length, date, connection, request id) is added when it is sent.

/// An answer to a request.
package struct Response: Sendable, Equatable {
    /// The content of an answer. The array's storage is shared, so one constant body may stand in any number of answers.
    package enum Body: Sendable, Equatable {
        /// No content: `Content-Length: 0`, or no length at all where the status forbids content.
        case none
        /// The content, whole.
        case bytes([UInt8])
    }

    /// What is different when an answer is another server's: its own date stands, and no request id is added.
    package struct Relayed: Sendable, Equatable {
        /// The length of content that is not sent (an answer to HEAD, 304), as that server told it; nil when it did not.
        package var toldLength: Int?

        /// An answer whose length, where its content is not sent, was told so.
        package init(toldLength: Int?) {
            self.toldLength = toldLength
        }
    }

    /// The status code.
    package var status: Status
    /// The header fields, without the framing ones.
    package var headers: Headers
    /// The content.
    package var body: Body
    /// Set for an answer that another server made.
    package var relayed: Relayed?
    /// What the answer keeps until it is on its way; nil for nothing.
    package var holding: Holding?

    /// An answer from its parts.
    package init(_ status: Status, headers: Headers = Headers(), body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// `application/json` with these bytes as the content.
    package static func json(_ status: Status, _ bytes: [UInt8]) -> Response {
        Response(status, headers: jsonHeaders, body: .bytes(bytes))
    }

    /// Text of some media type, such as `text/plain; charset=utf-8`.
    package static func text(_ status: Status, _ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
        Response(status, headers: Headers([(.contentType, contentType)]), body: .bytes(Array(text.utf8)))
    }

    /// The same answer with one more header field; control bytes of the value are left out.
    package func adding(_ name: HeaderName, _ value: String) -> Response {
        var response = self
        response.headers.append(name, value)
        return response
    }

    /// The content's length in bytes.
    package var contentLength: Int {
        switch body {
        case .none: 0
        case .bytes(let bytes): bytes.count
        }
    }

    package static func == (left: Response, right: Response) -> Bool {
        left.status == right.status && left.headers == right.headers && left.body == right.body && left.relayed == right.relayed
    }

    private static let jsonHeaders = Headers([(.contentType, "application/json")])
}

/// A place in a bounded number of large answers: given back when the last one who holds it lets go. A connection holds it until
/// the answer is sent, however slowly the peer reads.
package final class Holding: Sendable {
    private let giveBack: @Sendable () -> Void

    package init(giveBack: @escaping @Sendable () -> Void) {
        self.giveBack = giveBack
    }

    deinit { giveBack() }
}
