// DRFBody: a request's members as Django REST framework's parsers and its CharField read them: JSON or a form, values trimmed,
// numbers taken as their text. What is wrong is told in that framework's words, for every field at once.

import Accounts
import HTTP
import MartletEncoding
import ResourceServer

/// The fields of a request.
struct DRFBody: Sendable {
    /// What stands under a name.
    enum Value {
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
    /// Throws 415 for another type than JSON and the two of forms, 400 for what cannot be read.
    init(_ request: Request) throws(Refusal) {
        if request.body.isEmpty {
            content = .empty
            return
        }
        switch request.contentType {
        case "application/json": content = .json(try Self.object(request.body))
        case "application/x-www-form-urlencoded": content = .form(Self.form(request.body))
        case "multipart/form-data":
            guard let boundary = MultipartForm.boundary(of: request.header(.contentType) ?? "") else {
                throw Refusal(.badRequest, code: "parse_error", detail: "Multipart form parse error - Invalid boundary in multipart: None")
            }
            content = .form(MultipartForm.fields(of: request.body, boundary: boundary))
        default:
            let type = request.header(.contentType) ?? ""
            throw Refusal(
                .unsupportedMediaType, code: "unsupported_media_type", detail: "Unsupported media type \"\(type)\" in request.")
        }
    }

    /// The text of each field, in their order. Throws 400 with what is wrong with each.
    func fields(_ names: [String]) throws(Refusal) -> [String] {
        let texts = try texts(names.map { DRFField($0) })
        return names.compactMap { texts[$0] }
    }

    /// The texts of the fields that are there. Throws 400 with what is wrong with each.
    func texts(_ fields: [DRFField]) throws(Refusal) -> [String: String] {
        var texts: [String: String] = [:]
        var problems: [(field: String, problems: [String])] = []
        for field in fields {
            switch field.read(value(field.name), ofForm: isForm) {
            case .absent: break
            case .text(let text): texts[field.name] = text
            case .wrong(let found): problems.append((field.name, found))
            }
        }
        guard problems.isEmpty else { throw Self.refusal(problems) }
        return texts
    }

    /// Whether the field is there, whatever it holds.
    func has(_ name: String) -> Bool {
        if case .missing = value(name) { false } else { true }
    }

    /// The key of another record, a whole number or a text. Throws 400 with what is wrong with it.
    func key(_ name: String) throws(Refusal) -> String {
        switch value(name) {
        case .missing: throw Self.refusal([(name, ["This field is required."])])
        case .null, .text(""): throw Self.refusal([(name, ["This field may not be null."])])
        case .text(let text): return text
        case .invalid:
            guard case .json(let root) = content, let value = root[name] else { throw Self.refusal([(name, ["Not a valid string."])]) }
            throw Self.refusal([(name, ["Incorrect type. Expected pk value, received \(Self.pythonType(of: value))."])])
        }
    }

    private var isForm: Bool {
        if case .form = content { true } else { false }
    }

    func value(_ name: String) -> Value {
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
        guard !root.isNull else { throw refusal([("non_field_errors", ["No data provided"])]) }
        throw refusal([("non_field_errors", ["Invalid data. Expected a dictionary, but got \(pythonType(of: root))."])])
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

    /// 400 with what is wrong with each field.
    static func refusal(_ problems: [(field: String, problems: [String])]) -> Refusal {
        var refusal = Refusal(.badRequest, code: "invalid", detail: "The body is not valid.")
        refusal.fields = JSONWriter.object { writer in
            for (field, problems) in problems { writer.member(field, problems) }
        }
        return refusal
    }

    /// What the service's own rules refuse, in these shapes.
    static func refusal(_ error: AccountError) -> Refusal {
        switch error {
        case .weakPassword(let problem): refusal([(problem.field, [problem.detail])])
        case .invalid(let problems): refusal(problems.map { ($0.field, [$0.detail]) })
        default: Refusal(error)
        }
    }

    private static func pythonType(of value: JSONValue) -> String {
        if value.isArray { return "list" }
        if value.isObject { return "dict" }
        if value.string != nil { return "str" }
        if value.bool != nil { return "bool" }
        return value.integer == nil ? "float" : "int"
    }
}
