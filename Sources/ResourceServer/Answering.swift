// Answering: the few shapes that every handler's way to an answer has: throw a refusal, hop to a lane, answer with JSON.

package import HTTP

/// The outcome of a handler, a thrown refusal being one too.
package func answering(_ body: () throws(Refusal) -> Outcome) -> Outcome {
    do throws(Refusal) { return try body() } catch { return .refuse(error) }
}

/// Goes on with `body` on another lane.
package func hop(to lane: Lane, _ body: @escaping @Sendable () throws(Refusal) -> Outcome) -> Outcome {
    .continue(on: lane) { answering(body) }
}

extension Response {
    /// 200 with JSON that no cache may keep.
    package static func privateJSON(_ bytes: [UInt8]) -> Response {
        privateJSON(.ok, bytes)
    }

    /// JSON that no cache may keep.
    package static func privateJSON(_ status: Status, _ bytes: [UInt8]) -> Response {
        Response(status, headers: privateHeaders, body: .bytes(bytes))
    }

    /// 204.
    package static let noContent = Response(.noContent, headers: Headers([(.cacheControl, "no-store")]))

    private static let privateHeaders = Headers([(.contentType, "application/json"), (.cacheControl, "no-store")])
}
