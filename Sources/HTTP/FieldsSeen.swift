// FieldsSeen: the header fields that decide where a request ends and what becomes of its connection. Anything that two
// readers could frame differently is refused (RFC 9112 §6.1, §6.3).

/// What the framing fields of a head said so far.
struct FieldsSeen {
    private(set) var host: Range<Int>?
    private(set) var expectsContinue = false
    private var length: Int?
    private var chunked = false
    private var close = false
    private var keepAlive = false

    /// Takes note of a field; `name` is lower case, `range` where the value stands.
    mutating func note(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, at range: Range<Int>) throws(Refusal) {
        switch name.count {
        case 4 where name.equals("host"):
            guard host == nil else { throw .invalidRequest("The Host field is given twice.") }
            guard RequestTarget.isAuthority(value) else { throw .invalidRequest("The Host field is invalid.") }
            host = range
        case 6 where name.equals("expect"):
            guard value.equalsIgnoringCase("100-continue") else {
                throw Refusal(.expectationFailed, code: "expectation_failed", detail: "The only expectation served is 100-continue.")
            }
            expectsContinue = true
        case 10 where name.equals("connection"):
            for option in value.split(separator: UInt8(ascii: ",")) {
                let option = option.trimmed
                if option.equalsIgnoringCase("close") { close = true }
                if option.equalsIgnoringCase("keep-alive") { keepAlive = true }
            }
        case 14 where name.equals("content-length"):
            guard length == nil else { throw .invalidRequest("The Content-Length field is given twice.") }
            length = try Self.length(value)
        case 17 where name.equals("transfer-encoding"):
            guard !chunked else { throw .invalidRequest("The Transfer-Encoding field is given twice.") }
            try Self.checkCodings(value)
            chunked = true
        default: break
        }
    }

    /// How the body is framed.
    func bodyFraming(isHTTP10: Bool) throws(Refusal) -> RequestHead.Framing {
        if chunked {
            // RFC 9112 §6.1: both fields together, or the coding in HTTP/1.0, ought to be handled as an attack.
            guard length == nil else { throw .invalidRequest("Content-Length and Transfer-Encoding exclude each other.") }
            guard !isHTTP10 else { throw .invalidRequest("HTTP/1.0 has no Transfer-Encoding.") }
            return .chunked
        }
        return length.map { .length($0) } ?? .none
    }

    /// RFC 9112 §9.3.
    func keepsAlive(isHTTP10: Bool) -> Bool {
        !close && (!isHTTP10 || keepAlive)
    }

    /// Digits and nothing else; no sign, no list, no overflow.
    private static func length(_ value: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Int {
        guard (1...18).contains(value.count) else { throw .invalidRequest("The Content-Length field is invalid.") }
        var length = 0
        for byte in value {
            guard byte.isDigit else { throw .invalidRequest("The Content-Length field is invalid.") }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return length
    }

    /// A single final `chunked` passes. Codings this service does not know are 501 (RFC 9112 §6.1), everything else 400.
    private static func checkCodings(_ value: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        if value.equalsIgnoringCase("chunked") { return }
        let codings = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { $0.trimmed }
        let valid = codings.allSatisfy { coding in !coding.isEmpty && coding.allSatisfy { $0.isTokenCharacter } }
        guard valid, !codings.dropLast().contains(where: { $0.equalsIgnoringCase("chunked") }) else {
            throw .invalidRequest("The Transfer-Encoding field is invalid.")
        }
        throw .notImplemented("The only transfer coding served is chunked.")
    }
}
