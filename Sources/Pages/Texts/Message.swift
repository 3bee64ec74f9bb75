// Message: one text of one language, with the places where a page's values go: "Sign in to continue to {client}".

/// A text.
struct Message: Sendable, Hashable {
    let parts: [Part]

    enum Part: Sendable, Hashable {
        case literal(String)
        case value(String)
    }

    /// Reads a text; nil when its braces do not hold names.
    init?(parsing text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            let after = rest[rest.index(after: brace)...]
            guard rest[brace] == "{", let end = after.firstIndex(of: "}"), end > after.startIndex,
                after[..<end].utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") })
            else { return nil }
            if brace > rest.startIndex { parts.append(.literal(String(rest[..<brace]))) }
            parts.append(.value(String(after[..<end])))
            rest = after[after.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        self.parts = parts
    }

    /// The values that it names.
    var names: [String] {
        parts.compactMap { part in
            if case .value(let name) = part { name } else { nil }
        }
    }
}
