// Refusals: what each layer's errors become in the HTTP contract, and the one shape of an error body.

package import Accounts
package import HTTP
import MartletEncoding
package import Store

extension Refusal {
    /// 400 `validation_failed`; `fields` says what is wrong with which member.
    package static func invalid(_ problems: [FieldProblem]) -> Refusal {
        fields(problems, code: "validation_failed", detail: problems.first.map { "\($0.field): \($0.detail)" } ?? "")
    }

    /// 403 `forbidden`.
    package static func forbidden(_ detail: String) -> Refusal {
        Refusal(.forbidden, code: "forbidden", detail: detail)
    }

    /// 403 for whoever does not administer, or does not any more.
    package static let notAdministrator = Refusal.forbidden("Only administrators may do this.")

    /// 404 `not_found`.
    package static func notFound(_ detail: String) -> Refusal {
        Refusal(.notFound, code: "not_found", detail: detail)
    }

    /// 409 `conflict`.
    package static func conflict(_ detail: String) -> Refusal {
        Refusal(.conflict, code: "conflict", detail: detail)
    }

    /// 401 with one of the contract's codes.
    package static func unauthorized(_ code: String, _ detail: String, logDetail: String? = nil) -> Refusal {
        Refusal(.unauthorized, code: code, detail: detail, logDetail: logDetail)
    }

    /// What the store's troubles are to a client: 503, the cause only in the log.
    package init(_ error: StoreError) {
        switch error {
        case .overloaded: self = .overloaded(retryAfter: 1)
        case .unavailable(let detail), .incompatible(let detail):
            self = Refusal(
                .serviceUnavailable, code: "unavailable", detail: "The service cannot reach its database; try again later.",
                retryAfter: 5, logDetail: detail)
        }
    }

    /// What an account operation's refusal is to a client.
    package init(_ error: AccountError) {
        switch error {
        case .invalid(let problems): self = .invalid(problems)
        case .weakPassword(let problem): self = .fields([problem], code: "weak_password", detail: problem.detail)
        case .usernameTaken:
            self = Refusal(.conflict, code: "username_taken", detail: "An account with this username exists.")
        case .emailTaken: self = Refusal(.conflict, code: "email_taken", detail: "An account with this e-mail exists.")
        case .registrationClosed:
            self = Refusal(.forbidden, code: "registration_closed", detail: "Registration is closed.")
        case .invalidCredentials:
            self = .unauthorized("invalid_credentials", "No active account has these credentials.")
        case .rateLimited(let seconds):
            self = Refusal(
                .tooManyRequests, code: "rate_limited", detail: "Too many failed attempts; try again later.", retryAfter: seconds)
        case .notFound: self = .notFound("There is no such account.")
        case .versionMismatch: self = .conflict("The account was changed in the meantime; read it again.")
        case .lastAdministrator: self = .conflict("The last administrator cannot be removed, disabled or demoted.")
        case .store(let error): self = Refusal(error)
        }
    }

    private static func fields(_ problems: [FieldProblem], code: String, detail: String) -> Refusal {
        var refusal = Refusal(.badRequest, code: code, detail: detail)
        refusal.fields = JSONWriter.object { writer in
            var done: Set<String> = []
            for problem in problems where done.insert(problem.field).inserted {
                writer.name(problem.field)
                writer.array { writer in
                    for same in problems where same.field == problem.field {
                        writer.object { writer in
                            writer.member("code", same.code)
                            writer.member("detail", same.detail)
                        }
                    }
                }
            }
        }
        return refusal
    }
}

/// Writes refusals as the contract's error body.
package enum ErrorBody {
    /// `{"code","detail","fields"?,"request_id"}`, and for a 401 the challenge of RFC 6750 §3.
    package static func render(_ refusal: Refusal, _ id: RequestID) -> Response {
        let body = JSONWriter.object { writer in
            writer.member("code", refusal.code)
            writer.member("detail", refusal.detail)
            if let fields = refusal.fields {
                writer.name("fields")
                writer.raw(fields)
            }
            writer.member("request_id", id.description)
        }
        var response = Response.json(refusal.status, body)
        response.headers.append(.cacheControl, "no-store")
        if let challenge = challenge(for: refusal) { response.headers.append(.wwwAuthenticate, challenge) }
        return response
    }

    /// RFC 6750 §3.1: a request without a token gets no error code; one with a bad token says which.
    private static func challenge(for refusal: Refusal) -> String? {
        switch (refusal.status, refusal.code) {
        case (.unauthorized, "missing_token"), (.unauthorized, "invalid_credentials"): "Bearer realm=\"martlet\""
        case (.unauthorized, _): "Bearer realm=\"martlet\", error=\"invalid_token\", error_description=\"\(refusal.detail)\""
        case (.forbidden, "insufficient_scope"):
            "Bearer realm=\"martlet\", error=\"insufficient_scope\", error_description=\"\(refusal.detail)\""
        default: nil
        }
    }
}
