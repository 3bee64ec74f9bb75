// BrowserCookie: what a browser is known by on the pages: a random value that it keeps, and that no script can read. Before anybody signs
// in it is a mere mark, which forms are bound to; the cookie of somebody who is signed in has a name of its own, so that signing in
// always begins with a new value (no session fixation).

package import HTTP
package import MartletCryptography
import MartletEncoding

/// A cookie of the pages.
package struct BrowserCookie: Sendable {
    /// What it is for.
    package enum Purpose: String, Sendable {
        /// A browser that a page was shown to.
        case visitor
        /// Somebody who is signed in.
        case session
    }

    /// What the browser keeps: 256 random bits.
    package struct Value: Sendable, Hashable {
        package let bytes: [UInt8]

        /// A new one.
        package init(random: RandomSource) {
            bytes = random.bytes(Self.length)
        }

        /// Reads a cookie's value. nil unless it is the one spelling of 32 bytes.
        package init?(parsing text: String) {
            guard let bytes = Base64URL.decode(text), bytes.count == Self.length else { return nil }
            self.bytes = bytes
        }

        /// What is stored of it: SHA-256.
        package var hash: [UInt8] { Digest.sha256.hash(bytes) }

        private static let length = 32
    }

    private let name: String
    private let isSecure: Bool

    /// The cookie of an issuer.
    ///
    /// On plain http, so on loopback, the `__Host-` prefix and `Secure` are left out: browsers would refuse them.
    package init(_ purpose: Purpose, issuer: String) {
        isSecure = issuer.hasPrefix("https://")
        name = (isSecure ? "__Host-" : "") + "martlet-" + purpose.rawValue
    }

    /// What the request carries; nil when there is none, or not one of ours.
    package func value(in request: Request) -> Value? {
        request.cookie(name).flatMap { Value(parsing: $0) }
    }

    /// `Set-Cookie` for a value. Without `seconds` it lives until the browser ends.
    ///
    /// `SameSite=Lax` (RFC 6265bis §5.6.7.1): it comes along when a client's page links here, and not when one posts here or loads
    /// something.
    package func setting(_ value: Value, seconds: Int64? = nil) -> String {
        field(Base64URL.encode(value.bytes), seconds)
    }

    /// `Set-Cookie` that takes it away.
    package var clearing: String { field("", 0) }

    private func field(_ text: String, _ seconds: Int64?) -> String {
        "\(name)=\(text); Path=/" + (seconds.map { "; Max-Age=\($0)" } ?? "") + "; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}
