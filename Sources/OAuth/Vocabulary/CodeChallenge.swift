// CodeChallenge: PKCE (RFC 7636), S256 only. `plain` shows the verifier to whoever sees the request, so it is refused by name.

import MartletCryptography
import MartletEncoding

/// What an authorization request commits its client to.
package struct CodeChallenge: Sendable, Hashable {
    /// SHA-256 of the verifier.
    package let digest: [UInt8]

    /// A challenge as it was stored.
    package init(digest: [UInt8]) { self.digest = digest }

    /// Reads `code_challenge` and `code_challenge_method`. Throws `invalid_request` for a missing challenge (OAuth 2.1 §4.1.1 demands one),
    /// another method than S256 — left out it means `plain`, RFC 7636 §4.3 — and what is no SHA-256 digest.
    package init(_ challenge: String?, method: String?) throws(OAuthError) {
        guard let challenge else { throw OAuthError(.invalidRequest, "code_challenge is missing: PKCE is required of every client.") }
        guard method == Self.method else { throw OAuthError(.invalidRequest, "code_challenge_method must be S256.") }
        guard let digest = Base64URL.decode(challenge), digest.count == Digest.sha256.byteCount else {
            throw OAuthError(.invalidRequest, "code_challenge must be the SHA-256 of the verifier as 43 characters of base64url.")
        }
        self.digest = digest
    }

    /// Whether this is the challenge of `verifier` (RFC 7636 §4.6).
    package func isMet(by verifier: String) -> Bool {
        Self.isVerifier(verifier) && ConstantTime.equal(Digest.sha256.hash(Array(verifier.utf8)), digest)
    }

    /// Whether a text can be a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
    package static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count) && text.utf8.allSatisfy(isUnreserved)
    }

    /// Whether a text is a SHA-256 digest in base64url.
    static func isDigest(_ text: String) -> Bool { Base64URL.decode(text)?.count == Digest.sha256.byteCount }

    /// The one method.
    package static let method = "S256"

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
