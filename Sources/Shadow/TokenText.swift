// TokenText: what a signed token says of itself, read without any key: names and types of claims are compared, nothing is believed.

import MartletEncoding

/// A JWT in compact form, unverified.
struct TokenText {
    let header: JSONValue
    let claims: JSONValue

    /// Nil for a text that is no token.
    init?(_ text: String) {
        // The base64url of every text that begins with a brace begins so; most texts do not.
        guard text.utf8.first == UInt8(ascii: "e") else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            header["alg"]?.string != nil
        else { return nil }
        self.header = header
        self.claims = claims
    }

    private static func object(_ part: Substring.UTF8View) -> JSONValue? {
        guard let bytes = Base64URL.decode(Array(part)[...]), let document = try? JSONDocument(parsing: bytes), document.root.isObject
        else { return nil }
        return document.root
    }

    private static let longest = 16 * 1024
}
