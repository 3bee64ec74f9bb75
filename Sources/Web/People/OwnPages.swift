// OwnPages: whether a request comes from our own pages, which is the proof that is asked for wherever a cookie speaks for somebody:
// the issuer's origin, and same-site ones that CORS lists.

import HTTP

/// The origins whose pages may rely on cookies.
package struct OwnPages: Sendable {
    private let issuer: String
    private let origins: [String]

    /// The pages of an issuer; `origins` are those that CORS lets call.
    package init(issuer: String, origins: [String]) {
        self.issuer = issuer
        self.origins = origins
    }

    /// Whether cookies may be `Secure`: on plain http, so on loopback, browsers would refuse them.
    var areSecure: Bool { issuer.hasPrefix("https://") }

    /// Whether the browser says, or the `Origin` shows, that one of them sent the request.
    func sent(_ request: Request) -> Bool {
        let site = request.header(.secFetchSite)
        if site == "same-origin" { return true }
        guard let origin = request.header(.origin) else { return false }
        if origin == issuer { return true }
        return origins.contains(origin) && (site == "same-site" || (site == nil && isSameSite(origin)))
    }

    /// Whether a browser sent it at all: every one of this decade says where a request that may change something comes from.
    func isFromBrowser(_ request: Request) -> Bool {
        request.headerCount(.secFetchSite) > 0 || request.headerCount(.origin) > 0
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
