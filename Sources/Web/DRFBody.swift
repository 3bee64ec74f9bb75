// DRFBody: a request's members as Django REST framework's parsers and its CharField read them: JSON or a form, values trimmed,
// numbers taken as their text. What is wrong is told in that framework's words, for every field at once.

import HTTP
import MartletEncoding
import ResourceServer

/// The fields of a request.
struct DRFBody: Sendable {
    private enum Value {
        case missing, null, invalid
        case text(String)
    }

    private enum Content {
        case empty
        case json(JSONValue)
        case form([String: String])
    }

    private let content: Content

    /// Reads the body. An empty one has no members, whatever its type.
    ///
    /// Throws 415 for another type than JSON and forms, 400 for what cannot be read.
    init(_ request: Request) throws(Refusal) {
        if request.body.isEmpty {
            content = .empty
            return
        }
        switch request.contentType {
        case "application/json": content = .json(try Self.object(request.body))
        case "application/x-www-form-urlencoded": content = .form(Self.form(request.body))
        default:
            let type = request.header(.contentType) ?? ""
            throw Refusal(
                .unsupportedMediaType, code: "unsupported_media_type", detail: "Unsupported media type \"\(type)\" in request.")
        }
    }

    /// The text of each field, in their order. Throws 400 with what is wrong with each.
    func fields(_ names: [String]) throws(Refusal) -> [String] {
        var texts: [String] = []
        var problems: [(field: String, problem: String)] = []
        for name in names {
            switch value(name) {
            case .missing: problems.append((name, "This field is required."))
            case .null: problems.append((name, "This field may not be null."))
            case .invalid: problems.append((name, "Not a valid string."))
            case .text(let text):
                let trimmed = Self.trimmed(text)
                if trimmed.isEmpty {
                    problems.append((name, "This field may not be blank."))
                } else if trimmed.utf8.contains(0) {
                    problems.append((name, "Null characters are not allowed."))
                } else {
                    texts.append(trimmed)
                }
            }
        }
        guard problems.isEmpty else { throw Self.refusal(problems) }
        return texts
    }

    private func value(_ name: String) -> Value {
        switch content {
        case .empty: return .missing
        case .form(let fields): return fields[name].map { .text($0) } ?? .missing
        case .json(let root):
            guard let value = root[name] else { return .missing }
            if value.isNull { return .null }
            if let text = value.string { return .text(text) }
            guard value.bool == nil, !value.isObject, !value.isArray else { return .invalid }
            return .text(String(decoding: value.json, as: UTF8.self))
        }
    }

    private static func object(_ bytes: [UInt8]) throws(Refusal) -> JSONValue {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw Refusal(.badRequest, code: "parse_error", detail: "JSON parse error - \(error)")
        }
        let root = document.root
        guard !root.isObject else { return root }
        guard !root.isNull else { throw refusal([("non_field_errors", "No data provided")]) }
        throw refusal([("non_field_errors", "Invalid data. Expected a dictionary, but got \(pythonType(of: root)).")])
    }

    /// The pairs of a form (WHATWG URL §5.1); of a name that is there more than once, the last.
    private static func form(_ bytes: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in bytes[...].split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            fields[decoded(name)] = decoded(pair.dropFirst(name.count + 1))
        }
        return fields
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> String {
        String(decoding: PercentEncoding.decode(text, plusIsSpace: true) ?? Array(text), as: UTF8.self)
    }

    private static func refusal(_ problems: [(field: String, problem: String)]) -> Refusal {
        var refusal = Refusal(.badRequest, code: "invalid", detail: "The body is not valid.")
        refusal.fields = JSONWriter.object { writer in
            for (field, problem) in problems { writer.member(field, [problem]) }
        }
        return refusal
    }

    private static func pythonType(of value: JSONValue) -> String {
        if value.isArray { return "list" }
        if value.string != nil { return "str" }
        if value.bool != nil { return "bool" }
        return value.integer == nil ? "float" : "int"
    }

    /// Without the white space at both ends that Python's `str.strip` takes away.
    private static func trimmed(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) }
        let scalars = text.unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(scalars[...last])
    }
}
