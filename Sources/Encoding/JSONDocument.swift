// JSONDocument: RFC 8259 text, read strictly in one pass, values looked up in place.
//
// The pass checks everything at once — grammar, UTF-8, duplicate member names, depth, size, trailing bytes —
// and leaves a flat list of nodes in document order, each pointing into the text. No String, dictionary or
// tree is made; a value is decoded when it is asked for. Two readers of one document can therefore never see
// different members, which is how "duplicate member" attacks on signed JSON work (RFC 8725 §3.2, RFC 7515 §4).

/// A whole JSON text and where its values stand.
public struct JSONDocument: Sendable {
    /// The text.
    public let bytes: [UInt8]
    let nodes: [Node]

    /// Objects and arrays inside each other, at most.
    public static let maximumDepth = 16
    /// Members of one object, at most: the search for duplicates compares every pair of keys.
    public static let maximumMembers = 256

    /// Reads a text that is one JSON value and nothing else but white space.
    ///
    /// Throws where the text breaks a rule; ``JSONError`` says at which byte. A text over 16 MiB is refused.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        guard bytes.count <= 1 << 24 else { throw JSONError(.tooLarge, at: 1 << 24, in: []) }
        let result = bytes.withUnsafeBufferPointer { text -> Result<[Node], JSONError> in
            var parser = JSONParser(text: text)
            do throws(JSONError) {
                try parser.parse()
                return .success(parser.nodes)
            } catch {
                return .failure(error)
            }
        }
        nodes = try result.get()
        self.bytes = bytes
    }

    /// The outermost value.
    public var root: JSONValue { JSONValue(document: self, index: 0) }

    /// Bytes of memory that the text and the list of its values take, about.
    package var footprint: Int { bytes.count + nodes.count * MemoryLayout<Node>.stride }

    struct Node: Sendable {
        var kind: Kind
        /// The string has escapes, or the number is not a plain integer.
        var isComplex: Bool
        /// First byte of the value; of a string, the byte after the quote.
        var start: UInt32
        /// One past the last byte; of a string, the closing quote.
        var end: UInt32
        /// The node after this value and all that is in it.
        var next: UInt32
    }

    enum Kind: UInt8, Sendable {
        case object, array, string, number, yes, no, null
    }
}

/// One value of a document. Cheap to copy: it shares the document.
public struct JSONValue: Sendable {
    let document: JSONDocument
    let index: Int

    /// Whether this is an object.
    public var isObject: Bool { node.kind == .object }
    /// Whether this is an array.
    public var isArray: Bool { node.kind == .array }
    /// Whether this is `null`.
    public var isNull: Bool { node.kind == .null }

    /// The text of a string; nil for another kind.
    public var string: String? {
        guard node.kind == .string else { return nil }
        guard node.isComplex else { return String(decoding: rawText, as: UTF8.self) }
        return String(decoding: document.unescaped(node), as: UTF8.self)
    }

    /// A number that is written as an integer and fits; nil for anything else.
    public var integer: Int64? {
        guard node.kind == .number, !node.isComplex else { return nil }
        return rawText.first == UInt8(ascii: "-")
            ? Int64(digits: rawText.dropFirst()).map { -$0 } : Int64(digits: rawText)
    }

    /// A NumericDate (RFC 7519 §2) in whole seconds: a number whose fraction, if any, is cut off; nil outside 18 digits.
    public var numericDate: Int64? {
        guard node.kind == .number else { return nil }
        return node.isComplex ? JSONNumber.truncated(rawText) : integer
    }

    /// The truth value; nil for another kind.
    public var bool: Bool? {
        switch node.kind {
        case .yes: true
        case .no: false
        default: nil
        }
    }

    /// Whether this is a string with exactly these UTF-8 bytes. Makes no String.
    public func equals(_ text: String) -> Bool {
        guard node.kind == .string else { return false }
        return document.text(of: node, equals: text)
    }

    /// The value of a member, by the bytes of its name; nil when there is none or this is no object.
    public subscript(_ name: String) -> JSONValue? {
        guard node.kind == .object else { return nil }
        var at = index + 1
        while at < Int(node.next) {
            if document.text(of: document.nodes[at], equals: name) { return JSONValue(document: document, index: at + 1) }
            at = Int(document.nodes[at + 1].next)
        }
        return nil
    }

    /// The members of an object in their order; empty for another kind.
    public var members: [(name: String, value: JSONValue)] {
        guard node.kind == .object else { return [] }
        return children(step: 2).map { at in
            (JSONValue(document: document, index: at).string ?? "", JSONValue(document: document, index: at + 1))
        }
    }

    /// The values of an array in their order; nil for another kind.
    public var elements: [JSONValue]? {
        guard node.kind == .array else { return nil }
        return children(step: 1).map { JSONValue(document: document, index: $0) }
    }

    /// The strings of an array of strings; nil when it is no array or something else is in it.
    public var strings: [String]? {
        guard let elements else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    /// The bytes of this value as they stand in the text, quotes included.
    public var json: ArraySlice<UInt8> {
        node.kind == .string ? document.bytes[Int(node.start) - 1...Int(node.end)] : rawText
    }

    private var node: JSONDocument.Node { document.nodes[index] }
    private var rawText: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    private func children(step: Int) -> [Int] {
        var found: [Int] = []
        var at = index + 1
        while at < Int(node.next) {
            found.append(at)
            at = Int(document.nodes[at + step - 1].next)
        }
        return found
    }
}

extension JSONDocument {
    func text(of node: Node, equals text: String) -> Bool {
        if node.isComplex { return unescaped(node).elementsEqual(text.utf8) }
        guard Int(node.end - node.start) == text.utf8.count else { return false }
        let stored = bytes[Int(node.start)..<Int(node.end)]
        // Native strings are contiguous, and a plain loop over two buffers is what member look-ups spend their time in.
        let isEqual = text.utf8.withContiguousStorageIfAvailable { text in
            stored.withUnsafeBufferPointer { stored in
                for index in 0..<stored.count where stored[index] != text[index] { return false }
                return true
            }
        }
        return isEqual ?? stored.elementsEqual(text.utf8)
    }

    func unescaped(_ node: Node) -> [UInt8] {
        JSONString.unescape(bytes[Int(node.start)..<Int(node.end)])
    }
}
