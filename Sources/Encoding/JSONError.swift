// JSONError: why a text is not the JSON that is taken here, and where.

/// A broken rule of RFC 8259, or of the stricter reading that signed JSON needs, and its place.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule.
    public let reason: Reason
    /// Offset of the byte, from 0.
    public let offset: Int
    /// Line of the byte, from 1.
    public let line: Int
    /// Column of the byte in its line, in bytes, from 1.
    public let column: Int

    /// The rules.
    public enum Reason: String, Sendable, Hashable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "a value was expected"
        case expectedName = "a member name in double quotes was expected"
        case expectedColon = "a colon was expected after the member name"
        case expectedCommaOrEnd = "a comma or the closing bracket was expected"
        case duplicateMember = "this member was there before"
        case tooManyMembers = "the object has too many members"
        case invalidNumber = "the number is not well formed"
        case invalidEscape = "the escape in the string is not well formed"
        case controlByteInString = "a control character stands in the string unescaped"
        case invalidUTF8 = "the bytes are not UTF-8"
        case tooDeep = "objects and arrays are nested too deeply"
        case tooLarge = "the text is too long"
        case trailingBytes = "something follows the value"
    }

    /// A sentence for people, such as `line 2, column 7: a colon was expected after the member name`.
    public var description: String { "line \(line), column \(column): \(reason.rawValue)" }

    init(_ reason: Reason, at offset: Int, in text: some RandomAccessCollection<UInt8>) {
        let before = text.prefix(offset)
        self.reason = reason
        self.offset = offset
        line = 1 + before.count { $0 == 0x0A }
        column = 1 + (before.lastIndex(of: 0x0A).map { before.distance(from: $0, to: before.endIndex) - 1 } ?? before.count)
    }
}
