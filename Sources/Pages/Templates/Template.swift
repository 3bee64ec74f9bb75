// Template: a template bound to the page it shows. Every name in it, and every text it uses in every language, was looked up when it
// was made, so making a page cannot fail.

/// A template of pages of one type.
package struct Template<Value: Sendable>: Sendable {
    typealias Step = @Sendable (Value, Texts, inout [UInt8]) -> Void

    private let steps: [Step]

    /// Binds a template. Throws where it names what the page or the texts do not have, or leaves out what the page requires.
    init(_ syntax: TemplateSyntax, _ fields: Fields<Value>, _ scope: TemplateScope) throws(TemplateError) {
        try self.init(syntax.nodes, fields, scope)
        let named = Self.names(in: syntax.nodes)
        if let missing = fields.required.subtracting(named).min() {
            throw TemplateError(scope.file, "{{\(missing)}} must be in it")
        }
    }

    init(_ nodes: [TemplateSyntax.Node], _ fields: Fields<Value>, _ scope: TemplateScope) throws(TemplateError) {
        var steps: [Step] = []
        for node in nodes { steps.append(try Self.step(node, fields, scope)) }
        self.steps = steps
    }

    /// The HTML of a page, in UTF-8.
    func render(_ value: Value, _ texts: Texts) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(8192)
        append(value, texts, to: &output)
        return output
    }

    func append(_ value: Value, _ texts: Texts, to output: inout [UInt8]) {
        for step in steps { step(value, texts, &output) }
    }

    private static func step(_ node: TemplateSyntax.Node, _ fields: Fields<Value>, _ scope: TemplateScope) throws(TemplateError) -> Step {
        switch node {
        case .literal(let bytes):
            return { _, _, output in output.append(contentsOf: bytes) }
        case .value("lang", .plain, _):
            return { _, texts, output in HTMLEscaping.append(texts.language, to: &output) }
        case .value("dir", .plain, _):
            return { _, texts, output in HTMLEscaping.append(texts.direction.rawValue, to: &output) }
        case .value(let name, let place, let line):
            if name.hasPrefix("t.") {
                guard place != .address else { throw TemplateError(scope.file, line: line, "{{\(name)}} is no address") }
                return try message(String(name.dropFirst(2)), fields, place, scope, line)
            }
            return try value(name, fields, place, scope, line)
        case .section(let name, let nodes, let line):
            guard let field = fields.all[name] else { throw scope.unknown(name, line) }
            if case .list(let bind) = field { return try bind(scope, nodes) }
            let inside = try Template(nodes, fields, scope)
            let isShown: @Sendable (Value) -> Bool =
                switch field {
                case .flag(let get): get
                case .text(let get): { get($0) != nil }
                case .choice(_, let get): { get($0) != nil }
                case .link(let get): { get($0) != nil }
                case .list: { _ in false }
                }
            return { value, texts, output in
                if isShown(value) { inside.append(value, texts, to: &output) }
            }
        }
    }

    private static func value(
        _ name: String, _ fields: Fields<Value>, _ place: MarkupPlace.Allowed, _ scope: TemplateScope, _ line: Int
    ) throws(TemplateError) -> Step {
        switch fields.all[name] {
        case .link(let get):
            return { value, _, output in HTMLEscaping.append(get(value)?.text ?? "", to: &output) }
        case .text(let get) where place != .address:
            return { value, _, output in HTMLEscaping.append(get(value) ?? "", to: &output) }
        case .choice(let cases, let get) where place != .address:
            var messages: [String: Step] = [:]
            for one in cases { messages[one] = try message("\(name).\(one)", fields, place, scope, line) }
            return { [messages] value, texts, output in
                if let one = get(value) { messages[one]?(value, texts, &output) }
            }
        case nil: throw scope.unknown(name, line)
        case .text, .choice: throw TemplateError(scope.file, line: line, "{{\(name)}} is no address")
        case .flag, .list: throw TemplateError(scope.file, line: line, "{{\(name)}} is no text: it can only be a section")
        }
    }

    /// A text in the page's language. What it names stands in `bdi` elements where elements can be, so that a name from right to
    /// left, or one that would turn the sentence around, keeps to itself.
    private static func message(
        _ key: String, _ fields: Fields<Value>, _ place: MarkupPlace.Allowed, _ scope: TemplateScope, _ line: Int
    ) throws(TemplateError) -> Step {
        guard let index = scope.languages.index(of: key, group: scope.group) else {
            throw TemplateError(scope.file, line: line, "there is no text \(key) for \(scope.group)")
        }
        var values: [String: @Sendable (Value) -> String?] = [:]
        for texts in scope.languages.all {
            for name in texts.message(index).names {
                guard case .text(let get) = fields.all[name] else {
                    throw TemplateError(
                        scope.file, line: line, "the text \(key) in \(texts.language) names {\(name)}, which is not a text here")
                }
                values[name] = get
            }
        }
        return { [values] value, texts, output in
            for part in texts.message(index).parts {
                switch part {
                case .literal(let text): HTMLEscaping.append(text, to: &output)
                case .value(let name):
                    if place == .text { output.append(contentsOf: "<bdi>".utf8) }
                    HTMLEscaping.append(values[name]?(value) ?? "", to: &output)
                    if place == .text { output.append(contentsOf: "</bdi>".utf8) }
                }
            }
        }
    }

    private static func names(in nodes: [TemplateSyntax.Node]) -> Set<String> {
        nodes.reduce(into: []) { names, node in
            switch node {
            case .literal: break
            case .value(let name, _, _): names.insert(name)
            case .section(let name, let nodes, _): names.formUnion(Self.names(in: nodes).union([name]))
            }
        }
    }
}

/// What a template is bound in.
package struct TemplateScope: Sendable {
    let file: String
    /// The group of texts that it reads first; the group `common` is behind it.
    let group: String
    let languages: Languages

    func unknown(_ name: String, _ line: Int) -> TemplateError {
        TemplateError(file, line: line, "{{\(name)}} is not a value of this page")
    }
}
