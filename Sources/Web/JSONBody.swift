// JSONBody: the JSON object that a request carries, read member by member. Unknown members are ignored, a member of
// the wrong type is refused by name, and every problem of a member is gathered before the refusal.

import Accounts
package import HTTP
import MartletEncoding

/// A request's JSON object.
package struct JSONBody: Sendable {
    private let members: JSONValue?

    /// Reads the body. An empty one reads as an object without members when `mayBeEmpty`.
    ///
    /// Throws 415 for another media type, 400 `invalid_json` with the place for what is not JSON.
    package init(_ request: Request, mayBeEmpty: Bool = false) throws(Refusal) {
        if request.body.isEmpty, mayBeEmpty {
            members = nil
            return
        }
        guard request.contentType == "application/json" else {
            throw Refusal(.unsupportedMediaType, code: "unsupported_media_type", detail: "The body must be application/json.")
        }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: request.body)
        } catch {
            throw Refusal(.badRequest, code: "invalid_json", detail: "The body is not valid JSON: \(error).")
        }
        guard document.root.isObject else { throw .invalidRequest("The body must be a JSON object.") }
        members = document.root
    }

    /// The object itself. Throws 400 `invalid_request` where there is no body.
    func object() throws(Refusal) -> JSONValue {
        guard let members else { throw .invalidRequest("The body must be a JSON object.") }
        return members
    }

    /// A string that has to be there and not be empty.
    package func required(_ name: String) throws(Refusal) -> String {
        guard let text = try string(name), !text.isEmpty else {
            throw .invalid([FieldProblem(name, "required", "This member is needed.")])
        }
        return text
    }

    /// A string; nil when the member is missing or null.
    package func string(_ name: String) throws(Refusal) -> String? {
        guard let value = present(name) else { return nil }
        guard let text = value.string else { throw Self.wrongType(name, "a string") }
        return text
    }

    /// A truth value; nil when the member is missing or null.
    package func bool(_ name: String) throws(Refusal) -> Bool? {
        guard let value = present(name) else { return nil }
        guard let bool = value.bool else { throw Self.wrongType(name, "true or false") }
        return bool
    }

    /// A list of strings; nil when the member is missing or null.
    package func strings(_ name: String) throws(Refusal) -> [String]? {
        guard let value = present(name) else { return nil }
        guard let strings = value.strings else { throw Self.wrongType(name, "an array of strings") }
        return strings
    }

    /// Whether the member is there, be it null.
    package func has(_ name: String) -> Bool { members?[name] != nil }

    private func present(_ name: String) -> JSONValue? {
        guard let value = members?[name], !value.isNull else { return nil }
        return value
    }

    private static func wrongType(_ name: String, _ type: String) -> Refusal {
        .invalid([FieldProblem(name, "wrong_type", "It must be \(type).")])
    }
}
