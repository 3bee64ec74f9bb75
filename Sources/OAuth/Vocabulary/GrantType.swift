// GrantType, ResponseMode, Prompt: words of requests, each a closed list. A new grant is a case here and a file in Token/.

/// What a token is asked for with.
package enum GrantType: String, Sendable, Hashable, CaseIterable {
    case authorizationCode = "authorization_code"
    case refreshToken = "refresh_token"
    case clientCredentials = "client_credentials"
    /// RFC 8628 §3.4.
    case deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
    /// RFC 8693 §2.1.
    case tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
}

/// How an authorization response travels.
package enum ResponseMode: String, Sendable, Hashable, CaseIterable {
    case query
    case fragment
    /// OAuth 2.0 Form Post Response Mode.
    case formPost = "form_post"
}

/// What the person is to be asked, whatever is known (OpenID Connect Core 1.0 §3.1.2.1).
package enum Prompt: String, Sendable, Hashable, CaseIterable {
    case none, login, consent
    case selectAccount = "select_account"
    /// Initiating User Registration via OpenID Connect 1.0.
    case create
}
