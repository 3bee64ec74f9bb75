// Transcript: requests made of text, as a connection would read them, and answers as text.

import HTTP
import MartletEncoding
import Testing

/// A request with these header lines and this body, as it comes off the wire. `captured` answers what the router captures.
func request(
    _ method: String, _ target: String, _ fields: [String] = [], json: String? = nil, body: String = "",
    at now: UnixTime = UnixTime(seconds: 1_800_000_000), captured: (RequestHead) -> [Router.Parameter] = { _ in [] }
) throws -> Request {
    let lines = ["\(method) \(target) HTTP/1.1", "Host: auth.example"] + fields + (json == nil ? [] : ["Content-Type: application/json"])
    var bytes = Array((lines.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    var parser = RequestHeadParser(limits: Limits())
    let parsed = bytes.withUnsafeMutableBufferPointer { bytes in try? parser.parse(bytes)?.head }
    let head = try #require(parsed)
    let id = try #require(RequestID(callers: Array("test-1".utf8)))
    return Request(
        head: head, parameters: captured(head), body: Array((json ?? body).utf8), id: id, client: .v4(0xC000_0201), receivedAt: now)
}

extension Response {
    /// The content as text.
    var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The content as JSON.
    var json: JSONValue? {
        guard case .bytes(let bytes) = body else { return nil }
        return try? JSONDocument(parsing: bytes).root
    }
}
