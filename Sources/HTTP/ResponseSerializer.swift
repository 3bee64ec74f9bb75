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
            date = Array("date: ".utf8) + HTTPDate.bytes(now) + Array("\r\nx-request-id: ".utf8)
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
        writer.write(date)
        writer.write(id)
        switch persistence {
        case .implied: break
        case .keepAlive: writer.write("\r\nconnection: keep-alive")
        case .close: writer.write("\r\nconnection: close")
        }
        if response.status.forbidsContent {
            writer.write("\r\n\r\n")
            return writer.count
        }
        writer.write("\r\ncontent-length: ")
        writer.write(decimal: response.contentLength)
        writer.write("\r\n\r\n")
        if case .bytes(let bytes) = response.body, !isHead { writer.write(bytes) }
        return writer.count
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
