// TokenEndpoint: what every grant has in common: the client is known and may use the grant, the grant says what it is for, tokens come of
// it. A grant is a file beside this one and a case in `grant`.
//
//     parameters, client proved (Web) ──▶ the client may use this grant ──▶ its key, where it must bind tokens ──▶ the grant ──▶ tokens

package import MartletEncoding
package import Store
package import Tokens

/// A request at the token endpoint, its client proved.
package struct TokenRequest: Sendable {
    package let parameters: OAuthParameters
    package let client: Client
    /// Thumbprint of the key that the request was proved with (RFC 9449 §5); nil without a proof.
    package let proofKey: String?
    /// Where it came from, for the session.
    package let origin: ClientDescription
    package let audit: AuditContext
    package let now: UnixTime

    package init(
        parameters: OAuthParameters, client: Client, proofKey: String?, origin: ClientDescription, audit: AuditContext, now: UnixTime
    ) {
        self.parameters = parameters
        self.client = client
        self.proofKey = proofKey
        self.origin = origin
        self.audit = audit
        self.now = now
    }
}

/// What the client gets (RFC 6749 §5.1).
package struct IssuedTokens: Sendable {
    package let access: AccessToken
    /// Space-separated; empty for none.
    package let scope: String
    package let refresh: String?
    package let idToken: String?
    /// Whether the access token is for the holder of a key alone: `token_type` is `DPoP` then (RFC 9449 §5).
    package let isBound: Bool
    /// `issued_token_type` (RFC 8693 §2.2.1), of an exchange alone.
    package let issuedType: String?

    package init(
        access: AccessToken, scope: String, refresh: String? = nil, idToken: String? = nil, isBound: Bool = false, issuedType: String? = nil
    ) {
        self.access = access
        self.scope = scope
        self.refresh = refresh
        self.idToken = idToken
        self.isBound = isBound
        self.issuedType = issuedType
    }
}

/// How a grant ends: called once, on the store's thread or at once, with what is left to do — the signatures — to be run elsewhere.
package typealias TokenCompletion = @Sendable (@escaping @Sendable () throws(OAuthError) -> IssuedTokens) -> Void

/// A grant whose request is in order: what is left is the store's to decide. Holds no thread.
package typealias PendingGrant = @Sendable (_ completion: @escaping TokenCompletion) -> Void

extension AuthorizationServer {
    /// The grants that are served.
    package static let grants: [GrantType] = [.authorizationCode, .refreshToken, .clientCredentials, .deviceCode, .tokenExchange]

    /// Reads a request. May read the store, except for `client_credentials`: belongs on a worker.
    package func grant(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        guard let grant = GrantType(rawValue: try request.parameters.required("grant_type")), Self.grants.contains(grant) else {
            throw OAuthError(.unsupportedGrantType, "This grant type is not served here.")
        }
        try request.client.require(grant)
        // RFC 9449 §5.2: such a client gets bound tokens alone.
        guard request.proofKey != nil || !request.client.metadata.requiresDPoP else {
            throw OAuthError(.invalidDPoPProof, "This client must prove its key (DPoP).")
        }
        switch grant {
        case .authorizationCode: return try redeemCode(request)
        case .refreshToken: return try refresh(request)
        case .clientCredentials: return try actForItself(request)
        case .deviceCode: return try redeemDeviceCode(request)
        case .tokenExchange: return try exchangeToken(request)
        }
    }

    // MARK: What grants share

    /// How long the tokens of a client live. An operator may give a client less than the service's usual, not more: what was taken back
    /// must be over some time.
    func lifetimes(of client: Client) -> ClientLifetimes {
        let session = min(client.policy.sessionLifetime ?? policy.sessionLifetime, policy.sessionLifetime)
        return ClientLifetimes(
            access: min(client.policy.accessLifetime ?? policy.accessLifetime, policy.accessLifetime),
            refresh: min(client.policy.refreshLifetime ?? policy.refreshLifetime, policy.refreshLifetime, session), session: session)
    }

    /// What the session of a request is begun with.
    func preparation(_ request: TokenRequest) -> ClientSessionPreparation {
        sessions.preparation(for: request.client.id, lifetimes(of: request.client), from: request.origin, at: request.now)
    }

    /// `sub` of a user's tokens for a client.
    func subject(of user: User, for client: Client) -> String { subject(of: user.id, for: client) }

    /// The same of an account that may be gone.
    func subject(of user: UserID, for client: Client) -> String { subjects.subject(of: user, for: client) }

    /// What an access token of a session says. `audience` as ``audience(_:of:for:)`` made it.
    func content(
        of user: User, for client: Client, scope: ScopeSet, audience: [String], _ details: GrantDetails
    ) -> ClientTokenContent {
        ClientTokenContent(
            subject: subject(of: user, for: client), audience: audience, scope: scope.text, lifetime: lifetimes(of: client).access,
            authenticatedAt: details.authenticatedAt, context: details.context, methods: details.methods, proofKey: details.proofKey,
            members: accessTokenMembers(of: user, scope))
    }

    /// `aud` of one access token, given what the grant is for: what the request names of it (RFC 8707 §2.2), else all of it where a token
    /// may be for several, else the only one. Throws `invalid_target`.
    func audience(_ parameters: OAuthParameters, of details: GrantDetails, for client: Client) throws(OAuthError) -> [String] {
        let asked = try resources.granted(parameters.all("resource"), to: client)
        guard asked.count <= 1 || client.policy.mayCombineResources else { throw OAuthError.severalResources }
        guard !asked.isEmpty else {
            guard !details.resources.isEmpty else { return [policy.audience] }
            guard details.resources.count == 1 || client.policy.mayCombineResources else { throw OAuthError.severalResources }
            // The client may not have all of them any more.
            return try resources.granted(details.resources, to: client)
        }
        let isGranted = asked.allSatisfy { resource in details.resources.contains { $0.utf8.elementsEqual(resource.utf8) } }
        guard isGranted || (details.resources.isEmpty && asked == [policy.audience]) else {
            throw OAuthError(.invalidTarget, "The grant is not for this resource.")
        }
        return asked
    }

    /// The tokens of a session that a grant just began. `code` is what an ID token goes with, where it is one.
    func tokens(
        of session: Session, _ user: User, begun preparation: ClientSessionPreparation, for request: TokenRequest, audience: [String],
        code: String? = nil
    ) throws(OAuthError) -> IssuedTokens {
        let details = try GrantDetails(parsing: session.details ?? "")
        let scope = ScopeSet(stored: session.scope)
        do throws(TokenFailure) {
            let access = try sessions.accessToken(
                of: session, begun: preparation, content(of: user, for: request.client, scope: scope, audience: audience, details))
            return IssuedTokens(
                access: access, scope: scope.text,
                refresh: details.hasRefreshToken ? try sessions.refreshToken(of: session, user) : nil,
                idToken: scope.contains("openid")
                    ? try idToken(
                        for: request.client, user, details, scope: scope, accessToken: access.text, code: code, at: request.now)
                    : nil,
                isBound: details.proofKey != nil)
        } catch {
            throw OAuthError(error)
        }
    }
}

extension NewSession {
    /// The session of a grant. `browserSession` is the sign-in that it came from, by the name that this has now.
    init(
        _ details: GrantDetails, scope: ScopeSet, for user: UserID, browserSession: String?, _ preparation: ClientSessionPreparation
    ) {
        self = preparation.session(
            for: user, scope: scope.text, details: details.json,
            // OpenID Connect Back-Channel Logout 1.0 §2.7: what has offline_access outlives the sign-in.
            browserSession: scope.contains("offline_access") ? nil : browserSession, hasRefreshToken: details.hasRefreshToken)
        signIn = details.signIn
    }
}

extension OAuthError {
    /// What a token that could not be used, or made, is to a client.
    package init(_ failure: TokenFailure) {
        switch failure {
        case .store(let error): self.init(error)
        case .signing(let detail): self.init(.serverError, "Something went wrong; the log knows more.", logDetail: detail)
        case .invalid(let reason): self.init(.invalidGrant, "The token is not one of this service.", logDetail: reason)
        case .wrongType: self.init(.invalidGrant, "This is another type of token than is asked for here.")
        case .expired, .refreshExpired: self.init(.invalidGrant, "The token has expired.")
        case .replayed: self.init(.invalidGrant, "This refresh token was used before; its session has been ended.")
        case .sessionEnded: self.init(.invalidGrant, "The session has ended.")
        }
    }

    /// RFC 8707 §2.2.
    static let severalResources = OAuthError(
        .invalidTarget, "A token is for one resource: name it, and ask for the next one's by another request.")

    /// The store cannot be asked now.
    package init(_ error: StoreError) {
        self.init(.temporarilyUnavailable, "The service cannot do this now; try again later.", logDetail: error.detail)
    }
}
