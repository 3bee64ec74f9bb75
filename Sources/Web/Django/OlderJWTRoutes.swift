// OlderJWTRoutes: the pair that frontends of drf-jwt's predecessor know from its tutorials: a login that answers 200 with the token
// alone, and a registration that answers 201 with one. The token is drf-jwt's, and goes on at its endpoints.

import Accounts
import HTTP
import MartletEncoding
import ResourceServer
import Tokens

struct OlderJWTRoutes: Sendable {
    let services: Services

    static let paths = ["/jwt-auth/", "/register/"]

    /// The routes.
    func all(bodyLimit: Int) -> [Route] {
        let views: [@Sendable (Request) throws(Refusal) -> Outcome] = [obtain, register]
        return zip(Self.paths, views).map { path, view in
            Route(.post, path, lane: .worker, bodyLimit: bodyLimit) { request in DRFJWTRoutes.shaped(request, view) }
        }
    }

    /// `POST /jwt-auth/`.
    private func obtain(_ request: Request) throws(Refusal) -> Outcome {
        let fields = try DRFBody(request).fields(["username", "password"])
        let scope = FirstPartyScope.requested(nil) ?? ""
        return try services.logIn(
            .username(fields[0]), password: fields[1], scope: scope, audience: nil, form: .drfJWT(origin: nil), for: request
        ) { tokens, _ in
            .respond(Self.answer(.ok, tokens))
        }
    }

    /// `POST /register/`: `email` need not be there, nor hold anything.
    private func register(_ request: Request) throws(Refusal) -> Outcome {
        let fields = try DRFBody(request).texts([
            DRFField("username"), DRFField("password"), DRFField("email", isRequired: false, mayBeBlank: true),
        ])
        let email = fields["email"].flatMap { $0.isEmpty ? nil : $0 }
        let candidate: Registration.Candidate
        do throws(AccountError) {
            candidate = try services.registration.candidate(
                username: fields["username"] ?? "", password: fields["password"] ?? "", email: email)
        } catch {
            throw DRFBody.refusal(error)
        }
        let scope = FirstPartyScope.requested(nil) ?? ""
        return services.register(candidate, scope: scope, audience: nil, form: .drfJWT(origin: nil), for: request) { tokens, _ in
            .respond(Self.answer(.created, tokens))
        }
    }

    private static func answer(_ status: Status, _ tokens: SessionTokens) -> Response {
        .privateJSON(status, JSONWriter.object(capacity: 1024) { $0.member("token", tokens.access.text) })
    }
}
