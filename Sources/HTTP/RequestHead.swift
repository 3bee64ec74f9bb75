// RequestHead: a request line and its header fields, as a private copy of their bytes plus offsets into it.
// Names were lowered when the head was read, so a lookup is a comparison of bytes; text is made only on demand.

/// The head of a request, already judged by `RequestHeadParser`.
package final class RequestHead: Sendable {
    /// How the body is framed (RFC 9112 §6.3).
    package enum Framing: Sendable, Equatable {
        case none
        case length(Int)
        case chunked
    }

    struct Field: Sendable {
        var nameStart: UInt32
        var nameEnd: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32

        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// The request's method.
    package let method: Method
    /// How the body is framed.
    package let framing: Framing
    /// Whether the connection may serve another request after this one (RFC 9112 §9.3).
    package let keepsAlive: Bool
    /// HTTP/1.0: keeping the connection has to be said in the answer.
    package let isHTTP10: Bool
    /// The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    package let expectsContinue: Bool
    /// The target is `*` (RFC 9112 §3.2.4).
    package let isAsterisk: Bool

    let bytes: [UInt8]
    let fields: [Field]
    let rawPath: Range<Int>
    let pathHasEscapes: Bool
    let rawQuery: Range<Int>
    let authority: Range<Int>

    init(
        method: Method, framing: Framing, keepsAlive: Bool, isHTTP10: Bool, expectsContinue: Bool, isAsterisk: Bool, bytes: [UInt8],
        fields: [Field], rawPath: Range<Int>, pathHasEscapes: Bool, rawQuery: Range<Int>, authority: Range<Int>
    ) {
        self.method = method
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.isHTTP10 = isHTTP10
        self.expectsContinue = expectsContinue
        self.isAsterisk = isAsterisk
        self.bytes = bytes
        self.fields = fields
        self.rawPath = rawPath
        self.pathHasEscapes = pathHasEscapes
        self.rawQuery = rawQuery
        self.authority = authority
    }

    /// How many fields have this name.
    package func count(of name: HeaderName) -> Int {
        var count = 0
        for field in fields where matches(field, name) { count += 1 }
        return count
    }

    /// The value of the only field of this name, without a copy; nil when there is none or more than one.
    package func bytes(of name: HeaderName) -> ArraySlice<UInt8>? {
        var found: Range<Int>?
        for field in fields where matches(field, name) {
            if found != nil { return nil }
            found = field.value
        }
        return found.map { bytes[$0] }
    }

    /// The values of all fields of this name, in order.
    package func values(of name: HeaderName) -> [ArraySlice<UInt8>] {
        fields.filter { matches($0, name) }.map { bytes[$0.value] }
    }

    /// The path's bytes, decoded; those of the head itself when it has no escapes.
    package var path: ArraySlice<UInt8> {
        // RFC 9110 §4.2.3: an absolute target without a path means the root.
        if rawPath.isEmpty { return [UInt8(ascii: "/")] }
        return pathHasEscapes ? RequestTarget.decodedPath(bytes[rawPath])[...] : bytes[rawPath]
    }

    /// The method as it was sent, `PROPFIND` too.
    var methodToken: ArraySlice<UInt8> {
        bytes.drop { $0 == .carriageReturn || $0 == .lineFeed }.prefix { $0 != UInt8(ascii: " ") }
    }

    /// Path and query as they were sent, without an authority; `*` for a request about the server itself.
    var target: [UInt8] {
        let sent = bytes[rawPath.lowerBound..<rawQuery.upperBound]
        return isAsterisk || sent.first == UInt8(ascii: "/") ? Array(sent) : [UInt8(ascii: "/")] + sent
    }

    @inline(__always)
    private func matches(_ field: Field, _ name: HeaderName) -> Bool {
        let start = Int(field.nameStart)
        let expected = name.bytes
        guard Int(field.nameEnd) - start == expected.count else { return false }
        for index in 0..<expected.count where bytes[start + index] != expected[index] { return false }
        return true
    }
}
