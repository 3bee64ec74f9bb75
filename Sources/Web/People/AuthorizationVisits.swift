// AuthorizationVisits: an authorization request as a browser brings it, to the endpoint itself or to one of the pages on the way: read
// anew each time, by the same checks. What is wrong with it is answered here: on a page, or to the client once the way back is proven.

import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer

/// An authorization request that is in order, on its way through the pages.
struct AuthorizationVisit: Sendable {
    /// As it came, without the stamp.
    let query: String
    /// When it came first, and whether the person gave up.
    let stamp: RequestStamp
    let asked: AuthorizationRequest
    /// The hash of the pushed request that it came by (RFC 9126); nil for none.
    let pushed: [UInt8]?

    /// `ui_locales`, for the pages.
    var locales: String? { asked.locales.isEmpty ? nil : asked.locales.joined(separator: " ") }
}

extension Services {
    /// Goes on, on a worker, with the request that a query makes; answers what is wrong with it.
    func visit(
        _ stamped: String, of request: Request, then body: @escaping @Sendable (AuthorizationVisit) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        let (query, stamp) = stamps.read(stamped, at: now)
        let parameters: OAuthParameters
        let id: String
        do throws(OAuthError) {
            parameters = try OAuthParameters(parsing: Array(query.utf8)[...])
            id = try parameters.required("client_id")
        } catch {
            return told(error, for: request)
        }
        return try withClient(id, of: request) { client throws(Refusal) in
            guard let client else {
                return errorPage(.badRequest, .unknownClient, detail: "client_id is not one of this service.", for: request)
            }
            return afterFetchingKeys(of: client, for: parameters, at: now) { () throws(Refusal) in
                let visit: AuthorizationVisit
                do throws(AuthorizationFailure) {
                    let (asked, pushed) = try oauth.asked(parameters, of: client, at: now)
                    visit = AuthorizationVisit(query: query, stamp: stamp ?? RequestStamp(begun: now), asked: asked, pushed: pushed)
                } catch {
                    switch error {
                    case .told(let error): return told(error, for: request)
                    case .answered(let error, let answer):
                        return deliver(answer.parameters(error: error), by: answer, to: client, for: request)
                    }
                }
                return try body(visit)
            }
        }
    }

    /// Goes on, on a worker, when the keys that a signed request is checked by are here, or cannot be had.
    private func afterFetchingKeys(
        of client: Client, for parameters: OAuthParameters, at now: UnixTime, _ body: @escaping @Sendable () throws(Refusal) -> Outcome
    ) -> Outcome {
        guard case .outbound(let keyID) = oauth.resolution(of: parameters, from: client, at: now) else { return hop(to: .worker, body) }
        return hop(to: .outbound) { () throws(Refusal) in
            // What went wrong is remembered for a while, and told where the request is read.
            _ = try? oauth.keys.load(client, keyID: keyID, at: now)
            return hop(to: .worker, body)
        }
    }

    /// The same request again, at the authorization endpoint.
    func destination(_ visit: AuthorizationVisit, isCancelled: Bool = false) -> SignInDestination {
        .authorize(query: stamps.stamped(visit.query, RequestStamp(begun: visit.stamp.begun, isCancelled: isCancelled)))
    }

    /// Back to the client (OAuth 2.1 §4.1.2, OAuth 2.0 Form Post Response Mode 1.0 §2).
    func deliver(
        _ parameters: [(name: String, value: String)], by answer: AuthorizationAnswer, to client: Client, for request: Request
    ) -> Outcome {
        guard answer.mode == .formPost else { return redirect(to: answer.location(parameters)) }
        guard let action = PageLink(redirectURI: answer.redirectURI) else {
            return errorPage(.badRequest, .invalidRequest, detail: "redirect_uri cannot be posted to.", for: request)
        }
        let page = FormPostPage(
            action: action, hidden: parameters.map { HiddenField($0.name, $0.value) }, client: ClientCard(client))
        return self.page(.ok, page, for: request)
    }

    /// An error of a request whose way back is not proven.
    private func told(_ error: OAuthError, for request: Request) -> Outcome {
        let (status, problem): (Status, ErrorPage.Problem) =
            switch error.code {
            case .temporarilyUnavailable: (.serviceUnavailable, .unavailable)
            case .serverError: (.internalServerError, .internalError)
            default: (.badRequest, error.member == "redirect_uri" ? .unknownRedirect : .invalidRequest)
            }
        return errorPage(status, problem, detail: "\(error.code.rawValue): \(error.description)", for: request)
    }
}
