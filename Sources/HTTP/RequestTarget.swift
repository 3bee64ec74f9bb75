// RequestTarget: the forms of RFC 9112 §3.2 and what a path may contain. A path is judged once, here: what is decoded
// later can hold no NUL and no dot segment to climb with, and a slash that was escaped is not taken for a separator.

/// Offsets of a request target's parts in the buffer it was read from.
struct RequestTarget {
    var path: Range<Int>
    var pathHasEscapes = false
    var query: Range<Int>
    var authority: Range<Int>?
    var isAsterisk = false

    /// Reads `bytes[range]`, the target of a request with this method.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, method: Method) throws(Refusal) {
        path = range
        query = range.upperBound..<range.upperBound
        guard let first = range.first.map({ bytes[$0] }) else { throw .invalidRequest("The request target is empty.") }
        if first == UInt8(ascii: "*"), range.count == 1, method == .options {
            isAsterisk = true
            return
        }
        var start = range.lowerBound
        if first != UInt8(ascii: "/") { start = try absoluteForm(bytes, range) }
        var end = start
        while end < range.upperBound, bytes[end] != UInt8(ascii: "?") { end += 1 }
        path = start..<end
        if end < range.upperBound { query = (end + 1)..<range.upperBound }
        try judgePath(bytes)
    }

    /// RFC 9112 §3.2.2: a server has to accept the absolute form; its authority then counts and `Host` does not.
    private mutating func absoluteForm(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) throws(Refusal) -> Int {
        let target = bytes[range]
        let scheme = ["http://", "https://"].first {
            target.count > $0.utf8.count && zip(target, $0.utf8).allSatisfy { $0.lowercased == $1 }
        }
        guard let scheme else { throw .invalidRequest("The request target is neither a path nor an absolute URI.") }
        let host = range.lowerBound + scheme.utf8.count
        var end = host
        while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        guard end > host, Self.isAuthority(UnsafeBufferPointer(rebasing: bytes[host..<end])) else {
            throw .invalidRequest("The request target's authority is invalid.")
        }
        authority = host..<end
        return end
    }

    private mutating func judgePath(_ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        // RFC 3986 §3.3: segments "." and ".." in any spelling; no client sends them except to climb.
        var segment = 0
        var dots = 0
        var index = path.lowerBound
        let end = path.upperBound
        while index < end {
            var byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "/") {
                if dots > 0, dots == segment, dots <= 2 { throw Self.badPath }
                segment = 0
                dots = 0
                continue
            }
            if byte == UInt8(ascii: "%") {
                guard index + 1 < end, let high = Self.hexValue(bytes[index]), let low = Self.hexValue(bytes[index + 1]) else {
                    throw Self.badPath
                }
                byte = high << 4 | low
                index += 2
                pathHasEscapes = true
                guard byte >= 0x20, byte != 0x7F else { throw Self.badPath }
                if byte == UInt8(ascii: "/") {
                    // Whoever decodes the path before us takes it for a separator.
                    if dots > 0, dots == segment, dots <= 2 { throw Self.badPath }
                    segment = 0
                    dots = 0
                    continue
                }
            }
            guard byte != UInt8(ascii: "\\") else { throw Self.badPath }
            segment += 1
            if byte == UInt8(ascii: ".") { dots += 1 }
        }
        if dots > 0, dots == segment, dots <= 2 { throw Self.badPath }
        if pathHasEscapes, String(validating: Self.decodedPath(bytes[path]), as: UTF8.self) == nil { throw Self.badPath }
    }

    /// What stands for an escaped slash in a decoded path: data within a segment (RFC 3986 §2.2), which nothing but the value of a capture
    /// may hold. No other escape decodes to it.
    static let escapedSlash: UInt8 = 0x1F

    /// The bytes of a path whose escapes were judged already, with ``escapedSlash`` for an escaped slash.
    static func decodedPath(_ path: some Collection<UInt8>) -> [UInt8] {
        var decoded = [UInt8]()
        decoded.reserveCapacity(path.count)
        var bytes = path.makeIterator()
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "%"), let high = bytes.next().flatMap(hexValue), let low = bytes.next().flatMap(hexValue) {
                let byte = high << 4 | low
                decoded.append(byte == UInt8(ascii: "/") ? escapedSlash : byte)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    /// RFC 3986 §3.2: a host with an optional port; no user information (RFC 9110 §4.2.4).
    static func isAuthority(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var portStart: Int?
        var bracket = false
        for (index, byte) in bytes.enumerated() {
            if portStart != nil {
                guard byte.isDigit else { return false }
                continue
            }
            switch byte {
            case UInt8(ascii: "["):
                guard index == 0 else { return false }
                bracket = true
            case UInt8(ascii: "]"):
                guard bracket else { return false }
                bracket = false
                guard index + 1 == bytes.count || bytes[index + 1] == UInt8(ascii: ":") else { return false }
            case UInt8(ascii: ":"):
                if !bracket { portStart = index + 1 }
            case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
                return false
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
                continue
            default:
                guard byte.isTokenCharacter else { return false }
            }
        }
        return !bracket
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte.isDigit { return byte - UInt8(ascii: "0") }
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(letter) ? letter - UInt8(ascii: "a") + 10 : nil
    }

    private static var badPath: Refusal { .invalidRequest("The path of the request is invalid.") }
}
