// DjangoValue: one field of one row, whatever it was read from: SQLite's storage classes, PostgreSQL's text, JSON.

/// A field's value.
package enum DjangoValue: Sendable, Hashable {
    case null
    /// A whole number; a truth value as 1 or 0.
    case integer(Int64)
    case text(String)
    /// Something that no field of an account is, and what it is: `bytes`, `not UTF-8`.
    case other(String)
}

/// How far a reader has come: the primary key of the last row.
package struct DjangoPosition: Sendable, Hashable {
    let key: DjangoValue

    init(_ key: DjangoValue) { self.key = key }

    /// Reads what ``text`` wrote; nil for anything else.
    package init?(text: String) {
        let rest = String(text.dropFirst())
        switch text.first {
        case "#": guard let number = Int64(rest) else { return nil }; key = .integer(number)
        case "'": key = .text(rest)
        default: return nil
        }
    }

    /// A text to be stored: `#17`, or `'` and the key's text.
    package var text: String {
        switch key {
        case .integer(let number): "#\(number)"
        case .text(let text): "'\(text)"
        case .null, .other: "'"
        }
    }
}
