// Base64: the alphabet of RFC 4648 §4 with its padding, which HTTP's Basic scheme has (RFC 7617 §2). Everything else here is Base64URL.

/// Padded base64.
public enum Base64 {
    /// The text of bytes, padded.
    public static func encode(_ bytes: [UInt8]) -> String {
        let letters = Base64URL.encode(bytes).utf8.map { letter in
            switch letter {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: letter
            }
        }
        return String(decoding: letters, as: UTF8.self) + String(repeating: "=", count: (3 - bytes.count % 3) % 3)
    }

    /// The bytes; nil for any character outside of the alphabet, wrong padding, and bits left over that are not zero.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var letters = ContiguousArray<UInt8>()
        letters.reserveCapacity(text.count)
        for letter in text.dropLast(padding) {
            switch letter {
            case UInt8(ascii: "+"): letters.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): letters.append(UInt8(ascii: "_"))
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: letters.append(letter)
            }
        }
        return Base64URL.decode(ArraySlice(letters))
    }
}
