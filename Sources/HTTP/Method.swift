// Method: the request methods of RFC 9110 §9 that routes are written for; any other valid token is `.other`,
// which no route accepts, so that it ends as 405 (or 404) and never as a surprise.

/// A request method. Names are case-sensitive (RFC 9110 §9.1).
package enum Method: UInt8, Sendable, Hashable, CaseIterable {
    case get, head, post, put, patch, delete, options, other

    /// The method a token names; `.other` for every token that is none of the known ones.
    package init(token: UnsafeBufferPointer<UInt8>) {
        switch token.count {
        case 3 where token.equals("GET"): self = .get
        case 3 where token.equals("PUT"): self = .put
        case 4 where token.equals("POST"): self = .post
        case 4 where token.equals("HEAD"): self = .head
        case 5 where token.equals("PATCH"): self = .patch
        case 6 where token.equals("DELETE"): self = .delete
        case 7 where token.equals("OPTIONS"): self = .options
        default: self = .other
        }
    }

    /// The method's name as `Allow` and logs write it.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: "OTHER"
        }
    }
}
