// OAuthParameters: the parameters of a request, from a form body or a query. Read once, by the rules that every endpoint shares;
// a step never sees the raw text.

import MartletEncoding

/// The parameters of a request to an OAuth endpoint.
///
/// RFC 6749 §3.1: "Parameters sent without a value MUST be treated as if they were omitted from the request … Request and response
/// parameters MUST NOT be included more than once." What RFC 8707 §2 and RFC 8693 §2.1 let repeat is read by ``all(_:)``.
package struct OAuthParameters: Sendable, Hashable {
    private var values: [String: [String]]

    /// More than any request of the protocol has.
    package static let maximumCount = 64

    /// Reads `name=value` pairs (`application/x-www-form-urlencoded`, RFC 6749 appendix B).
    ///
    /// Throws `invalid_request` for too many of them and for what does not decode to UTF-8.
    package init(parsing text: ArraySlice<UInt8>) throws(OAuthError) {
        values = [:]
        let pairs = text.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= Self.maximumCount else { throw OAuthError(.invalidRequest, "The request has too many parameters.") }
        for pair in pairs {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            let value = try Self.decoded(pair.dropFirst(name.count + 1))
            guard !value.isEmpty else { continue }
            values[try Self.decoded(name), default: []].append(value)
        }
    }

    /// Parameters that came another way: in a request object, or pushed before.
    package init(_ values: [String: [String]]) {
        self.values = values.mapValues { $0.filter { !$0.isEmpty } }.filter { !$0.value.isEmpty }
    }

    /// Reads what ``json`` wrote. Throws `server_error` for anything else.
    package init(json text: String) throws(OAuthError) {
        guard let root = (try? JSONDocument(parsing: Array(text.utf8)))?.root, root.isObject else {
            throw OAuthError(.serverError, "The request cannot be read.", logDetail: "stored parameters are no JSON object")
        }
        self.init(Dictionary(root.members.map { ($0.name, $0.value.strings ?? []) }) { first, _ in first })
    }

    /// A JSON object with an array of texts for each parameter.
    package var json: String {
        let bytes = JSONWriter.object(capacity: 512) { writer in
            for (name, values) in values.sorted(by: { $0.key < $1.key }) { writer.member(name, values) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Those without the ones of these names.
    package func removing(_ names: Set<String>) -> Self { Self(values.filter { !names.contains($0.key) }) }

    /// Those with this one, in place of what was there.
    package func setting(_ name: String, to value: String) -> Self { Self(values.merging([name: [value]]) { $1 }) }

    /// The value of a parameter; nil when it is not there.
    ///
    /// Throws `invalid_request` when it is there more than once.
    package subscript(_ name: String) -> String? {
        get throws(OAuthError) {
            guard let found = values[name] else { return nil }
            guard found.count == 1 else { throw OAuthError(.invalidRequest, "\(Self.printable(name)) is given more than once.") }
            return found.first
        }
    }

    /// The value of a parameter that must be there.
    ///
    /// Throws `invalid_request` when it is not, or more than once.
    package func required(_ name: String) throws(OAuthError) -> String {
        guard let value = try self[name] else { throw OAuthError(.invalidRequest, "\(name) is missing.") }
        return value
    }

    /// Every value of a parameter that may repeat, in their order.
    package func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Throws `invalid_request` when anything but the parameters named here is given more than once, known or not.
    package func refuseRepeated(except mayRepeat: Set<String>) throws(OAuthError) {
        let repeated = values.filter { $0.value.count > 1 && !mayRepeat.contains($0.key) }.keys.min()
        guard let repeated else { return }
        throw OAuthError(.invalidRequest, "\(Self.printable(repeated)) is given more than once.")
    }

    private static func decoded(_ text: ArraySlice<UInt8>) throws(OAuthError) -> String {
        guard let bytes = PercentEncoding.decode(text, plusIsSpace: true), let text = String(validating: bytes, as: UTF8.self) else {
            throw OAuthError(.invalidRequest, "The parameters are not well-formed.")
        }
        return text
    }

    /// A name of the peer's, fit for `error_description` (RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E).
    static func printable(_ name: String) -> String {
        let bytes = name.utf8.prefix(64).map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
