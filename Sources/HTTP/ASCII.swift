// ASCII: the character classes and comparisons of RFC 9110 §5.6, on bytes.

extension UInt8 {
    /// RFC 9110 §5.6.2: a character of a token.
    @inline(__always)
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// RFC 9110 §5.5: a byte of a field value; every control byte but the tab is out.
    @inline(__always)
    var isFieldValueByte: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    /// RFC 9110 §5.6.3: optional white space.
    @inline(__always)
    var isSpaceOrTab: Bool { self == 0x20 || self == 0x09 }

    @inline(__always)
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }

    /// `A`–`Z` as `a`–`z`; every other byte as it is.
    @inline(__always)
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }

    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
}

extension UnsafeBufferPointer where Element == UInt8 {
    /// Whether these are exactly the bytes of `text`.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}

extension Collection where Element == UInt8 {
    /// Whether these are the bytes of `text`, without regard to ASCII case; `text` is lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        var other = text.utf8Start
        for byte in self {
            if byte.lowercased != other.pointee { return false }
            other += 1
        }
        return true
    }

    /// The same bytes without spaces and tabs at either end.
    var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first.isSpaceOrTab { rest = rest.dropFirst() }
        let end = rest.reversed().drop { $0.isSpaceOrTab }.count
        return rest.prefix(end)
    }
}
