// An API behind Martlet, with Hummingbird: keys, their rotation and revocation are the verifier's business, so that what is
// left is a middleware and a route.

import Hummingbird
import MartletVerifier
import MartletVerifierCurl

@main
struct API {
    static func main() async throws {
        let settings = Environment()
        let issuer = try RemoteVerifier(
            issuer: settings.get("ISSUER") ?? "http://localhost:8080", audience: settings.get("AUDIENCE"))
        issuer.start()
        defer { issuer.stop() }

        let router = Router(context: CallerContext.self)
        router.get("healthz") { _, _ in
            Health(status: "ok", feed_age: issuer.revocations?.state.staleness)
        }
        router.group().add(middleware: BearerAuthentication(issuer: issuer)).get("whoami") { _, context in
            Caller(sub: context.token?.subject, scope: context.token?.scopes.joined(separator: " "), sid: context.token?.sessionID)
        }
        let port = settings.get("PORT", as: Int.self) ?? 8000
        let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}

/// Lets in who shows a good access token, and says in ``CallerContext`` who that is.
struct BearerAuthentication: RouterMiddleware {
    let issuer: RemoteVerifier

    func handle(
        _ request: Request, context: CallerContext, next: (Request, CallerContext) async throws -> Response
    ) async throws -> Response {
        guard let field = request.headers[.authorization], field.lowercased().hasPrefix("bearer ") else {
            return try refusal("missing_token", "A bearer token is needed.", challenge: "Bearer", to: request, context)
        }
        var context = context
        do throws(VerificationFailure) {
            context.token = try await issuer.verify(String(field.dropFirst("bearer ".count)))
        } catch {
            // Nothing is wrong with the token when nobody can tell: a 401 would make the client throw it away.
            let status: HTTPResponse.Status = error.code == "not_ready" ? .serviceUnavailable : .unauthorized
            return try refusal(
                error.code, error.message, status: status, challenge: #"Bearer error="invalid_token""#, to: request, context)
        }
        return try await next(request, context)
    }

    private func refusal(
        _ code: String, _ detail: String, status: HTTPResponse.Status = .unauthorized, challenge: String, to request: Request,
        _ context: CallerContext
    ) throws -> Response {
        var response = try Refusal(code: code, detail: detail).response(from: request, context: context)
        response.status = status
        if status == .unauthorized { response.headers[.wwwAuthenticate] = challenge }
        return response
    }
}

/// What handlers know of a request: besides the usual, whose it is.
struct CallerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    var token: VerifiedToken?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}

struct Caller: ResponseEncodable {
    var sub, scope, sid: String?
}

struct Refusal: ResponseEncodable {
    var code, detail: String
}

struct Health: ResponseEncodable {
    var status: String
    /// Seconds since the issuer signed the last document of its feed; none before the first.
    var feed_age: Int64?
}
