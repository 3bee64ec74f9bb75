// Refusals: what each layer's errors become in the HTTP contract.

package import Accounts
package import HTTP
import MartletEncoding
import ResourceServer
package import Store

extension Refusal {
    /// 400 `validation_failed`; `fields` says what is wrong with which member.
    package static func invalid(_ problems: [FieldProblem]) -> Refusal {
        fields(problems, code: "validation_failed", detail: problems.first.map { "\($0.field): \($0.detail)" } ?? "")
    }

    /// 403 for whoever does not administer, or does not any more.
    package static let notAdministrator = Refusal.forbidden("Only administrators may do this.")

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
