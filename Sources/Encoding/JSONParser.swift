// JSONParser: the one pass behind JSONDocument. Recursive, to a fixed depth; knows bytes, not values.

struct JSONParser {
    let text: UnsafeBufferPointer<UInt8>
    private(set) var nodes: [JSONDocument.Node] = []
    private var at = 0
    private var depth = 0

    init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        nodes.reserveCapacity(24)
    }

    mutating func parse() throws(JSONError) {
        skipSpace()
        try value()
        skipSpace()
        guard at == text.count else { throw error(.trailingBytes) }
    }

    private mutating func value() throws(JSONError) {
        guard let byte = peek() else { throw error(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true", .yes)
        case UInt8(ascii: "f"): try word("false", .no)
        case UInt8(ascii: "n"): try word("null", .null)
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func object() throws(JSONError) {
        let node = try open(.object)
        var names = JSONMemberNames()
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            at += 1
            return close(node)
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw error(peek() == nil ? .unexpectedEnd : .expectedName) }
            let nameStart = at
            let name = nodes.count
            try string()
            guard names.count < JSONDocument.maximumMembers else { throw error(.tooManyMembers, at: nameStart) }
            guard names.insert(nodes[name], in: text) else { throw error(.duplicateMember, at: nameStart) }
            skipSpace()
            guard peek() == UInt8(ascii: ":") else { throw error(peek() == nil ? .unexpectedEnd : .expectedColon) }
            at += 1
            skipSpace()
            try value()
            if try isLast(closing: UInt8(ascii: "}")) { return close(node) }
        }
    }

    private mutating func array() throws(JSONError) {
        let node = try open(.array)
        skipSpace()
        if peek() == UInt8(ascii: "]") {
            at += 1
            return close(node)
        }
        while true {
            try value()
            if try isLast(closing: UInt8(ascii: "]")) { return close(node) }
        }
    }

    private mutating func isLast(closing bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        switch peek() {
        case UInt8(ascii: ","):
            at += 1
            skipSpace()
            return false
        case bracket:
            at += 1
            return true
        case nil: throw error(.unexpectedEnd)
        default: throw error(.expectedCommaOrEnd)
        }
    }

    private mutating func string() throws(JSONError) {
        at += 1
        let start = at
        var hasEscapes = false
        while true {
            guard let byte = peek() else { throw error(.unexpectedEnd) }
            switch byte {
            case UInt8(ascii: "\""):
                add(.string, from: start, to: at, isComplex: hasEscapes)
                at += 1
                return
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0..<0x20: throw error(.controlByteInString)
            case 0x20..<0x80: at += 1
            default:
                guard let length = JSONString.scalarLength(text, at: at) else { throw error(.invalidUTF8) }
                at += length
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let start = at
        at += 1
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
        case UInt8(ascii: "u"):
            at += 1
            let unit = try hexadecimalUnit(from: start)
            // RFC 8259 §8.2: a lone surrogate names no character; what a reader would make of it is unpredictable.
            guard !(0xDC00...0xDFFF).contains(unit) else { throw error(.invalidEscape, at: start) }
            guard (0xD800...0xDBFF).contains(unit) else { return }
            guard peek() == UInt8(ascii: "\\"), at + 1 < text.count, text[at + 1] == UInt8(ascii: "u") else {
                throw error(.invalidEscape, at: start)
            }
            at += 2
            guard (0xDC00...0xDFFF).contains(try hexadecimalUnit(from: start)) else { throw error(.invalidEscape, at: start) }
        case nil: throw error(.unexpectedEnd)
        default: throw error(.invalidEscape, at: start)
        }
    }

    private mutating func hexadecimalUnit(from start: Int) throws(JSONError) -> UInt16 {
        guard let unit = JSONString.unit(text, at: at) else {
            throw at + 4 > text.count ? error(.unexpectedEnd, at: text.count) : error(.invalidEscape, at: start)
        }
        at += 4
        return unit
    }

    private mutating func number() throws(JSONError) {
        let start = at
        var isComplex = false
        if peek() == UInt8(ascii: "-") { at += 1 }
        if peek() == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if peek() == UInt8(ascii: ".") {
            isComplex = true
            at += 1
            try digits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isComplex = true
            at += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        add(.number, from: start, to: at, isComplex: isComplex)
    }

    private mutating func digits() throws(JSONError) {
        let start = at
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        guard at > start else { throw error(peek() == nil ? .unexpectedEnd : .invalidNumber) }
    }

    private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind) throws(JSONError) {
        let start = at
        for offset in 0..<word.utf8CodeUnitCount {
            guard let byte = peek() else { throw error(.unexpectedEnd) }
            guard byte == word.utf8Start[offset] else { throw error(.unexpectedByte, at: start) }
            at += 1
        }
        add(kind, from: start, to: at, isComplex: false)
    }

    private mutating func open(_ kind: JSONDocument.Kind) throws(JSONError) -> Int {
        depth += 1
        guard depth <= JSONDocument.maximumDepth else { throw error(.tooDeep) }
        nodes.append(JSONDocument.Node(kind: kind, isComplex: false, start: UInt32(at), end: 0, next: 0))
        at += 1
        return nodes.count - 1
    }

    private mutating func close(_ node: Int) {
        depth -= 1
        nodes[node].end = UInt32(at)
        nodes[node].next = UInt32(nodes.count)
    }

    private mutating func add(_ kind: JSONDocument.Kind, from start: Int, to end: Int, isComplex: Bool) {
        let next = UInt32(nodes.count + 1)
        nodes.append(.init(kind: kind, isComplex: isComplex, start: UInt32(start), end: UInt32(end), next: next))
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private func peek() -> UInt8? { at < text.count ? text[at] : nil }

    private func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(reason, at: offset ?? at, in: text)
    }
}
