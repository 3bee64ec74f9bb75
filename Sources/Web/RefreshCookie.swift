// RefreshCookie: the refresh token as a cookie that scripts cannot read, and the proof that a request which sets or
// relies on it comes from our own pages.

package import HTTP
import ResourceServer

/// The refresh cookie of one issuer.
package struct RefreshCookie: Sendable {
    private let name: String
    private let isSecure: Bool
    private let issuer: String
    private let origins: [String]

    /// The cookie of an issuer; `origins` are those that CORS lets call.
    ///
    /// On plain http, so on loopback, the `__Host-` prefix and `Secure` are left out: browsers would refuse them.
    package init(issuer: String, origins: [String]) {
        isSecure = issuer.hasPrefix("https://")
        name = isSecure ? "__Host-martlet-refresh" : "martlet-refresh"
        self.issuer = issuer
        self.origins = origins
    }

    /// The refresh token that the request carries; nil when none.
    package func token(in request: Request) -> String? {
        request.cookie(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `Set-Cookie` for a token that lives `seconds`.
    package func setting(_ token: String, seconds: Int64) -> String {
        "\(name)=\(token); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// `Set-Cookie` that takes it away.
    package var clearing: String { setting("", seconds: 0) }

    /// Throws 403 unless the request comes from the issuer's own origin or from a same-site one that CORS lists.
    package func requireOwnOrigin(_ request: Request) throws(Refusal) {
        let site = request.header(.secFetchSite)
        if site == "same-origin" { return }
        if let origin = request.header(.origin) {
            if origin == issuer { return }
            if origins.contains(origin), site == "same-site" || (site == nil && isSameSite(origin)) { return }
        }
        throw .forbidden("The refresh cookie works only for requests from the service's own pages.")
    }

    /// Without the browser's own word for it: the same host, or one below it.
    private func isSameSite(_ origin: String) -> Bool {
        guard let own = Self.host(of: issuer), let other = Self.host(of: origin) else { return false }
        return own.scheme == other.scheme && (own.host == other.host || other.host.hasSuffix("." + own.host))
    }

    private static func host(of origin: String) -> (scheme: Substring, host: Substring)? {
        let parts = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        // The colons of an IPv6 address stand in brackets (RFC 3986 §3.2.2).
        let end: Character = parts[2].hasPrefix("[") ? "]" : ":"
        let host = parts[2].prefix { $0 != end }
        return host.isEmpty ? nil : (parts[0], host)
    }
}
