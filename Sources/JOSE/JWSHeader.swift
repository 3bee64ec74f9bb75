// JWSHeader: the protected header of a compact JWS (RFC 7515 §4). Key material in it (jwk, jku, x5c, x5u) is never looked at:
// which key to use is the verifier's decision.
import MartletEncoding

/// A header that says how its token is signed. It says so unverified, until the signature has been checked.
public struct JWSHeader: Sendable, Hashable {
    /// `alg` as it is written.
    public let algorithmName: String
    /// `alg`, when it is one of the table; nil for any other, `none` included.
    public let algorithm: SignatureAlgorithm?
    /// `kid`.
    public let keyID: String?
    /// `typ`.
    public let type: String?

    /// Reads a header from its base64url segment. Throws where it is not one strict JSON object with `alg`, or demands
    /// something with `crit` or `b64`.
    package init(segment: UnsafeBufferPointer<UInt8>) throws(JOSEError) {
        guard let json = Base64URL.decode(segment) else { throw .invalidBase64URL }
        guard let document = try? JSONDocument(parsing: json) else { throw .invalidJSON }
        let header = document.root
        guard header.isObject, let algorithmName = header["alg"]?.string else { throw .invalidHeader }
        // RFC 7515 §4.1.11: whoever does not understand an extension named in crit must refuse. None is understood here,
        // and b64 (RFC 7797 §6) means nothing without crit.
        guard header["crit"] == nil, header["b64"] == nil else { throw .criticalHeader }
        self.algorithmName = algorithmName
        algorithm = SignatureAlgorithm(rawValue: algorithmName)
        keyID = try Self.text(header["kid"])
        type = try Self.text(header["typ"])
    }

    /// Whether `typ` names this media type, such as `at+jwt`.
    public func hasType(_ expected: String) -> Bool {
        guard let type else { return false }
        return Self.isSameType(type, expected)
    }

    static func isSameType(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) || MediaTypeName(one) == MediaTypeName(other)
    }

    private static func text(_ value: JSONValue?) throws(JOSEError) -> String? {
        guard let value else { return nil }
        guard let text = value.string else { throw .invalidHeader }
        return text
    }
}

/// A `typ` for comparison: case does not matter (RFC 2045 §5.1), and `application/` may be left out where no other slash
/// stands (RFC 7515 §4.1.9).
private struct MediaTypeName: Equatable {
    private let letters: [UInt8]

    init(_ text: String) {
        let folded = text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        let rest = folded.dropFirst(Self.prefix.count)
        let isShortened = folded.starts(with: Self.prefix) && !rest.isEmpty && !rest.contains(UInt8(ascii: "/"))
        letters = isShortened ? Array(rest) : folded
    }

    private static let prefix = Array("application/".utf8)
}
