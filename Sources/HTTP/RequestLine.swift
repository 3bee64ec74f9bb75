// RequestLine: method SP target SP version (RFC 9112 §3), exactly.

/// A request line, as offsets into the buffer it was read from.
struct RequestLine {
    let method: Method
    let target: RequestTarget
    let isHTTP10: Bool
    /// Offset of the first byte after the line's CRLF.
    let end: Int

    /// Reads `bytes[content]`, a line without its CRLF.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ content: Range<Int>) throws(Refusal) {
        var index = content.lowerBound
        while index < content.upperBound, bytes[index].isTokenCharacter { index += 1 }
        guard index > content.lowerBound, index < content.upperBound, bytes[index] == UInt8(ascii: " ") else {
            throw .invalidRequest("The request's method is invalid.")
        }
        let token = UnsafeBufferPointer(rebasing: bytes[content.lowerBound..<index])
        let targetStart = index + 1
        index = targetStart
        while index < content.upperBound, bytes[index] > 0x20, bytes[index] < 0x7F, bytes[index] != UInt8(ascii: "#") { index += 1 }
        guard index < content.upperBound, bytes[index] == UInt8(ascii: " ") else {
            throw .invalidRequest("The request line is invalid.")
        }
        isHTTP10 = try Self.isHTTP10(UnsafeBufferPointer(rebasing: bytes[(index + 1)..<content.upperBound]))
        if token.equals("CONNECT") { throw .notImplemented("This service is not a proxy.") }
        method = Method(token: token)
        target = try RequestTarget(bytes, targetStart..<index, method: method)
        end = content.upperBound + 2
    }

    /// RFC 9110 §2.5: any 1.x is served as 1.1 but for 1.0; another major version is refused.
    private static func isHTTP10(_ version: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Bool {
        if version.equals("HTTP/1.1") { return false }
        if version.equals("HTTP/1.0") { return true }
        guard version.count == 8, UnsafeBufferPointer(rebasing: version[0..<5]).equals("HTTP/"), version[5].isDigit,
            version[6] == UInt8(ascii: "."), version[7].isDigit
        else { throw .invalidRequest("The request's HTTP version is invalid.") }
        guard version[5] == UInt8(ascii: "1") else {
            throw Refusal(.versionNotSupported, code: "http_version_not_supported", detail: "This service speaks HTTP/1.1.")
        }
        return false
    }
}
