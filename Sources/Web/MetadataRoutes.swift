// MetadataRoutes: what the service tells about itself, and nothing that is not served. The documents never change while it
// runs, so they are written once.

import HTTP
import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth
import ResourceServer
import Tokens

struct MetadataRoutes: Sendable {
    private let authorizationServer: Response
    private let openIDConfiguration: Response
    private let protectedResource: Response

    init(services: Services) {
        let issuer = services.issuer
        authorizationServer = Self.document { writer in
            Self.writeServer(services, to: &writer)
            writer.member("protected_resources", [issuer])
        }
        openIDConfiguration = Self.document { writer in
            Self.writeServer(services, to: &writer)
            Self.writeProvider(services, to: &writer)
        }
        protectedResource =
            ResourceMetadata(
                resource: issuer, issuers: [issuer], scopes: FirstPartyScope.allCases.map(\.rawValue), name: "Martlet user API"
            ).response
    }

    /// `GET /.well-known/oauth-authorization-server` (RFC 8414).
    func authorizationServer(_ request: Request) throws(Refusal) -> Outcome { .respond(authorizationServer) }

    /// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4), as far as it is true.
    func openIDConfiguration(_ request: Request) throws(Refusal) -> Outcome { .respond(openIDConfiguration) }

    /// `GET /.well-known/oauth-protected-resource` (RFC 9728), for the user API.
    func protectedResource(_ request: Request) throws(Refusal) -> Outcome { .respond(protectedResource) }

    /// What both documents say. RFC 8414 §3.2: a claim without an element is left out.
    private static func writeServer(_ services: Services, to writer: inout JSONWriter) {
        let issuer = services.issuer
        let hasFeed = if case .off = services.feed { false } else { true }
        writer.member("issuer", issuer)
        writer.member("jwks_uri", issuer + "/.well-known/jwks.json")
        if hasFeed { writer.member("revocations_uri", issuer + "/.well-known/revocations") }
        AuthorizeRoutes.describe(services, to: &writer)
        for (member, path) in OAuthRoutes.endpoints {
            writer.member(member, issuer + path)
            writer.member(
                "\(member)_auth_methods_supported", ClientAuthenticator.methods(includingPublic: member != "introspection_endpoint"))
            writer.member("\(member)_auth_signing_alg_values_supported", ClientAuthenticator.algorithms)
        }
        writer.member("pushed_authorization_request_endpoint", issuer + "/oauth2/par")
        // RFC 9101 §10.5, OpenID Connect Discovery 1.0 §3; request_uri is for what was pushed alone.
        writer.member("request_parameter_supported", true)
        writer.member("request_uri_parameter_supported", false)
        writer.member("request_object_signing_alg_values_supported", ClientAuthenticator.algorithms)
        writer.member("device_authorization_endpoint", issuer + "/oauth2/device_authorization")
        // RFC 9701 §7.
        writer.member(
            "introspection_signing_alg_values_supported", services.sessions.statementAlgorithms.map(\.name))
        writer.member("dpop_signing_alg_values_supported", DPoPProof.algorithms)
        writer.member("grant_types_supported", AuthorizationServer.grants.map(\.rawValue))
        if services.clientRegistration.isOffered { writer.member("registration_endpoint", issuer + DynamicRegistration.path) }
        LogoutRoutes.writeMetadata(issuer: issuer, to: &writer)
        if services.clients.takesDocuments { writer.member("client_id_metadata_document_supported", true) }
        // What a client may ask for: some ask for all that stands here, and those of this service's own APIs are refused.
        writer.member("scopes_supported", services.oauth.scopes.names.names)
    }

    /// What OpenID Connect Discovery 1.0 §3 adds.
    private static func writeProvider(_ services: Services, to writer: inout JSONWriter) {
        for (member, path) in providerEndpoints { writer.member(member, services.issuer + path) }
        for (member, values) in [
            ("subject_types_supported", ["public", "pairwise"]),
            ("id_token_signing_alg_values_supported", services.sessions.statementAlgorithms.map(\.name)),
            ("claim_types_supported", ["normal"]),
            ("claims_supported", services.oauth.supportedClaims),
        ] { writer.member(member, values) }
        writer.member("claims_parameter_supported", true)
    }

    /// The endpoints beside those that clients prove themselves at.
    private static let providerEndpoints = [("userinfo_endpoint", UserInfoRoutes.path)]

    private static func document(_ members: (inout JSONWriter) -> Void) -> Response {
        Response.json(.ok, JSONWriter.object(members)).adding(.cacheControl, "public, max-age=300")
    }
}
