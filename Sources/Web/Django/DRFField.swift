// DRFField: what a serializer of Django REST framework says of one text field: CharField, with the validators that a view adds.

/// A text field of a body.
struct DRFField: Sendable {
    let name: String
    private let isRequired: Bool
    private let mayBeBlank: Bool
    /// Characters at most.
    private let maximum: Int?
    /// What else is wrong with a text that breaks none of the other rules.
    private let problems: @Sendable (String) -> [String]

    /// What came of reading.
    enum Reading {
        case absent
        case text(String)
        case wrong([String])
    }

    init(
        _ name: String, isRequired: Bool = true, mayBeBlank: Bool = false, maximum: Int? = nil,
        problems: @escaping @Sendable (String) -> [String] = { _ in [] }
    ) {
        self.name = name
        self.isRequired = isRequired
        self.mayBeBlank = mayBeBlank
        self.maximum = maximum
        self.problems = problems
    }

    /// Reads a value; of a form, an empty one that need not be there counts as missing.
    func read(_ value: DRFBody.Value, ofForm isForm: Bool) -> Reading {
        switch value {
        case .missing: return isRequired ? .wrong(["This field is required."]) : .absent
        case .null: return .wrong(["This field may not be null."])
        case .invalid: return .wrong(["Not a valid string."])
        case .text(let text):
            if isForm, text.isEmpty, !isRequired, !mayBeBlank { return .absent }
            let trimmed = Self.trimmed(text)
            guard !trimmed.isEmpty else { return mayBeBlank ? .text("") : .wrong(["This field may not be blank."]) }
            var found: [String] = []
            if let maximum, trimmed.unicodeScalars.count > maximum {
                found.append("Ensure this field has no more than \(maximum) characters.")
            }
            if trimmed.utf8.contains(0) { found.append("Null characters are not allowed.") }
            if found.isEmpty { found = problems(trimmed) }
            return found.isEmpty ? .text(trimmed) : .wrong(found)
        }
    }

    /// Without the white space at both ends that Python's `str.strip` takes away.
    private static func trimmed(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) }
        let scalars = text.unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(scalars[...last])
    }
}
