// PercentEncoding: RFC 3986 §2.1 escapes, decoded to bytes. What a decoded byte may mean in a path or a query
// (dot segments, NUL, slashes) is judged by the HTTP layer, which knows where the text stood.

/// Percent-escapes of URIs.
public enum PercentEncoding {
    /// The text with every byte escaped that is not unreserved (RFC 3986 §2.3): fit for any place in a URI or a form.
    public static func encode(_ text: String) -> String {
        var bytes = [UInt8]()
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(contentsOf: Hex.encode([byte]).utf8.map { $0 >= UInt8(ascii: "a") ? $0 - 0x20 : $0 })
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of a text with `%XX` escapes; nil when an escape is cut short or has other than hexadecimal digits.
    /// With `plusIsSpace`, `+` reads as a space, as in `application/x-www-form-urlencoded` (WHATWG URL §5.1).
    public static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var bytes = [UInt8]()
        bytes.reserveCapacity(text.count)
        var letters = text.makeIterator()
        while let letter = letters.next() {
            switch letter {
            case UInt8(ascii: "%"):
                guard let high = letters.next().flatMap(Hex.value), let low = letters.next().flatMap(Hex.value) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
            default:
                bytes.append(letter)
            }
        }
        return bytes
    }
}
