// TemplateSyntax: a template's text as a tree: literal text, `{{name}}`, and `{{#name}}…{{/name}}`. There is nothing else, and no way to
// put HTML in. Names are looked up later, by Template, which knows the page.

/// A template's text, read.
struct TemplateSyntax {
    let nodes: [Node]

    enum Node {
        case literal([UInt8])
        case value(name: String, at: MarkupPlace.Allowed, line: Int)
        case section(name: String, nodes: [Node], line: Int)
    }

    /// Sections inside each other, at most.
    static let maximumDepth = 8

    /// Reads a template. Throws where it breaks the grammar, or names a value at a place of HTML where no escaping is safe.
    init(parsing text: [UInt8], file: String) throws(TemplateError) {
        guard String(validating: text, as: UTF8.self) != nil else { throw TemplateError(file, "the bytes are not UTF-8") }
        var open: [(name: String, line: Int, start: MarkupPlace, nodes: [Node])] = []
        var nodes: [Node] = []
        var place = MarkupPlace.text
        var at = 0
        func line(_ offset: Int) -> Int { 1 + text[..<offset].count { $0 == 0x0A } }

        while at < text.count {
            let literal = text[at...].prefix(upTo: Self.find("{{", in: text, from: at) ?? text.count)
            if let wrong = place.read(literal) { throw TemplateError(file, line: line(wrong.offset), wrong.reason) }
            if !literal.isEmpty { nodes.append(.literal(Array(literal))) }
            at = literal.endIndex
            guard at < text.count else { break }
            let here = line(at)
            guard let end = Self.find("}}", in: text, from: at + 2) else { throw TemplateError(file, line: here, "{{ is not closed") }
            let tag = String(decoding: text[(at + 2)..<end], as: UTF8.self)
            at = end + 2
            let sign = tag.first == "#" || tag.first == "/" ? tag.first : nil
            let name = sign == nil ? tag : String(tag.dropFirst())
            guard Self.isName(name) else { throw TemplateError(file, line: here, "{{\(tag)}} is not in the grammar") }
            switch sign {
            case "#":
                guard let start = place.asSectionStart else {
                    throw TemplateError(file, line: here, "{{\(tag)}} stands where no section may begin")
                }
                guard open.count < Self.maximumDepth else { throw TemplateError(file, line: here, "sections are nested too deeply") }
                open.append((name, here, start, nodes))
                place = start
                nodes = []
            case "/":
                guard let section = open.popLast(), section.name == name else {
                    throw TemplateError(file, line: here, "{{\(tag)}} closes what is not open")
                }
                guard let after = place.asSectionEnd(from: section.start) else {
                    throw TemplateError(file, line: here, "{{\(tag)}} is not at the place of HTML where its section began")
                }
                place = after
                nodes = section.nodes + [.section(name: name, nodes: nodes, line: section.line)]
            default:
                guard let allowed = place.allowed else {
                    throw TemplateError(
                        file, line: here, "{{\(tag)}} stands where no value may: only in text and in quoted attribute values")
                }
                nodes.append(.value(name: name, at: allowed, line: here))
                place.passValue()
            }
        }
        if let section = open.last { throw TemplateError(file, line: section.line, "{{#\(section.name)}} is not closed") }
        guard place == .text else { throw TemplateError(file, line: line(text.count), "the HTML ends inside a tag or an element") }
        self.nodes = nodes
    }

    private static func find(_ mark: String, in text: [UInt8], from start: Int) -> Int? {
        guard start + 1 < text.count else { return nil }
        let mark = Array(mark.utf8)
        return (start..<(text.count - 1)).first { text[$0] == mark[0] && text[$0 + 1] == mark[1] }
    }

    /// Words of lower-case letters, digits, `_` and `-`, with dots between them.
    private static func isName(_ name: String) -> Bool {
        name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty
                && word.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                }
        }
    }
}
