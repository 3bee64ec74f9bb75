// FieldList: header fields as curl wants them, a linked list of lines. What would end a line early never gets into it.

import CMartletCurl
import MartletVerifier

/// The header fields of a request, in curl's own form.
final class FieldList {
    /// The list's beginning; nil when there are no fields.
    private(set) var first: UnsafeMutablePointer<curl_slist>?

    /// Copies the fields.
    init(_ fields: [(name: String, value: String)]) throws(FetchFailure) {
        for field in fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isNameByte), field.value.utf8.allSatisfy(Self.isValueByte) else {
                throw .unreachable(detail: "a header field of the request is malformed")
            }
            // "Name:" would take a field away; a semicolon sends it empty (CURLOPT_HTTPHEADER(3)).
            let line = field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
            guard let list = martlet_curl_slist_append(first, line) else {
                throw .unreachable(detail: "libcurl has no memory for the request")
            }
            first = list
        }
    }

    deinit { martlet_curl_slist_free_all(first) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ";")
    }

    private static func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") }
}
