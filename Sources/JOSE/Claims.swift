// Claims: the claims set of a JWT (RFC 7519 §4, RFC 9068 §2.2), read in place. A claim of another type than its RFC says
// reads as if it were not there; `ClaimsPolicy` tells the difference where it matters.
public import MartletEncoding

/// A JSON object of claims.
public struct Claims: Sendable {
    private let document: JSONDocument
    private let root: JSONValue

    /// Reads a claims set; throws when it is not one strict JSON object.
    public init(parsing json: [UInt8]) throws(JOSEError) {
        guard let document = try? JSONDocument(parsing: json) else { throw .invalidJSON }
        guard document.root.isObject else { throw .claimsNotAnObject }
        self.document = document
        root = document.root
    }

    /// Any claim.
    public subscript(_ name: String) -> JSONValue? { root[name] }
    /// All claims in their order.
    public var all: [(name: String, value: JSONValue)] { root.members }
    /// The JSON text.
    public var json: [UInt8] { Array(root.json) }

    /// Bytes of memory held, about.
    package var footprint: Int { document.footprint }

    /// `iss`.
    public var issuer: String? { root["iss"]?.string }
    /// `sub`.
    public var subject: String? { root["sub"]?.string }
    /// `aud`, which is a string or an array of strings (RFC 7519 §4.1.3); empty when there is none.
    public var audience: [String] {
        guard let value = root["aud"] else { return [] }
        return value.string.map { [$0] } ?? value.strings ?? []
    }
    /// `exp`, in whole seconds.
    public var expiresAt: Int64? { root["exp"]?.numericDate }
    /// `nbf`, in whole seconds.
    public var notBefore: Int64? { root["nbf"]?.numericDate }
    /// `iat`, in whole seconds.
    public var issuedAt: Int64? { root["iat"]?.numericDate }
    /// `jti`.
    public var tokenID: String? { root["jti"]?.string }
    /// `client_id` (RFC 8693 §4.3).
    public var clientID: String? { root["client_id"]?.string }
    /// `scope`, separated by spaces (RFC 8693 §4.2); empty when there is none.
    public var scopes: [String] {
        root["scope"]?.string.map { $0.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) } } ?? []
    }
    /// `sid`: the session.
    public var sessionID: String? { root["sid"]?.string }
    /// `roles` (RFC 9068 §2.2.3.1); empty when there are none.
    public var roles: [String] { root["roles"]?.strings ?? [] }
}
