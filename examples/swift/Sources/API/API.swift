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
        let authentication = TokenAuthentication(issuer: issuer, publicURL: settings.get("PUBLIC_URL") ?? "http://localhost:8000")
        router.group().add(middleware: authentication).get("whoami") { _, context in
            Caller(sub: context.token?.subject, scope: context.token?.scopes.joined(separator: " "), sid: context.token?.sessionID)
        }
        let port = settings.get("PORT", as: Int.self) ?? 8000
        let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}

/// Lets in who shows a good access token, and says in ``CallerContext`` who that is.
struct TokenAuthentication: RouterMiddleware {
    let issuer: RemoteVerifier
    /// Where clients reach this API: what DPoP proofs are for. Not from `Host`, which is what a client writes.
    let publicURL: String

    func handle(
        _ request: Request, context: CallerContext, next: (Request, CallerContext) async throws -> Response
    ) async throws -> Response {
        let words = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        guard let scheme = words.first?.lowercased(), words.count == 2, ["bearer", "dpop"].contains(scheme) else {
            return try refusal("missing_token", "An access token is needed.", challenge: "Bearer", to: request, context)
        }
        var context = context
        do throws(VerificationFailure) {
            let token = String(words[1])
            if scheme == "dpop" {
                let fields = request.headers.filter { $0.name.canonicalName == "dpop" }.map(\.value)
                let proof = PresentedProof(fields, method: request.method.rawValue, uri: publicURL + request.uri.path)
                context.token = try await issuer.verify(token, proof: proof)
            } else {
                // Refuses a token that is bound to a key: who merely bears it is nobody.
                context.token = try await issuer.verify(token)
            }
        } catch {
            // Nothing is wrong with the token when nobody can tell: a 401 would make the client throw it away.
            let status: HTTPResponse.Status = error.code == "not_ready" ? .serviceUnavailable : .unauthorized
            let code = error.code.contains("dpop") ? error.code : "invalid_token"
            let challenge = scheme == "dpop" ? "DPoP error=\"\(code)\", algs=\"\(Self.algorithms)\"" : "Bearer error=\"\(code)\""
            return try refusal(error.code, error.message, status: status, challenge: challenge, to: request, context)
        }
        return try await next(request, context)
    }

    private static let algorithms = DPoPProof.algorithms.joined(separator: " ")

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
