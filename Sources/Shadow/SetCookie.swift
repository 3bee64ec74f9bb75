// SetCookie: a Set-Cookie field taken apart (RFC 6265 §4.1), as far as a comparison needs it.

/// A cookie that an answer sets.
struct SetCookie {
    let name: String
    let value: String
    /// Attributes in lower case, without `Expires` and `Max-Age`, sorted.
    let attributes: [String]
    /// `Max-Age` in seconds; nil when it is not there.
    let maxAge: Int64?

    /// The cookies of an answer.
    static func all(of fields: [RelayedField]) -> [SetCookie] {
        fields.texts("set-cookie").compactMap(SetCookie.init)
    }

    private init?(_ field: String) {
        let parts = field.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { return nil }
        name = String(pair[..<equals])
        var value = pair[pair.index(after: equals)...]
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        self.value = String(value)
        let all = parts.dropFirst().map { $0.lowercased() }.filter { !$0.isEmpty }
        maxAge = all.first { $0.hasPrefix("max-age=") }.flatMap { Int64($0.dropFirst("max-age=".count)) }
        attributes = all.filter { !$0.hasPrefix("max-age=") && !$0.hasPrefix("expires=") }.sorted()
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
