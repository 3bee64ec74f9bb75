// Endpoint: which requests Martlet is asked, too: those of the endpoints that docs/django.md lists, by what they do, as far as the
// operator wants them asked. Everything else is between the frontend and the old service.

/// A place that both services have.
package struct Endpoint: Sendable, Hashable {
    /// What a request there does.
    package enum Act: Sendable, Hashable {
        /// Gives tokens for a password: begins a session at Martlet.
        case obtain
        /// Gives tokens for a token.
        case refresh
        /// Tells whether a token is good, and changes nothing.
        case verify
        /// Ends a session.
        case end
        /// Anything else: GET reads, other methods write.
        case other
    }

    /// How reports name it: its path, or the prefix it was found by. Never what else stands in the path of a request.
    package let name: String
    /// What a request there does.
    package let act: Act
}

/// How much Martlet is asked. Each asks what the one before it does.
package enum ShadowLevel: String, Sendable, CaseIterable {
    /// What changes nothing: GET, HEAD, OPTIONS, and whether a token is good.
    case reads
    /// Logins, refreshes and logouts, too: they make sessions at Martlet, and the map of tokens.
    case logins
    /// Whatever writes: registrations, changes of a password or a profile.
    case all

    /// Whether a request is asked.
    package func asks(_ method: String, _ act: Endpoint.Act) -> Bool {
        let isSafe = ["GET", "HEAD", "OPTIONS"].contains(method)
        return switch act {
        case .verify: true
        // A logout may be a GET (ACCOUNT_LOGOUT_ON_GET).
        case .end: self != .reads
        case .obtain, .refresh: isSafe || self != .reads
        case .other: isSafe || self == .all
        }
    }
}

/// The endpoints that are compared.
package struct EndpointTable: Sendable {
    private let endpoints: [String: Endpoint]
    private let prefixes: [String]

    /// The endpoints of docs/django.md, and every path that begins with one of `prefixes`.
    package init(andBelow prefixes: [String] = []) {
        endpoints = Dictionary(uniqueKeysWithValues: Self.known.map { ($0, Endpoint(name: $0, act: $1)) })
        self.prefixes = prefixes.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The endpoint of a path; a slash at its end may be missing. Nil when nothing is compared there.
    package func endpoint(of path: String) -> Endpoint? {
        if let endpoint = endpoints[path] ?? endpoints[path + "/"] { return endpoint }
        return prefixes.first { path.hasPrefix($0) }.map { Endpoint(name: $0 + "…", act: .other) }
    }

    private static let known: [(String, Endpoint.Act)] = [
        ("/api/token/", .obtain), ("/api/token/refresh/", .refresh), ("/api/token/verify/", .verify), ("/api/token/blacklist/", .end),
        ("/api-token-auth/", .obtain), ("/api-token-refresh/", .refresh), ("/api-token-verify/", .verify),
        ("/api-token-blacklist/", .end), ("/api-token-impersonate/", .obtain), ("/jwt-auth/", .obtain), ("/register/", .other),
        ("/dj-rest-auth/login/", .obtain), ("/dj-rest-auth/token/refresh/", .refresh), ("/dj-rest-auth/token/verify/", .verify),
        ("/dj-rest-auth/logout/", .end), ("/dj-rest-auth/user/", .other), ("/dj-rest-auth/password/change/", .other),
        ("/dj-rest-auth/registration/", .other),
    ]
}
