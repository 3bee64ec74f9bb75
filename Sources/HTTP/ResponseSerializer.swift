// ResponseSerializer: an answer as the bytes of RFC 9112 §4, with the framing fields: length, date, request id, connection.
// It writes into memory it is given, so that a burst of answers goes out as one buffer.

package import MartletEncoding

/// Writes answers. One per event loop: it keeps the `Date` field of the current second.
package struct ResponseSerializer: Sendable {
    /// What an answer says about the connection.
    package enum Persistence: Sendable {
        /// Nothing: HTTP/1.1 stays.
        case implied
        /// `Connection: keep-alive`, for HTTP/1.0.
        case keepAlive
        /// `Connection: close`.
        case close
    }

    private var dateSecond = Int64.min
    private var date: [UInt8] = []

    /// A serializer that has not seen the clock yet.
    package init() {}

    /// How many bytes `write` may need for this answer.
    package static func capacity(_ response: Response) -> Int {
        512 + response.headers.bytes.count + response.contentLength
    }

    /// Writes an answer.
    /// - Parameters:
    ///   - isHead: the request was HEAD: the length is told, the content left out (RFC 9110 §9.3.2).
    ///   - output: room for `capacity(_:)` bytes.
    /// - Returns: the bytes written.
    package mutating func write(
        _ response: Response, id: RequestID, isHead: Bool, persistence: Persistence, at now: UnixTime,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        if now.seconds != dateSecond {
            dateSecond = now.seconds
            date = Array("date: ".utf8) + HTTPDate.bytes(now) + Array("\r\n".utf8)
        }
        var writer = Writer(output: output)
        if response.status.code == 200 {
            writer.write("HTTP/1.1 200 OK\r\n")
        } else {
            writer.write("HTTP/1.1 ")
            writer.write(decimal: response.status.code)
            writer.write(" ")
            writer.write(response.status.reason)
            writer.write("\r\n")
        }
        writer.write(response.headers.bytes)
        // RFC 9110 §6.6.1: a message that is forwarded without a date gets one.
        if response.relayed == nil || !response.headers.contains(.date) { writer.write(date) }
        if response.relayed == nil {
            writer.write("x-request-id: ")
            writer.write(id)
            writer.write("\r\n")
        }
        switch persistence {
        case .implied: break
        case .keepAlive: writer.write("connection: keep-alive\r\n")
        case .close: writer.write("connection: close\r\n")
        }
        if let length = Self.length(of: response, isHead: isHead) {
            writer.write("content-length: ")
            writer.write(decimal: length)
            writer.write("\r\n")
        }
        writer.write("\r\n")
        if response.status.forbidsContent { return writer.count }
        if case .bytes(let bytes) = response.body, !isHead { writer.write(bytes) }
        return writer.count
    }

    /// RFC 9110 §8.6: 1xx and 204 have none; HEAD and 304 may tell that of the content they leave out.
    private static func length(of response: Response, isHead: Bool) -> Int? {
        if let relayed = response.relayed, isHead || response.status.code == 304 {
            return response.status.code == 304 || !response.status.forbidsContent ? relayed.toldLength : nil
        }
        return response.status.forbidsContent ? nil : response.contentLength
    }

    /// `HTTP/1.1 100 Continue`, whole.
    package static let continueBytes = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
}

private struct Writer {
    let output: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(output: UnsafeMutableRawBufferPointer) {
        self.output = output
    }

    @inline(__always)
    private var rest: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: output[count...]) }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        rest.copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        count += text.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { rest.copyMemory(from: $0) }
        count += bytes.count
    }

    mutating func write(_ id: RequestID) {
        count += id.write(into: rest)
    }

    mutating func write(decimal number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            output[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10)
            count += 1
            divisor /= 10
        }
    }
}
