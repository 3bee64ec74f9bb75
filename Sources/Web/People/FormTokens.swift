// FormTokens: proof that a form which a browser posts was shown to that browser by us (cross-site request forgery). The token is an HMAC
// of the browser's own cookie, so nothing is stored, and neither half is any good without the other.

package import HTTP
package import MartletCryptography
import MartletEncoding

/// Tokens of forms.
package struct FormTokens: Sendable {
    private let key: HMACKey

    /// Tokens under a key of this purpose alone; forms that are open when it changes have to be opened again.
    package init(key: HMACKey) {
        self.key = key
    }

    /// The token for the forms of a browser: the value of its visitor's cookie before anybody signed in, of the session's after.
    package func token(for value: BrowserCookie.Value) -> String {
        Base64URL.encode(key.code(for: message(value)))
    }

    /// Whether a request that brought this token is a form of ours, shown to the browser of `value`. The time does not depend on where
    /// a wrong token differs.
    ///
    /// A browser that says where the request comes from has to say that it comes from us; that needs no secret, so it also holds where
    /// one leaked.
    package func accepts(_ token: String?, for value: BrowserCookie.Value?, in request: Request) -> Bool {
        guard request.headerCount(.secFetchSite) == 0 || request.header(.secFetchSite) == "same-origin" else { return false }
        guard let value, let code = token.flatMap({ Base64URL.decode($0) }) else { return false }
        return key.isValid(code: code, for: message(value))
    }

    private func message(_ value: BrowserCookie.Value) -> [UInt8] { Self.purpose + value.bytes }

    private static let purpose = Array("martlet form token\0".utf8)
}
