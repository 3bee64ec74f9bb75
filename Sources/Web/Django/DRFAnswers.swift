// DRFAnswers: answers in the shapes of Django REST framework. Refusals of the services get them on their way out, wherever the
// work went on; what is this service's own trouble (5xx) stays as it is, so that it is logged.

import HTTP
import MartletEncoding
import ResourceServer

/// Gives the answers of a view its shape.
enum DRFAnswers {
    /// The outcome with every refusal in it as a view would answer it, now or after the work has gone elsewhere.
    /// `allow` lists the methods of the view, `answer` is what it makes of a refusal.
    static func shaped(
        _ outcome: Outcome, allow: String = "POST, OPTIONS", answer: @escaping @Sendable (Refusal) -> Response = { response($0) }
    ) -> Outcome {
        let shape: @Sendable (Outcome) -> Outcome = { shaped($0, allow: allow, answer: answer) }
        return switch outcome {
        case .respond(let response): .respond(response.adding(.allow, allow))
        case .refuse(let refusal) where refusal.status.code >= 500: outcome
        case .refuse(let refusal): .respond(answer(refusal).adding(.allow, allow))
        case .continue(let lane, let work): .continue(on: lane) { shape(work()) }
        case .delay(let milliseconds, let work): .delay(milliseconds: milliseconds) { shape(work()) }
        case .park(let deadline, let orElse, let start):
            .park(deadline: deadline, orElse: orElse) { resumption in
                start(Resumption { work in resumption.resume { shape(work()) } })
            }
        }
    }

    /// Throws 406 where the client takes neither JSON nor what a browser takes.
    static func negotiate(_ request: Request) throws(Refusal) {
        let ranges = request.headerList(.accept).map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
        guard ranges.isEmpty || ranges.contains(where: { acceptable.contains($0) }) else {
            throw Refusal(Status(406), code: "not_acceptable", detail: "Could not satisfy the request Accept header.")
        }
    }

    /// 405, the method being named.
    static func methodNotAllowed(_ request: Request) -> Refusal {
        Refusal(.methodNotAllowed, code: "method_not_allowed", detail: "Method \"\(request.method.name)\" not allowed.")
    }

    /// What the router's refusal of a request is at these paths: 405 above all. Nil for other paths and for what is this
    /// service's own trouble; the server adds `Allow`.
    static func answer(to refusal: Refusal, of request: Request?, at paths: some Sequence<String>) -> Response? {
        guard let request, refusal.status.code < 500 else { return nil }
        let path = request.path.hasSuffix("/") ? request.path : request.path + "/"
        guard paths.contains(path) else { return nil }
        return response(refusal.status == .methodNotAllowed ? methodNotAllowed(request) : refusal)
    }

    /// The answer that a refusal is, without `Allow`. `scheme` is what its challenge asks for.
    static func response(_ refusal: Refusal, scheme: String = "Bearer") -> Response {
        var response = Response.privateJSON(refusal.status, body(refusal))
        if refusal.status == .unauthorized { response.headers.append(.wwwAuthenticate, "\(scheme) realm=\"api\"") }
        if let seconds = refusal.retryAfter { response.headers.append(.retryAfter, "\(seconds)") }
        return response
    }

    private static func body(_ refusal: Refusal) -> [UInt8] {
        if let fields = refusal.fields { return fields }
        let (detail, code) = words(refusal)
        return JSONWriter.object { writer in
            writer.member("detail", detail)
            if let code { writer.member("code", code) }
        }
    }

    /// What simplejwt and the framework say for a code of this service's.
    static func words(_ refusal: Refusal) -> (detail: String, code: String?) {
        switch refusal.code {
        case "invalid_credentials": ("No active account found with the given credentials", nil)
        case "invalid_token": ("Token is invalid", tokenNotValid)
        case "token_expired": ("Token is expired", tokenNotValid)
        case "token_without_id": ("Token has no id", tokenNotValid)
        case "token_wrong_type": ("Token has wrong type", tokenNotValid)
        case "token_revoked", "session_ended", "refresh_replayed": ("Token is blacklisted", tokenNotValid)
        case "refresh_expired": ("Token 'refresh_exp' claim has expired", tokenNotValid)
        case "rate_limited": ("Request was throttled. Expected available in \(seconds(refusal.retryAfter ?? 1)).", nil)
        default: (refusal.detail, nil)
        }
    }

    private static func seconds(_ number: Int) -> String { number == 1 ? "1 second" : "\(number) seconds" }

    private static let tokenNotValid = "token_not_valid"
    private static let acceptable: Set<String> = ["*/*", "application/*", "application/json", "text/*", "text/html"]
}
