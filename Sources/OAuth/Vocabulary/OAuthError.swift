// OAuthError: what an OAuth endpoint says in place of what it was asked for. A value, thrown by the steps; how it travels (a JSON
// body, a redirect, a page) is decided where the endpoint answers.

/// A refusal in the protocol's own words (RFC 6749 §4.1.2.1 and §5.2, and the documents named at the codes).
package struct OAuthError: Error, Sendable, Hashable {
    package let code: Code
    /// `error_description`: a sentence for the developer of the client.
    package let description: String
    /// For the log alone.
    package let logDetail: String?
    /// The member of client metadata that is wrong, for the admin API; nil where it is no single one.
    package let member: String?

    package init(_ code: Code, _ description: String, logDetail: String? = nil, member: String? = nil) {
        self.code = code
        self.description = description
        self.logDetail = logDetail
        self.member = member
    }

    package enum Code: String, Sendable, Hashable, CaseIterable {
        // RFC 6749 §5.2
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case invalidScope = "invalid_scope"
        // RFC 6749 §4.1.2.1
        case accessDenied = "access_denied"
        case unsupportedResponseType = "unsupported_response_type"
        case serverError = "server_error"
        case temporarilyUnavailable = "temporarily_unavailable"
        // OpenID Connect Core 1.0 §3.1.2.6
        case interactionRequired = "interaction_required"
        case loginRequired = "login_required"
        case consentRequired = "consent_required"
        case invalidRequestURI = "invalid_request_uri"
        case invalidRequestObject = "invalid_request_object"
        case registrationNotSupported = "registration_not_supported"
        // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
        case unmetAuthenticationRequirements = "unmet_authentication_requirements"
        // RFC 7009 §2.2.1
        case unsupportedTokenType = "unsupported_token_type"
        // RFC 7591 §3.2.2
        case invalidRedirectURI = "invalid_redirect_uri"
        case invalidClientMetadata = "invalid_client_metadata"
        case unapprovedSoftwareStatement = "unapproved_software_statement"
        // RFC 8628 §3.5
        case authorizationPending = "authorization_pending"
        case slowDown = "slow_down"
        case expiredToken = "expired_token"
        // RFC 8707 §2
        case invalidTarget = "invalid_target"
        // RFC 9449 §5 and §8
        case invalidDPoPProof = "invalid_dpop_proof"
        case useDPoPNonce = "use_dpop_nonce"
        // RFC 6750 §3.1, at the endpoints that take an access token
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
    }

    /// The status of an answer with a body.
    package var status: Int {
        switch code {
        case .invalidClient, .invalidToken: 401
        case .insufficientScope: 403
        case .serverError: 500
        case .temporarilyUnavailable: 503
        default: 400
        }
    }
}
