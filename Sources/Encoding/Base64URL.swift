// Base64URL: RFC 4648 §5 without padding, as JOSE uses it (RFC 7515 §2), and strict when decoding.
// One value has one spelling: padding, white space, other alphabets and non-zero spare bits are refused, so
// that two different texts never decode to the same bytes.

/// Base64url without padding.
public enum Base64URL {
    /// The text for `bytes`.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: encodedBytes(bytes), as: UTF8.self)
    }

    /// The text for `bytes`, as ASCII bytes.
    public static func encodedBytes(_ bytes: [UInt8]) -> [UInt8] {
        let size = (bytes.count * 4 + 2) / 3
        return [UInt8](unsafeUninitializedCapacity: size) { output, count in
            alphabet.withUnsafeBufferPointer { letters in
                var from = 0
                while from + 3 <= bytes.count {
                    let group = UInt32(bytes[from]) << 16 | UInt32(bytes[from + 1]) << 8 | UInt32(bytes[from + 2])
                    output[count] = letters[Int(group >> 18)]
                    output[count + 1] = letters[Int(group >> 12 & 63)]
                    output[count + 2] = letters[Int(group >> 6 & 63)]
                    output[count + 3] = letters[Int(group & 63)]
                    count += 4
                    from += 3
                }
                guard from < bytes.count else { return }
                let isPair = from + 1 < bytes.count
                let group = UInt32(bytes[from]) << 16 | (isPair ? UInt32(bytes[from + 1]) << 8 : 0)
                output[count] = letters[Int(group >> 18)]
                output[count + 1] = letters[Int(group >> 12 & 63)]
                if isPair { output[count + 2] = letters[Int(group >> 6 & 63)] }
                count = size
            }
        }
    }

    /// The bytes of a text; nil when the text is not the one spelling of its bytes.
    public static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0) }
    }

    /// The bytes of a text; nil when the text is not the one spelling of its bytes.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.withUnsafeBufferPointer { decode($0) }
    }

    /// The bytes of a text; nil when the text is not the one spelling of its bytes.
    public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let rest = text.count & 3
        guard rest != 1 else { return nil }
        let size = text.count / 4 * 3 + (rest == 0 ? 0 : rest - 1)
        var valid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            values.withUnsafeBufferPointer { values in
                var from = 0
                var to = 0
                // Any letter outside the alphabet has value 255, so the high bits gather whether one was seen.
                var seen: UInt32 = 0
                while from + 4 <= text.count {
                    let a = UInt32(values[Int(text[from])])
                    let b = UInt32(values[Int(text[from + 1])])
                    let c = UInt32(values[Int(text[from + 2])])
                    let d = UInt32(values[Int(text[from + 3])])
                    seen |= a | b | c | d
                    let group = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63)
                    output[to] = UInt8(truncatingIfNeeded: group >> 16)
                    output[to + 1] = UInt8(truncatingIfNeeded: group >> 8)
                    output[to + 2] = UInt8(truncatingIfNeeded: group)
                    from += 4
                    to += 3
                }
                if rest >= 2 {
                    let a = UInt32(values[Int(text[from])])
                    let b = UInt32(values[Int(text[from + 1])])
                    let c = rest == 3 ? UInt32(values[Int(text[from + 2])]) : 0
                    seen |= a | b | c
                    let group = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6
                    output[to] = UInt8(truncatingIfNeeded: group >> 16)
                    to += 1
                    if rest == 3 {
                        output[to] = UInt8(truncatingIfNeeded: group >> 8)
                        to += 1
                    }
                    if group & (rest == 3 ? 0xFF : 0xFFFF) != 0 { valid = false }
                }
                if seen > 63 { valid = false }
                count = to
            }
        }
        return valid ? bytes : nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()
}
