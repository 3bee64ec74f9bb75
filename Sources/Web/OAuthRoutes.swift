// OAuthRoutes: the endpoints that clients call directly: token, introspect, revoke.

import HTTP
import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth
import ResourceServer
import Store
import Tokens

struct OAuthRoutes: Sendable {
    let services: Services
    private var server: AuthorizationServer { services.oauth }

    /// `POST /oauth2/token`.
    func token(_ request: Request) throws(Refusal) -> Outcome {
        try services.asClient(request) { parameters, client throws(OAuthError) in
            let asked = TokenRequest(
                parameters: parameters, client: client, proofKey: nil, origin: services.client(request), audit: AuditContext(request),
                now: request.receivedAt)
            // A client that acts for itself is nobody's to look up: its token is made here and now.
            if try parameters["grant_type"] == GrantType.clientCredentials.rawValue { return try issue(asked, request) }
            return hop(to: .worker) { () throws(Refusal) in
                do throws(OAuthError) { return try issue(asked, request) } catch { throw Refusal(error) }
            }
        }
    }

    /// `POST /oauth2/introspect` (RFC 7662): the client is a protected resource, or asks about its own token.
    func introspect(_ request: Request) throws(Refusal) -> Outcome {
        try services.asClient(request) { parameters, client throws(OAuthError) in
            guard !client.isPublic else { throw OAuthError(.unauthorizedClient, "A public client cannot ask about tokens.") }
            let text = try parameters.required("token")
            // §2.2: "If the introspection call is properly authorized but the token is not active … the authorization server MUST return
            // … active … false" and nothing else.
            guard let token = try? services.anyAudience.verify(text, at: request.receivedAt), TokenStatus.mayLook(client, at: token),
                !token.isFromOldIssuer
            else { return .respond(Self.inactive) }
            return .respond(.privateJSON(Self.active(token)))
        }
    }

    /// `POST /oauth2/revoke` (RFC 7009).
    func revoke(_ request: Request) throws(Refusal) -> Outcome {
        try services.asClient(request) { parameters, client throws(OAuthError) in
            let text = try parameters.required("token")
            // §2.2: an invalid token is no error: what the client wants is so.
            guard let token = try? services.anyAudience.verify(text, at: request.receivedAt), let id = token.tokenID else {
                return .respond(Self.done)
            }
            guard TokenStatus.isOwn(token, of: client) else {
                throw OAuthError(.invalidGrant, "The token was not issued to this client.")
            }
            let until = UnixTime(seconds: token.expiresAt)
            let (audit, now) = (AuditContext(request), request.receivedAt)
            return services.commit(for: request) { transaction throws(StoreError) in
                _ = try transaction.revoke(.token(id: id, until: until), reason: "revoked by its client", audit: audit, at: now)
            } then: { _ in
                Self.done
            }
        }
    }

    // MARK: What they share

    /// Holds the request until the grant is decided and durable.
    private func issue(_ asked: TokenRequest, _ request: Request) throws(OAuthError) -> Outcome {
        let pending = try server.grant(asked)
        return parked(request) { resumption in
            pending { finish in
                resumption.resume {
                    answering { () throws(Refusal) in
                        do throws(OAuthError) {
                            return .respond(.privateJSON(Self.answer(try finish(), at: asked.now)))
                        } catch {
                            throw Refusal(error)
                        }
                    }
                }
            }
        }
    }

    /// RFC 6749 §5.1.
    private static func answer(_ tokens: IssuedTokens, at now: UnixTime) -> [UInt8] {
        JSONWriter.object(capacity: 2048) { writer in
            writer.member("access_token", tokens.access.text)
            writer.member("token_type", tokens.isBound ? "DPoP" : "Bearer")
            writer.member("expires_in", tokens.access.expiresAt.seconds - now.seconds)
            if let refresh = tokens.refresh { writer.member("refresh_token", refresh) }
            if let idToken = tokens.idToken { writer.member("id_token", idToken) }
            if !tokens.scope.isEmpty { writer.member("scope", tokens.scope) }
            if let type = tokens.issuedType { writer.member("issued_token_type", type) }
        }
    }

    /// RFC 7662 §2.2.
    private static func active(_ token: VerifiedToken) -> [UInt8] {
        JSONWriter.object(capacity: 512) { writer in
            writer.member("active", true)
            if !token.scopes.isEmpty { writer.member("scope", token.scopes.joined(separator: " ")) }
            if let client = token.clientID { writer.member("client_id", client) }
            writer.member("token_type", "Bearer")
            writer.member("exp", token.expiresAt)
            if let issuedAt = token.issuedAt { writer.member("iat", issuedAt) }
            if let subject = token.subject { writer.member("sub", subject) }
            writer.member("aud", token.audience)
            if let issuer = token.claims.issuer { writer.member("iss", issuer) }
            if let id = token.tokenID { writer.member("jti", id) }
            if let session = token.sessionID { writer.member("sid", session) }
        }
    }

    /// The members of metadata that name these endpoints (RFC 8414 §2), and where they are.
    static let endpoints = [
        ("token_endpoint", "/oauth2/token"), ("introspection_endpoint", "/oauth2/introspect"), ("revocation_endpoint", "/oauth2/revoke"),
    ]

    private static let inactive = Response.privateJSON(JSONWriter.object { $0.member("active", false) })
    private static let done = Response(.ok, headers: Headers([(.cacheControl, "no-store")]))
}
