// Refusal: an answer that is an error, before anyone gave it a shape. The parser, the connection, the router and the
// lanes all speak in refusals; how one looks in JSON is decided by the renderer that the composition passes in.

/// Why a request is not served.
package struct Refusal: Error, Sendable, Equatable {
    /// The status to answer with.
    package var status: Status
    /// The stable code for programs, as the HTTP contract lists them.
    package var code: String
    /// One sentence for people. Goes to the client, so it says nothing the client may not know.
    package var detail: String
    /// Seconds for `Retry-After`; nil for no such field.
    package var retryAfter: Int?
    /// The value of `Allow` (405); nil for no such field.
    package var allow: String?
    /// For the log only, never for the client.
    package var logDetail: String?
    /// The value of `DPoP-Nonce` (RFC 9449 §8), which the renderer writes; nil for no such field.
    package var proofNonce: String?
    /// What is wrong with which member of the body, as JSON text for the renderer; nil for nothing.
    package var fields: [UInt8]?

    /// A refusal from its parts.
    package init(
        _ status: Status, code: String, detail: String, retryAfter: Int? = nil, allow: String? = nil, logDetail: String? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
        self.allow = allow
        self.logDetail = logDetail
    }

    /// 400 `invalid_request`: the peer does not speak the protocol, or a parameter cannot be read.
    package static func invalidRequest(_ detail: String) -> Refusal {
        Refusal(.badRequest, code: "invalid_request", detail: detail)
    }

    /// 503 `overloaded`, with the seconds after which trying again makes sense.
    package static func overloaded(retryAfter: Int) -> Refusal {
        Refusal(
            .serviceUnavailable, code: "overloaded", detail: "The service is busy; try again later.", retryAfter: max(1, retryAfter))
    }

    static func uriTooLong() -> Refusal {
        Refusal(.uriTooLong, code: "uri_too_long", detail: "The request line is too long.")
    }

    static func headersTooLarge() -> Refusal {
        Refusal(.headersTooLarge, code: "headers_too_large", detail: "The header section is too large.")
    }

    static func payloadTooLarge() -> Refusal {
        Refusal(.payloadTooLarge, code: "payload_too_large", detail: "The body is larger than this endpoint accepts.")
    }

    static func requestTimeout() -> Refusal {
        Refusal(.requestTimeout, code: "request_timeout", detail: "The request did not arrive in time.")
    }

    static func notImplemented(_ detail: String) -> Refusal {
        Refusal(.notImplemented, code: "not_implemented", detail: detail)
    }
}

/// Gives a refusal its shape: the refusal, the id of the request, and the request itself where one could be read.
/// `Retry-After` and `Allow` are added to the answer by the server; the renderer writes the content.
package typealias RefusalRenderer = @Sendable (Refusal, RequestID, Request?) -> Response
