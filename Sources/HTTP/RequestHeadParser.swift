// RequestHeadParser: RFC 9112 §2–§6 heads, line by line as they arrive, so that the verdict depends on the bytes and
// never on how they were split. Strict wherever two readers of the same bytes could disagree (request smuggling).

/// Reads one request head.
package struct RequestHeadParser: Sendable {
    private let limits: Limits
    /// Offset of the line being read, and of the first byte not yet searched for its end.
    private var line = 0
    private var searched = 0
    private var emptyLines = 0
    private var requestLine: RequestLine?
    private var fields: [RequestHead.Field] = []
    private var framing = FieldsSeen()

    /// A parser at the first byte of a request.
    package init(limits: Limits) {
        self.limits = limits
    }

    /// How many bytes a head may take that these limits let pass, empty lines before it and CRLFs included.
    package static func mostBytes(_ limits: Limits) -> Int {
        2 * mostEmptyLines + limits.requestLine + 2 + limits.headerSection + 2
    }

    /// Goes on with the bytes received since the head's beginning: all of them, the ones seen before included. Field names
    /// are lowered in place.
    /// - Returns: the head and its length in bytes; nil while it is not complete.
    package mutating func parse(_ bytes: UnsafeMutableBufferPointer<UInt8>) throws(Refusal) -> (head: RequestHead, length: Int)? {
        let read = UnsafeBufferPointer(bytes)
        while true {
            var end = searched
            while end < read.count, read[end] != .lineFeed { end += 1 }
            // In the order in which single bytes would tell.
            if requestLine == nil, line < read.count { try checkFirst(read[line]) }
            try checkSize(end)
            guard end < read.count else {
                searched = end
                return nil
            }
            // RFC 9112 §2.2 lets a recipient take a bare LF for a line's end; peers that disagree about it can be played off.
            guard end > line, read[end - 1] == .carriageReturn else { throw .invalidRequest("A line does not end with CRLF.") }
            let content = line..<(end - 1)
            line = end + 1
            searched = line
            if let requestLine {
                guard content.isEmpty else {
                    try readField(bytes, content)
                    continue
                }
                return (try finish(requestLine, read, length: line), line)
            }
            if content.isEmpty {
                emptyLines += 1
                guard emptyLines <= Self.mostEmptyLines else { throw .invalidRequest("There is no request line.") }
            } else {
                requestLine = try RequestLine(read, content)
                fields.reserveCapacity(8)
            }
        }
    }

    private func checkSize(_ end: Int) throws(Refusal) {
        if let requestLine {
            guard end - requestLine.end <= limits.headerSection else { throw .headersTooLarge() }
        } else {
            guard end - line <= limits.requestLine + 1 else { throw .uriTooLong() }
        }
    }

    /// What cannot begin a request (a TLS hello, say) is refused at its first byte and not after a timeout.
    private func checkFirst(_ byte: UInt8) throws(Refusal) {
        guard byte.isTokenCharacter || byte == .carriageReturn || byte == .lineFeed else {
            throw .invalidRequest("This is not an HTTP request.")
        }
    }

    private mutating func readField(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ content: Range<Int>) throws(Refusal) {
        guard fields.count < limits.headerFields else { throw .headersTooLarge() }
        // A field that begins with white space is obs-fold, a name followed by it is ambiguous: RFC 9112 §5.1, §5.2.
        var colon = content.lowerBound
        while colon < content.upperBound, bytes[colon] != UInt8(ascii: ":") {
            guard bytes[colon].isTokenCharacter else { throw .invalidRequest("A header field's name is invalid.") }
            bytes[colon] = bytes[colon].lowercased
            colon += 1
        }
        guard colon > content.lowerBound, colon < content.upperBound else {
            throw .invalidRequest("A header line has no field name or no colon.")
        }
        var start = colon + 1
        var end = content.upperBound
        while start < end, bytes[start].isSpaceOrTab { start += 1 }
        while end > start, bytes[end - 1].isSpaceOrTab { end -= 1 }
        for index in start..<end {
            guard bytes[index].isFieldValueByte else { throw .invalidRequest("A header field's value has a control byte.") }
        }
        fields.append(
            RequestHead.Field(
                nameStart: UInt32(truncatingIfNeeded: content.lowerBound), nameEnd: UInt32(truncatingIfNeeded: colon),
                valueStart: UInt32(truncatingIfNeeded: start), valueEnd: UInt32(truncatingIfNeeded: end)))
        try framing.note(
            name: UnsafeBufferPointer(rebasing: bytes[content.lowerBound..<colon]),
            value: UnsafeBufferPointer(rebasing: bytes[start..<end]), at: start..<end)
    }

    private func finish(_ line: RequestLine, _ bytes: UnsafeBufferPointer<UInt8>, length: Int) throws(Refusal) -> RequestHead {
        let body = try framing.bodyFraming(isHTTP10: line.isHTTP10)
        guard framing.host != nil || line.isHTTP10 else { throw .invalidRequest("The Host field is missing.") }
        return RequestHead(
            method: line.method, framing: body, keepsAlive: framing.keepsAlive(isHTTP10: line.isHTTP10), isHTTP10: line.isHTTP10,
            // RFC 9110 §10.1.1: the expectation of an HTTP/1.0 client is ignored.
            expectsContinue: framing.expectsContinue && !line.isHTTP10 && body != .none && body != .length(0),
            isAsterisk: line.target.isAsterisk, bytes: [UInt8](bytes[0..<length]), fields: fields, rawPath: line.target.path,
            pathHasEscapes: line.target.pathHasEscapes, rawQuery: line.target.query,
            authority: line.target.authority ?? framing.host ?? 0..<0)
    }

    /// RFC 9112 §2.2: "a server SHOULD ignore at least one empty line received prior to the request-line".
    private static let mostEmptyLines = 4
}
