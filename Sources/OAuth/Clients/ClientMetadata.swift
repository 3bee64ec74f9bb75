// ClientMetadata: what a client says about itself, in the members of RFC 7591 §2 and the documents beside them. The same reader serves
// the admin API, dynamic registration and client id metadata documents; what is kept is what it wrote again, so that a stored
// document never says more than was read.

package import MartletEncoding
import MartletJOSE
import MartletVerifier

/// How a client proves who it is at the token endpoint (RFC 7591 §2).
package enum ClientAuthenticationMethod: String, Sendable, Hashable, CaseIterable {
    /// A public client: nothing to prove.
    case none
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    /// RFC 7523 §2.2 with a key of the client's own.
    case privateKeyJWT = "private_key_jwt"

    /// Whether the service keeps a secret of such a client.
    package var hasSecret: Bool { self == .clientSecretBasic || self == .clientSecretPost }
}

/// The description of a client, every rule of it kept.
package struct ClientMetadata: Sendable, Hashable {
    /// `client_name`: what people are shown.
    package var name: String
    /// `client_uri`, `logo_uri`, `policy_uri`, `tos_uri`: https, for the consent page.
    package var pages: Pages
    package var redirectURIs: [RedirectURI]
    /// `post_logout_redirect_uris` (OpenID Connect RP-Initiated Logout 1.0 §3.1).
    package var postLogoutRedirectURIs: [RedirectURI]
    /// `token_endpoint_auth_method`.
    package var authenticationMethod: ClientAuthenticationMethod
    package var grants: Set<GrantType>
    /// `scope`: what the client may ask for; nil for whatever everybody may.
    package var scope: ScopeSet?
    /// `resources`, Martlet's own: the APIs that tokens may be for (RFC 8707); empty for every one the service knows.
    package var resources: [String]
    /// `jwks`, as it was given: the keys of `private_key_jwt`.
    package var keySet: [UInt8]?
    /// `jwks_uri`: where those keys are.
    package var keySetURI: String?
    /// `dpop_bound_access_tokens` (RFC 9449 §5.2): only tokens bound to a key.
    package var requiresDPoP: Bool
    /// `require_pushed_authorization_requests` (RFC 9126 §6).
    package var requiresPushedRequests: Bool
    /// `require_signed_request_object` (RFC 9101 §10.5).
    package var requiresSignedRequests: Bool
    /// `request_object_signing_alg`; nil for any that the client's keys are for.
    package var requestObjectAlgorithm: String?
    /// `require_auth_time` (OpenID Connect Dynamic Client Registration 1.0 §2).
    package var requiresAuthTime: Bool
    /// `default_max_age`, in seconds.
    package var defaultMaxAge: Int64?
    /// `id_token_signed_response_alg`; nil for RS256.
    package var idTokenAlgorithm: String?
    /// `introspection_signed_response_alg` (RFC 9701 §6); nil for RS256.
    package var introspectionAlgorithm: String?
    /// `subject_type`: a name for each sector (OpenID Connect Core 1.0 §8.1).
    package var isPairwise: Bool
    /// `sector_identifier_uri`.
    package var sectorIdentifierURI: String?
    /// `backchannel_logout_uri` and `backchannel_logout_session_required`.
    package var backChannelLogout: LogoutAddress?
    /// `frontchannel_logout_uri` and `frontchannel_logout_session_required`.
    package var frontChannelLogout: LogoutAddress?

    package struct Pages: Sendable, Hashable {
        package var home: String?
        package var logo: String?
        package var policy: String?
        package var terms: String?
    }

    package struct LogoutAddress: Sendable, Hashable {
        package var uri: String
        package var needsSession: Bool
    }

    /// Reads a JSON object of metadata. Unknown members are ignored (RFC 7591 §2).
    ///
    /// Throws `invalid_redirect_uri` and `invalid_client_metadata` with what is wrong.
    package init(parsing json: JSONValue) throws(OAuthError) {
        let members = MetadataMembers(json)
        grants = try Self.grants(members)
        try Self.checkResponseTypes(members, for: grants)
        authenticationMethod = try Self.authenticationMethod(members)
        redirectURIs = try members.redirectURIs("redirect_uris")
        postLogoutRedirectURIs = try members.redirectURIs("post_logout_redirect_uris")
        name = try members.text("client_name", maximum: 200) ?? ""
        pages = Pages(
            home: try members.pageURI("client_uri"), logo: try members.pageURI("logo_uri"), policy: try members.pageURI("policy_uri"),
            terms: try members.pageURI("tos_uri"))
        scope = try members.scope("scope")
        resources = try members.texts("resources")
        keySet = try members.object("jwks")
        keySetURI = try members.pageURI("jwks_uri")
        requiresDPoP = try members.flag("dpop_bound_access_tokens")
        requiresPushedRequests = try members.flag("require_pushed_authorization_requests")
        requiresSignedRequests = try members.flag("require_signed_request_object")
        requestObjectAlgorithm = try members.text("request_object_signing_alg", maximum: 16)
        requiresAuthTime = try members.flag("require_auth_time")
        defaultMaxAge = try members.seconds("default_max_age")
        idTokenAlgorithm = try members.text("id_token_signed_response_alg", maximum: 16)
        introspectionAlgorithm = try members.text("introspection_signed_response_alg", maximum: 16)
        isPairwise = try members.choice("subject_type", ["public": false, "pairwise": true]) ?? false
        sectorIdentifierURI = try members.pageURI("sector_identifier_uri")
        backChannelLogout = try members.logoutAddress("backchannel_logout")
        frontChannelLogout = try members.logoutAddress("frontchannel_logout")
        try checkWhole()
    }

    /// Writes the members again, in the names they were read by.
    package func write(to writer: inout JSONWriter) {
        if !name.isEmpty { writer.member("client_name", name) }
        for (member, page) in [
            ("client_uri", pages.home), ("logo_uri", pages.logo), ("policy_uri", pages.policy), ("tos_uri", pages.terms),
        ] {
            if let page { writer.member(member, page) }
        }
        if !redirectURIs.isEmpty { writer.member("redirect_uris", redirectURIs.map(\.text)) }
        if !postLogoutRedirectURIs.isEmpty { writer.member("post_logout_redirect_uris", postLogoutRedirectURIs.map(\.text)) }
        writer.member("token_endpoint_auth_method", authenticationMethod.rawValue)
        writer.member("grant_types", GrantType.allCases.filter(grants.contains).map(\.rawValue))
        // RFC 7591 §2.1: the response types follow from the grants.
        writer.member("response_types", grants.contains(.authorizationCode) ? ["code"] : [])
        if let scope { writer.member("scope", scope.text) }
        if !resources.isEmpty { writer.member("resources", resources) }
        if let keySet {
            writer.name("jwks")
            writer.raw(keySet)
        }
        if let keySetURI { writer.member("jwks_uri", keySetURI) }
        if requiresDPoP { writer.member("dpop_bound_access_tokens", true) }
        if requiresPushedRequests { writer.member("require_pushed_authorization_requests", true) }
        if requiresSignedRequests { writer.member("require_signed_request_object", true) }
        if let requestObjectAlgorithm { writer.member("request_object_signing_alg", requestObjectAlgorithm) }
        if requiresAuthTime { writer.member("require_auth_time", true) }
        if let defaultMaxAge { writer.member("default_max_age", defaultMaxAge) }
        if let idTokenAlgorithm { writer.member("id_token_signed_response_alg", idTokenAlgorithm) }
        if let introspectionAlgorithm { writer.member("introspection_signed_response_alg", introspectionAlgorithm) }
        writer.member("subject_type", isPairwise ? "pairwise" : "public")
        if let sectorIdentifierURI { writer.member("sector_identifier_uri", sectorIdentifierURI) }
        for (prefix, address) in [("backchannel_logout", backChannelLogout), ("frontchannel_logout", frontChannelLogout)] {
            guard let address else { continue }
            writer.member("\(prefix)_uri", address.uri)
            writer.member("\(prefix)_session_required", address.needsSession)
        }
    }

    /// The rules between the members.
    private func checkWhole() throws(OAuthError) {
        // RFC 7591 §2: what redirects needs somewhere to redirect to.
        if grants.contains(.authorizationCode), redirectURIs.isEmpty {
            throw OAuthError(.invalidRedirectURI, "redirect_uris is needed for the authorization code grant.", member: "redirect_uris")
        }
        // OAuth 2.1 §4.2: "The client credentials grant type MUST only be used by confidential clients."
        if authenticationMethod == .none, grants.contains(.clientCredentials) || grants.contains(.tokenExchange) {
            throw OAuthError(
                .invalidClientMetadata, "A public client (token_endpoint_auth_method none) cannot use this grant type.",
                member: "grant_types")
        }
        if authenticationMethod == .privateKeyJWT, keySet == nil, keySetURI == nil {
            throw OAuthError(.invalidClientMetadata, "private_key_jwt needs jwks or jwks_uri.", member: "jwks")
        }
        // RFC 9101 §10.5: what must be signed needs a key, and none is the one algorithm that proves nothing.
        if requiresSignedRequests, keySet == nil, keySetURI == nil {
            throw OAuthError(.invalidClientMetadata, "require_signed_request_object needs jwks or jwks_uri.", member: "jwks")
        }
        if let requestObjectAlgorithm, !SignatureAlgorithm.asymmetric.contains(where: { $0.name == requestObjectAlgorithm }) {
            throw OAuthError(
                .invalidClientMetadata, "request_object_signing_alg must be one of the asymmetric algorithms that are served.",
                member: "request_object_signing_alg")
        }
        // RFC 7591 §2: "The jwks_uri and jwks parameters MUST NOT both be present".
        if keySet != nil, keySetURI != nil {
            throw OAuthError(.invalidClientMetadata, "jwks and jwks_uri cannot both be there.", member: "jwks_uri")
        }
        // OpenID Connect Front-Channel Logout 1.0 §2: "The domain, port, and scheme of this URL MUST be the same as that of a registered
        // Redirection URI value."
        if let address = frontChannelLogout.flatMap({ SecureURL($0.uri) }),
            !redirectURIs.contains(where: { SecureURL($0.text)?.origin == address.origin })
        {
            throw OAuthError(
                .invalidClientMetadata, "frontchannel_logout_uri must have the origin of one of redirect_uris.",
                member: "frontchannel_logout_uri")
        }
        // OpenID Connect Core 1.0 §8.1: without it the sector is the one host of all redirect URIs.
        if isPairwise, sectorIdentifierURI == nil, Set(redirectURIs.map { ClientMetadata.sectorHost(of: $0.text) }).count > 1 {
            throw OAuthError(
                .invalidClientMetadata, "Pairwise subjects with redirect URIs of several hosts need sector_identifier_uri.",
                member: "sector_identifier_uri")
        }
    }

    private static func grants(_ members: MetadataMembers) throws(OAuthError) -> Set<GrantType> {
        // RFC 7591 §2: "If omitted, the default is that the client will use only the "authorization_code" Grant Type."
        guard let names = try members.optionalTexts("grant_types") else { return [.authorizationCode] }
        var grants: Set<GrantType> = []
        for name in names {
            guard let grant = GrantType(rawValue: name) else {
                throw OAuthError(.invalidClientMetadata, "grant_types has a grant type that is not served here.", member: "grant_types")
            }
            grants.insert(grant)
        }
        guard !grants.isEmpty else { throw OAuthError(.invalidClientMetadata, "grant_types is empty.", member: "grant_types") }
        return grants
    }

    /// RFC 7591 §2.1: the code response type goes with the authorization code grant.
    private static func checkResponseTypes(_ members: MetadataMembers, for grants: Set<GrantType>) throws(OAuthError) {
        guard let types = try members.optionalTexts("response_types") else { return }
        guard types.allSatisfy({ $0 == "code" }), types.isEmpty != grants.contains(.authorizationCode) else {
            throw OAuthError(
                .invalidClientMetadata, "response_types must be code alone with the authorization code grant, else empty.",
                member: "response_types")
        }
    }

    private static func authenticationMethod(_ members: MetadataMembers) throws(OAuthError) -> ClientAuthenticationMethod {
        // RFC 7591 §2: "If unspecified or omitted, the default is "client_secret_basic"".
        guard let name = try members.text("token_endpoint_auth_method", maximum: 64) else { return .clientSecretBasic }
        guard let method = ClientAuthenticationMethod(rawValue: name) else {
            throw OAuthError(
                .invalidClientMetadata, "token_endpoint_auth_method is not one that is served here.", member: "token_endpoint_auth_method")
        }
        return method
    }
}
