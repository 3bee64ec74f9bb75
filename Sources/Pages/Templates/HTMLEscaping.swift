// HTMLEscaping: text into HTML. There is one way for every place where a template may name a value, which is text and quoted
// attribute values, so that no caller can choose the wrong one.

/// HTML text.
enum HTMLEscaping {
    /// Appends `text` so that it reads as itself in HTML text and in an attribute value in quotes of either kind
    /// (HTML §13.1.2.3). NUL, which HTML has no way to write, becomes U+FFFD; CR, which it would read as LF, a reference.
    static func append(_ text: String, to output: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): output.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): output.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): output.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): output.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): output.append(contentsOf: "&#39;".utf8)
            case 0x0D: output.append(contentsOf: "&#13;".utf8)
            case 0x00: output.append(contentsOf: "\u{FFFD}".utf8)
            default: output.append(byte)
            }
        }
    }
}
