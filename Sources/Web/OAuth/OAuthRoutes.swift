// OAuthRoutes: the endpoints that clients call directly: token, introspect, revoke.

import HTTP
import MartletEncoding
import MartletJOSE
import OAuth
import ResourceServer
import Store
import Tokens

struct OAuthRoutes: Sendable {
    let services: Services
    private var server: AuthorizationServer { services.oauth }

    /// `POST /oauth2/token`.
    func token(_ request: Request) throws(Refusal) -> Outcome {
        try services.asProvenClient(request) { parameters, client, proof throws(OAuthError) in
            let asked = TokenRequest(
                parameters: parameters, client: client, proofKey: proof?.thumbprint, origin: services.client(request),
                audit: AuditContext(request), now: request.receivedAt)
            // A client that acts for itself is nobody's to look up: its token is made here and now.
            if try parameters["grant_type"] == GrantType.clientCredentials.rawValue { return try issue(asked, proof, request) }
            return hop(to: .worker) { () throws(Refusal) in
                do throws(OAuthError) { return try issue(asked, proof, request) } catch { throw Refusal(error) }
            }
        }
    }

    /// `POST /oauth2/introspect` (RFC 7662): the client is a protected resource, or asks about its own token.
    func introspect(_ request: Request) throws(Refusal) -> Outcome {
        try services.asClient(request) { parameters, client throws(OAuthError) in
            let now = request.receivedAt
            switch try server.introspect(parameters, by: client, at: now) {
            case .access(let token): return .respond(try answer(IntrospectionAnswer.write(token), to: client, request))
            case .refresh(let token):
                return hop(to: .worker) { () throws(Refusal) in
                    do throws(OAuthError) {
                        let active = try server.introspect(token, by: client, at: now)
                        return .respond(
                            try answer(IntrospectionAnswer.write(active, issuer: server.issuer), to: client, request))
                    } catch {
                        throw Refusal(error)
                    }
                }
            }
        }
    }

    /// RFC 9701 §4: signed, for a client that asks for it by `Accept`.
    private func answer(_ json: [UInt8], to client: Client, _ request: Request) throws(OAuthError) -> Response {
        guard request.headerList(.accept).contains(where: Self.namesSignedAnswer) else { return .privateJSON(json) }
        let text = try server.signed(introspection: json, for: client, at: request.receivedAt)
        return Response(
            .ok, headers: Headers([(.contentType, Self.signedAnswer), (.cacheControl, "no-store")]), body: .bytes(Array(text.utf8)))
    }

    /// `POST /oauth2/revoke` (RFC 7009).
    func revoke(_ request: Request) throws(Refusal) -> Outcome {
        try services.asClient(request) { parameters, client throws(OAuthError) in
            let (audit, now) = (AuditContext(request), request.receivedAt)
            let revocation = try server.revocation(parameters, by: client, at: now)
            guard revocation != .nothing else { return .respond(Self.done) }
            return services.commit(for: request) { transaction throws(StoreError) in
                try revocation.apply(to: transaction, audit: audit, at: now)
            } then: { outcome throws(Refusal) in
                guard outcome == .done else { throw Refusal(.notTheirs) }
                return Self.done
            }
        }
    }

    // MARK: What they share

    /// Holds the request until the grant is decided and durable.
    private func issue(_ asked: TokenRequest, _ proof: ProvedKey?, _ request: Request) throws(OAuthError) -> Outcome {
        let pending = try server.grant(asked)
        return parked(request) { resumption in
            pending { finish in
                resumption.resume {
                    answering { () throws(Refusal) in
                        do throws(OAuthError) {
                            let answer = Response.privateJSON(Self.answer(try finish(), at: asked.now))
                            return .respond(proof?.nextNonce.map { answer.adding(.dpopNonce, $0) } ?? answer)
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

    /// The members of metadata that name these endpoints (RFC 8414 §2), and where they are.
    static let endpoints = [
        ("token_endpoint", "/oauth2/token"), ("introspection_endpoint", "/oauth2/introspect"), ("revocation_endpoint", "/oauth2/revoke"),
    ]

    /// Whether an element of `Accept` is this media type, whatever its weight: who does not want it has no reason to name it.
    private static func namesSignedAnswer(_ element: String) -> Bool {
        let type = element.prefix { $0 != ";" && $0 != " " }
        return type.utf8.count == signedAnswer.utf8.count && type.lowercased() == signedAnswer
    }

    private static let signedAnswer = "application/" + AuthorizationServer.introspectionType
    private static let done = Response(.ok, headers: Headers([(.cacheControl, "no-store")]))
}
