// DjangoValue: one field of one row, whatever it was read from: SQLite's storage classes, PostgreSQL's text, JSON.

import MartletEncoding

/// A field's value.
package enum DjangoValue: Sendable, Hashable {
    case null
    /// A whole number; a truth value as 1 or 0.
    case integer(Int64)
    case text(String)
    /// What SQLite keeps in a column of any type; a key of that kind is no account's, but reading goes on behind it.
    case fraction(Double), bytes([UInt8]), badText([UInt8])
    /// Something that no field of an account is, and what it is: `not UTF-8`, `no number`.
    case other(String)

    /// What it is, for people.
    var kind: String {
        switch self {
        case .null: "null"
        case .integer: "a number"
        case .text: "text"
        case .fraction: "a fraction"
        case .bytes: "bytes"
        case .badText: "not UTF-8"
        case .other(let what): what
        }
    }
}

/// How far a reader has come.
package struct DjangoPosition: Sendable, Hashable {
    let place: Place

    /// Rows without a key, which SQLite lets be, come last.
    enum Place: Hashable {
        /// The key of the last row.
        case key(DjangoValue)
        /// How many rows without one are done.
        case keyless(Int64)
    }

    init(_ place: Place) { self.place = place }

    /// The key of the last row; nil among those without one.
    var key: DjangoValue? { if case .key(let key) = place { key } else { nil } }

    /// Reads what ``text`` wrote; nil for anything else.
    package init?(text: String) {
        let rest = text.unicodeScalars.dropFirst()
        let value: DjangoValue?
        switch text.unicodeScalars.first {
        case "#": value = Int64(String(rest)).map(DjangoValue.integer)
        case "'": value = .text(String(rest))
        case "=": value = Double(String(rest)).map(DjangoValue.fraction)
        case "x": value = Self.bytes(of: rest).map(DjangoValue.bytes)
        case "~": value = Self.bytes(of: rest).map(DjangoValue.badText)
        case "?":
            guard let count = Int64(String(rest)), count >= 0 else { return nil }
            place = .keyless(count)
            return
        default: value = nil
        }
        guard let value else { return nil }
        place = .key(value)
    }

    /// A text to be stored: `#17`, or `'` and the key's text, or `?3` for rows without a key.
    package var text: String {
        switch place {
        case .keyless(let count): "?\(count)"
        case .key(.integer(let number)): "#\(number)"
        case .key(.text(let text)): "'\(text)"
        case .key(.fraction(let number)): "=\(number)"
        case .key(.bytes(let bytes)): "x\(Hex.encode(bytes))"
        case .key(.badText(let bytes)): "~\(Hex.encode(bytes))"
        case .key(.null), .key(.other): "?0"
        }
    }

    /// The bytes that ``Hex/encode(_:)`` wrote; nil for anything else.
    private static func bytes(of text: Substring.UnicodeScalarView) -> [UInt8]? {
        let digits = String(text).utf8.compactMap { Hex.value(of: $0) }
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
