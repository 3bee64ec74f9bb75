// JSONString: the inside of a JSON string: UTF-8 sequences and escapes (RFC 8259 §7, §8).

enum JSONString {
    /// The length of the well-formed UTF-8 sequence at `at` (Unicode table 3-7); nil when there is none.
    static func scalarLength(_ text: UnsafeBufferPointer<UInt8>, at: Int) -> Int? {
        let (length, second): (Int, ClosedRange<UInt8>)
        switch text[at] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard at + length <= text.count, second.contains(text[at + 1]) else { return nil }
        for offset in 2..<max(length, 2) where !(0x80...0xBF).contains(text[at + offset]) { return nil }
        return length
    }

    /// The UTF-16 unit that four hexadecimal digits name; nil when there are not four.
    static func unit(_ text: some RandomAccessCollection<UInt8>, at: Int) -> UInt16? {
        guard let start = text.index(text.startIndex, offsetBy: at, limitedBy: text.endIndex) else { return nil }
        var unit: UInt16 = 0
        var count = 0
        for byte in text[start...].prefix(4) {
            guard let digit = Hex.value(of: byte) else { return nil }
            unit = unit << 4 | UInt16(digit)
            count += 1
        }
        return count == 4 ? unit : nil
    }

    /// The bytes of a string whose escapes the parser found well formed.
    static func unescape(_ text: some RandomAccessCollection<UInt8>) -> [UInt8] {
        let text = Array(text)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            guard text[at] == UInt8(ascii: "\\"), at + 1 < text.count else {
                bytes.append(text[at])
                at += 1
                continue
            }
            switch text[at + 1] {
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                var code = UInt32(unit(text, at: at + 2) ?? 0xFFFD)
                if (0xD800...0xDBFF).contains(code), let low = unit(text, at: at + 8) {
                    code = 0x10000 + (code & 0x3FF) << 10 + UInt32(low) & 0x3FF
                    at += 6
                }
                bytes.append(contentsOf: (Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
                at += 4
            default: bytes.append(text[at + 1])
            }
            at += 2
        }
        return bytes
    }
}

enum JSONNumber {
    /// The whole part of a number in any of JSON's spellings; nil when it needs more than 18 digits.
    static func truncated(_ text: ArraySlice<UInt8>) -> Int64? {
        var digits: [UInt8] = []
        var scale = 0
        var exponent: Int64 = 0
        var rest = text
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        var inFraction = false
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "."): inFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                let isBelowZero = rest.first == UInt8(ascii: "-")
                if isBelowZero || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
                guard rest.count <= 4, let value = Int64(digits: rest) else { return nil }
                exponent = isBelowZero ? -value : value
                rest = []
            default:
                guard digits.count < 64 else { return nil }
                digits.append(byte)
                if inFraction { scale += 1 }
            }
        }
        let whole = Int64(digits.count - scale) + exponent
        guard whole > 0 else { return 0 }
        guard whole <= 18 || digits.allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        var number = Array(digits.prefix(Int(min(whole, 64))))
        while number.count < min(whole, 18) { number.append(UInt8(ascii: "0")) }
        return Int64(digits: number.drop { $0 == UInt8(ascii: "0") }).map { isNegative ? -$0 : $0 } ?? 0
    }
}
