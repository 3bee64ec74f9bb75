// Request: what a handler sees. Bytes were judged when they were read; text is made when it is asked for.

package import MartletEncoding
import Synchronization

/// A complete request.
package final class Request: Sendable {
    /// The request's method; `.head` for HEAD, also where a GET route answers it.
    package let method: Method
    /// The content, whole; empty when there is none.
    package let body: [UInt8]
    /// The request's id, the same as in the answer's `X-Request-Id`.
    package let id: RequestID
    /// The client's address, behind whatever trusted proxies say.
    package let client: ClientAddress
    /// Whether a trusted proxy sent it, whose other forwarding fields may be believed, too.
    package let isForwarded: Bool
    /// When the request was complete.
    package let receivedAt: UnixTime

    private let head: RequestHead
    private let parameters: [Router.Parameter]
    /// Kept for as long as the content is.
    private let bodyShare: BodyBudget.Share?
    private let counted = Mutex<[UInt8]>([])

    /// A request from its parts; `parameters` is what the router captured, `bodyShare` what the content takes of a budget.
    package init(
        head: RequestHead, parameters: [Router.Parameter] = [], body: [UInt8], bodyShare: BodyBudget.Share? = nil, id: RequestID,
        client: ClientAddress, isForwarded: Bool = false, receivedAt: UnixTime
    ) {
        self.bodyShare = bodyShare
        self.head = head
        self.parameters = parameters
        self.body = body
        self.id = id
        self.client = client
        self.isForwarded = isForwarded
        self.receivedAt = receivedAt
        method = head.method
    }

    /// The path, percent-decoded, without the query. Has no NUL, dot segment or backslash; a slash that was escaped still is (`%2F`).
    package var path: String {
        let path = head.path
        guard path.contains(RequestTarget.escapedSlash) else { return String(decoding: path, as: UTF8.self) }
        return String(decoding: path.flatMap { $0 == RequestTarget.escapedSlash ? Array("%2F".utf8) : [$0] }, as: UTF8.self)
    }

    /// The method's name as it was sent, also where no route is written for it.
    package var methodName: String { String(decoding: head.methodToken, as: UTF8.self) }

    /// Path and query as they were sent, ASCII without a space: what a server behind this one is asked for.
    package var target: String { String(decoding: head.target, as: UTF8.self) }

    /// All header fields in their order, names in lower case, values as they were sent.
    package var fields: [(name: String, value: [UInt8])] {
        head.fields.map { field in
            let name = head.bytes[Int(field.nameStart)..<Int(field.nameEnd)]
            return (String(decoding: name, as: UTF8.self), Array(head.bytes[field.value]))
        }
    }

    /// The host the request is for, with its port if it was given: the target's authority, else `Host`; nil for HTTP/1.0 without.
    package var host: String? {
        head.authority.isEmpty ? nil : String(decoding: head.bytes[head.authority], as: UTF8.self)
    }

    /// What stands in the path where the route's pattern says `{name}`, percent-decoded: a slash that was escaped is one.
    package func parameter(_ name: String) -> String? {
        guard let parameter = parameters.first(where: { $0.name == name }) else { return nil }
        let bytes = head.path.dropFirst(parameter.offset).prefix(parameter.count)
        return String(decoding: bytes.map { $0 == RequestTarget.escapedSlash ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
    }

    /// A parameter of the query, decoded as a form is (`+` is a space); nil when it is not there.
    /// - Throws: 400 `invalid_request` when it is given twice or does not decode to UTF-8.
    package func query(_ name: String) throws(Refusal) -> String? {
        var found: ArraySlice<UInt8>?
        for pair in head.bytes[head.rawQuery].split(separator: UInt8(ascii: "&")) {
            let key = pair.prefix { $0 != UInt8(ascii: "=") }
            guard PercentEncoding.decode(key, plusIsSpace: true).map({ $0.elementsEqual(name.utf8) }) == true else { continue }
            guard found == nil else { throw .invalidRequest("A query parameter is given twice.") }
            found = pair.dropFirst(key.count + 1)
        }
        guard let found else { return nil }
        guard let bytes = PercentEncoding.decode(found, plusIsSpace: true), let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidRequest("A query parameter is not valid.")
        }
        return text
    }

    /// The value of the only header field of this name; nil when there is none, or more than one, since which of them counts
    /// would be a guess. For list-based fields ask `headerList(_:)`.
    package func header(_ name: HeaderName) -> String? {
        headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same as `header(_:)` without a copy.
    package func headerBytes(_ name: HeaderName) -> ArraySlice<UInt8>? { head.bytes(of: name) }

    /// The elements of a list-based field (RFC 9110 §5.6.1) over all its lines, trimmed, empty ones left out. Splits at every
    /// comma, so not for fields whose elements may hold quoted ones.
    package func headerList(_ name: HeaderName) -> [String] {
        head.values(of: name).flatMap { $0.split(separator: UInt8(ascii: ",")) }
            .map { String(decoding: $0.trimmed, as: UTF8.self) }
            .filter { !$0.isEmpty }
    }

    /// The values of all header fields of this name, in order.
    package func headerValues(_ name: HeaderName) -> [String] {
        head.values(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// How many header fields have this name.
    package func headerCount(_ name: HeaderName) -> Int { head.count(of: name) }

    /// The value of a cookie (RFC 6265 §5.4), as it was sent; nil when there is none of this name, or more than one.
    package func cookie(_ name: String) -> String? {
        var found: ArraySlice<UInt8>?
        for field in head.values(of: .cookie) {
            for pair in field.split(separator: UInt8(ascii: ";")) {
                let pair = pair.trimmed
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<equals].elementsEqual(name.utf8) else { continue }
                guard found == nil else { return nil }
                found = pair[(equals + 1)...]
            }
        }
        return found.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether something that counts once comes up in this request for the first time. Several steps may look at the same request, and
    /// what it shows is used once all the same.
    package func isFirstSight(of digest: [UInt8]) -> Bool {
        counted.withLock { counted in
            guard counted != digest else { return false }
            counted = digest
            return true
        }
    }

    /// The body's media type in lower case, without parameters (`application/json`); nil when none, or no well-formed one, is given.
    package var contentType: String? {
        guard let value = headerBytes(.contentType) else { return nil }
        let type = value.prefix { $0 != UInt8(ascii: ";") }.trimmed
        let parts = type.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let wellFormed = parts.count == 2 && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { $0.isTokenCharacter } }
        return wellFormed ? String(decoding: type.map(\.lowercased), as: UTF8.self) : nil
    }
}
