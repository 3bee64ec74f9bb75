// RefreshCookie: the refresh token as a cookie that scripts cannot read, and the proof that a request which sets or
// relies on it comes from our own pages.

package import HTTP
import ResourceServer

/// The refresh cookie of one issuer.
package struct RefreshCookie: Sendable {
    private let name: String
    /// Whose requests may set it or rely on it.
    let pages: OwnPages

    /// The cookie of an issuer; `origins` are those that CORS lets call.
    ///
    /// On plain http, so on loopback, the `__Host-` prefix and `Secure` are left out: browsers would refuse them.
    package init(issuer: String, origins: [String]) {
        pages = OwnPages(issuer: issuer, origins: origins)
        name = pages.areSecure ? "__Host-martlet-refresh" : "martlet-refresh"
    }

    /// The refresh token that the request carries; nil when none.
    package func token(in request: Request) -> String? {
        request.cookie(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `Set-Cookie` for a token that lives `seconds`.
    package func setting(_ token: String, seconds: Int64) -> String {
        "\(name)=\(token); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (pages.areSecure ? "; Secure" : "")
    }

    /// `Set-Cookie` that takes it away.
    package var clearing: String { setting("", seconds: 0) }

    /// Throws 403 unless the request comes from the issuer's own origin or from a same-site one that CORS lists.
    package func requireOwnOrigin(_ request: Request) throws(Refusal) {
        guard pages.sent(request) else {
            throw .forbidden("The refresh cookie works only for requests from the service's own pages.")
        }
    }
}
