// AuthorizeRoutes: the authorization endpoint (OAuth 2.1 §4.1.1): a browser brings a client's request, and is led on to a page or back to
// the client. What is next is `AuthorizationStep`'s to say.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer
import Store

struct AuthorizeRoutes: Sendable {
    let services: Services

    /// `GET /oauth2/authorize`.
    func ask(_ request: Request) throws(Refusal) -> Outcome {
        let query = SignInDestination.query(request.target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst())
        return try services.visit(query, of: request) { visit throws(Refusal) in try answer(visit, request) }
    }

    /// `POST /oauth2/authorize` (OpenID Connect Core 1.0 §3.1.2.1). Browsers keep our cookies from what other sites post, so the request
    /// comes once more as a GET, which has them.
    func askByPost(_ request: Request) throws(Refusal) -> Outcome {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw Refusal(OAuthError(.invalidRequest, "The body must be application/x-www-form-urlencoded."))
        }
        guard let destination = SignInDestination("/oauth2/authorize?" + SignInDestination.query(request.body)) else {
            throw Refusal(OAuthError(.invalidRequest, "The request is empty, or too long: push it (RFC 9126)."))
        }
        return services.redirect(to: destination.path)
    }

    /// A request that is in order, with whoever is there. Blocks: on a worker.
    private func answer(_ visit: AuthorizationVisit, _ request: Request) throws(Refusal) -> Outcome {
        guard !visit.stamp.isCancelled else {
            return services.refuse(visit, OAuthError(.accessDenied, "The person did not sign in."), request)
        }
        let signedIn = try services.signedIn(request)
        switch try services.step(visit, signedIn, hasAllowed: false, at: request.receivedAt) {
        case .refuse(let error): return services.refuse(visit, error, request)
        case .signIn, .signInAgain: return lead(visit, to: SignInRoutes.path, request)
        case .signUp: return lead(visit, to: SignUpRoutes.path, request)
        case .askConsent:
            guard let signedIn else { return lead(visit, to: SignInRoutes.path, request) }
            return ConsentRoutes(services: services).show(visit, signedIn, request)
        case .grant(let context):
            guard let signedIn else { return lead(visit, to: SignInRoutes.path, request) }
            return services.grant(visit, to: signedIn, context, remembering: nil, for: request)
        }
    }

    /// What metadata says of the endpoint (RFC 8414 §2, RFC 9207 §3, OpenID Connect Discovery 1.0 §3, Initiating User Registration 1.0 §4).
    static func describe(_ services: Services, to writer: inout JSONWriter) {
        writer.member("authorization_endpoint", services.issuer + "/oauth2/authorize")
        writer.member("response_types_supported", ["code"])
        writer.member("response_modes_supported", ResponseMode.allCases.map(\.rawValue))
        writer.member("code_challenge_methods_supported", [CodeChallenge.method])
        writer.member("authorization_response_iss_parameter_supported", true)
        writer.member("prompt_values_supported", Prompt.allCases.filter { $0 != .create || services.registration.isOpen }.map(\.rawValue))
        writer.member("acr_values_supported", AuthenticationContext.allCases.map(\.rawValue))
    }

    private func lead(_ visit: AuthorizationVisit, to page: String, _ request: Request) -> Outcome {
        guard let location = services.destination(visit).after(page) else {
            return services.refuse(visit, OAuthError(.invalidRequest, "The request is too long: push it (RFC 9126)."), request)
        }
        return services.redirect(to: location)
    }
}

extension Services {
    /// What is next for a request. Blocks: for a worker.
    func step(
        _ visit: AuthorizationVisit, _ signedIn: SignedIn?, hasAllowed: Bool, at now: UnixTime
    ) throws(Refusal) -> AuthorizationStep {
        do throws(StoreError) {
            let visitor = try signedIn.map { signedIn throws(StoreError) in
                try oauth.visitor(signedIn, of: visit.asked, hasAllowed: hasAllowed)
            }
            return AuthorizationStep(
                for: visit.asked, by: visitor, begun: visit.stamp.begun, registrationIsOpen: registration.isOpen, at: now)
        } catch {
            throw Refusal(error)
        }
    }

    /// Tells the client no.
    func refuse(_ visit: AuthorizationVisit, _ error: OAuthError, _ request: Request) -> Outcome {
        deliver(visit.asked.answer.parameters(error: error), by: visit.asked.answer, to: visit.asked.client, for: request)
    }

    /// Gives the client a code once that is durable, together with what goes with it: the consent to remember, and the end of the pushed
    /// request, which is good for one answer (RFC 9126 §4). Somebody who signed out meanwhile is asked again.
    func grant(
        _ visit: AuthorizationVisit, to signedIn: SignedIn, _ context: AuthenticationContext, remembering decision: ConsentDecision?,
        for request: Request
    ) -> Outcome {
        let now = request.receivedAt
        let asked = visit.asked
        let issued = oauth.code(for: asked, to: signedIn, context, at: now)
        let audit = AuditContext(request, actor: .user(signedIn.user.id))
        return parked(request) { resumption in
            store.write { transaction throws(StoreError) in
                guard try transaction.browserSession(cookieHash: signedIn.session.cookieHash, at: now) != nil else { return false }
                if let pushed = visit.pushed {
                    guard try transaction.pushedRequest(pushed, ofClient: asked.client.id, at: now) != nil else { return false }
                    try transaction.removePushedRequest(pushed)
                }
                try decision?.note(asked, of: signedIn.user.id, in: transaction, audit: audit, at: now)
                try transaction.addCode(issued.record, at: now)
                return true
            } completion: { result in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let isIssued: Bool
                        do throws(StoreError) { isIssued = try result.get() } catch { throw Refusal(error) }
                        guard isIssued else { return redirect(to: destination(visit).path) }
                        return deliver(asked.answer.parameters(code: issued.text), by: asked.answer, to: asked.client, for: request)
                    }
                }
            }
        }
    }
}
