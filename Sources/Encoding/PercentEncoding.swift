// PercentEncoding: RFC 3986 §2.1 escapes, decoded to bytes. What a decoded byte may mean in a path or a query
// (dot segments, NUL, slashes) is judged by the HTTP layer, which knows where the text stood.

/// Percent-escapes of URIs.
public enum PercentEncoding {
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
