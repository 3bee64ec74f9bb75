// Headers: the header fields of a response, kept as the very bytes that go out ("name: value\r\n" each), so that
// sending is one copy and a constant set of fields is shared without allocation.
// The framing fields (Content-Length, Connection, Date, X-Request-Id) are the serializer's and never stand here.

/// A response's header fields, in order.
package struct Headers: Sendable, Equatable {
    /// The fields as they go out.
    private(set) var bytes: [UInt8] = []

    /// No fields.
    package init() {}

    /// Fields in the order given.
    package init(_ fields: [(HeaderName, String)]) {
        for (name, value) in fields { append(name, value) }
    }

    /// Appends a field. Control bytes of the value (CR and LF above all) are left out, so a value made from data can
    /// never begin another field (RFC 9110 §5.5).
    package mutating func append(_ name: HeaderName, _ value: String) {
        append(name, value.utf8)
    }

    /// Appends a field whose value is bytes; control bytes are left out.
    package mutating func append(_ name: HeaderName, _ value: some Collection<UInt8>) {
        bytes.reserveCapacity(bytes.count + name.bytes.count + value.count + 4)
        bytes.append(contentsOf: name.bytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        for byte in value where byte.isFieldValueByte { bytes.append(byte) }
        bytes.append(.carriageReturn)
        bytes.append(.lineFeed)
    }

    /// Appends a field of another server's answer; control bytes of the value are left out, and the whole field when its name is no
    /// token (RFC 9110 §5.1).
    package mutating func append(relayed name: String, _ value: [UInt8]) {
        guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenCharacter) else { return }
        bytes.append(contentsOf: name.utf8.map(\.lowercased))
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        for byte in value where byte.isFieldValueByte { bytes.append(byte) }
        bytes.append(.carriageReturn)
        bytes.append(.lineFeed)
    }

    /// Takes every field of this name away and appends this one.
    package mutating func set(_ name: HeaderName, _ value: String) {
        remove(name)
        append(name, value)
    }

    /// Takes every field of this name away.
    package mutating func remove(_ name: HeaderName) {
        while let line = lines.first(where: { $0.name.elementsEqual(name.bytes) }) { bytes.removeSubrange(line.whole) }
    }

    /// The value of the first field of this name; nil when there is none.
    package subscript(name: HeaderName) -> String? {
        lines.first { $0.name.elementsEqual(name.bytes) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The values of all fields of this name, in order.
    package func values(_ name: HeaderName) -> [String] {
        lines.filter { $0.name.elementsEqual(name.bytes) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// Whether there is a field of this name.
    package func contains(_ name: HeaderName) -> Bool {
        lines.contains { $0.name.elementsEqual(name.bytes) }
    }

    private struct Line {
        var name: ArraySlice<UInt8>
        var value: ArraySlice<UInt8>
        var whole: Range<Int>
    }

    private var lines: [Line] {
        var lines = [Line]()
        var start = 0
        while let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")),
            let end = bytes[colon...].firstIndex(of: .carriageReturn)
        {
            lines.append(Line(name: bytes[start..<colon], value: bytes[(colon + 2)..<end], whole: start..<(end + 2)))
            start = end + 2
        }
        return lines
    }
}
