// MultipartForm: the fields of a form as a browser's FormData sends it (RFC 7578). Lenient where Django is: what is no part is
// passed over, and a last part without its end counts. Files are not taken: no endpoint here asks for one.

import HTTP

/// Reads `multipart/form-data`.
enum MultipartForm {
    /// The boundary that a Content-Type names (RFC 2046 §5.1.1); nil where there is none that can be one.
    static func boundary(of contentType: String) -> [UInt8]? {
        guard let text = parameter("boundary", of: Array(contentType.utf8)[...]), let last = text.last, text.count <= 201,
            text.allSatisfy({ (0x20...0x7E).contains($0) }), last != space
        else { return nil }
        return text
    }

    /// The texts by name; of a name that is there more than once, the last.
    static func fields(of body: [UInt8], boundary: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        // Every delimiter stands at the beginning of a line, the first one perhaps at that of the body.
        let delimiter = lineEnd + [dash, dash] + boundary
        let text = lineEnd + body
        var place = text.range(of: delimiter, from: 0)?.upperBound
        while let start = place, !text[start...].starts(with: [dash, dash]) {
            let next = text.range(of: delimiter, from: start)
            read(text[start..<(next?.lowerBound ?? text.count)], into: &fields)
            place = next?.upperBound
        }
        return fields
    }

    /// A part: what is left of its delimiter's line, its header fields, an empty line, its content.
    private static func read(_ part: ArraySlice<UInt8>, into fields: inout [String: String]) {
        guard let head = part.range(of: lineEnd + lineEnd, from: part.startIndex) else { return }
        let disposition = part[..<head.lowerBound].split(separator: lineFeed).lazy.compactMap { line in
            value(of: "content-disposition", in: line)
        }.first
        guard let disposition, let name = parameter("name", of: disposition), parameter("filename", of: disposition) == nil else { return }
        fields[String(decoding: name, as: UTF8.self)] = String(decoding: part[head.upperBound...], as: UTF8.self)
    }

    private static func value(of field: String, in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isSame(line[..<colon], field) else { return nil }
        return line[(colon + 1)...]
    }

    /// A parameter after the first semicolon, a token or a quoted string (RFC 9110 §5.6.6).
    private static func parameter(_ name: String, of value: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = value.drop { $0 != semicolon }.dropFirst()
        while !rest.isEmpty {
            let found = rest.prefix { $0 != equals && $0 != semicolon }
            rest = rest[found.endIndex...]
            var text: [UInt8] = []
            if rest.first == equals {
                rest = rest.dropFirst()
                if rest.first == quote {
                    rest = rest.dropFirst()
                    while let byte = rest.popFirst(), byte != quote {
                        if byte == backslash, let escaped = rest.popFirst() { text.append(escaped) } else { text.append(byte) }
                    }
                    rest = rest.drop { $0 != semicolon }
                } else {
                    text = Array(trimmed(rest.prefix { $0 != semicolon }))
                    rest = rest.drop { $0 != semicolon }
                }
                if isSame(trimmed(found), name) { return text }
            }
            rest = rest.dropFirst()
        }
        return nil
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = text.drop { isBlank($0) }
        return start.prefix(start.count - start.reversed().prefix { isBlank($0) }.count)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == space || (0x09...0x0D).contains(byte) }

    /// `name` is in small letters.
    private static func isSame(_ text: ArraySlice<UInt8>, _ name: String) -> Bool {
        text.count == name.utf8.count && zip(text, name.utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    private static let lineEnd: [UInt8] = [0x0D, lineFeed]
    private static let lineFeed: UInt8 = 0x0A
    private static let space = UInt8(ascii: " ")
    private static let dash = UInt8(ascii: "-")
    private static let semicolon = UInt8(ascii: ";")
    private static let equals = UInt8(ascii: "=")
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
}

extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// Where `pattern` stands first. It begins with a line end and has at most another at once after it, so that no byte is looked
    /// at more than three times.
    fileprivate func range(of pattern: [UInt8], from start: Int) -> Range<Int>? {
        guard let first = pattern.first else { return nil }
        var index = start
        while index + pattern.count <= endIndex {
            if self[index] == first, self[index..<(index + pattern.count)].elementsEqual(pattern) { return index..<(index + pattern.count) }
            index += 1
        }
        return nil
    }
}
