// FieldList: header fields as curl wants them, a linked list of lines. What would end a line early never gets into it.

import CMartletCurl
import MartletVerifier

/// The header fields of a request, in curl's own form.
final class FieldList {
    /// The list's beginning; nil when there are no fields.
    private(set) var first: UnsafeMutablePointer<curl_slist>?

    /// Copies the fields, and takes away those that curl would add by itself.
    init(_ fields: [(name: String, value: [UInt8])]) throws(FetchFailure) {
        for field in fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isNameByte), field.value.allSatisfy(Self.isValueByte) else {
                throw .unreachable(detail: "a header field of the request is malformed")
            }
            // "Name:" would take a field away; a semicolon sends it empty (CURLOPT_HTTPHEADER(3)).
            try append(Array(field.name.utf8) + (field.value.isEmpty ? [UInt8(ascii: ";")] : Array(": ".utf8) + field.value))
        }
        for name in Self.added where !fields.contains(where: { $0.name.lowercased() == name }) { try append(Array("\(name):".utf8)) }
    }

    deinit { martlet_curl_slist_free_all(first) }

    private func append(_ line: [UInt8]) throws(FetchFailure) {
        let text = line.map { CChar(bitPattern: $0) } + [0]
        guard let list = martlet_curl_slist_append(first, text) else {
            throw .unreachable(detail: "libcurl has no memory for the request")
        }
        first = list
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ";")
    }

    private static func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") }

    private static let added = ["accept", "content-type", "expect"]
}
