// ConsentRoutes: may this client do this? The page is shown by the authorization endpoint; what was pressed is posted here, together
// with the request, which goes through all of its checks again.

import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer
import Store

/// A yes to a request.
enum ConsentDecision: Sendable {
    case once
    case remembered

    /// Notes it: for later requests, or in the audit trail alone.
    func note(
        _ asked: AuthorizationRequest, of user: UserID, in transaction: any StoreTransaction, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) {
        switch self {
        case .remembered:
            try transaction.giveConsent(
                Consent(
                    userID: user, clientID: asked.client.id, scope: asked.scope.text, resources: asked.resources, grantedAt: now),
                audit: audit)
        case .once:
            try transaction.record(
                .consentGiven, target: "client:\(asked.client.id)", result: .success, detail: "once: \(asked.scope.text)", audit: audit,
                at: now)
        }
    }
}

struct ConsentRoutes: Sendable {
    let services: Services

    static let path = "/oauth2/consent"

    /// The page.
    func show(_ visit: AuthorizationVisit, _ signedIn: SignedIn, _ request: Request) -> Outcome {
        let (asked, destination) = (visit.asked, services.destination(visit))
        guard let action = PageLink(Self.path), case .authorize(let query) = destination else {
            return services.errorPage(.internalServerError, .internalError, for: request)
        }
        let (token, cookie) = services.formToken(for: signedIn, request)
        let texts = services.pages.texts(for: request, uiLocales: visit.locales)
        let page = ConsentPage(
            form: PageForm(
                action: action, token: token, hidden: [HiddenField("request", query)],
                redirect: PageLink(redirectURI: asked.answer.redirectURI)),
            client: ClientCard(asked.client), username: signedIn.user.username,
            switchAccount: destination.after(SignInRoutes.path).flatMap { PageLink($0) },
            scopes: services.lines(of: asked.scope, in: texts),
            resources: asked.resources, redirectHost: Self.host(of: asked.answer.redirectURI), mayRemember: asked.mayBeRemembered)
        return services.page(.ok, page, for: request, locales: visit.locales, cookie: cookie)
    }

    /// `POST /oauth2/consent`.
    func decide(_ request: Request) throws(Refusal) -> Outcome {
        let form = try services.posted(request)
        let query = SignInDestination.query((form["request"] ?? "").utf8)
        return try services.visit(query, of: request) { visit throws(Refusal) in
            let again = services.destination(visit)
            // Shown to this person: the token is bound to the cookie of this sign-in.
            guard form.isOfSession else { return services.errorPage(.forbidden, .expired, retry: again, for: request) }
            guard let signedIn = try services.signedIn(request) else { return services.redirect(to: again.path) }
            switch form["decision"] {
            case "deny": return services.refuse(visit, OAuthError(.accessDenied, "The person denied it."), request)
            case "allow":
                let step = try services.step(visit, signedIn, hasAllowed: true, at: request.receivedAt)
                guard case .grant(let context) = step else { return services.redirect(to: again.path) }
                let isRemembered = form["remember"] == "on" && visit.asked.mayBeRemembered
                return services.grant(visit, to: signedIn, context, remembering: isRemembered ? .remembered : .once, for: request)
            default: return services.redirect(to: again.path)
            }
        }
    }

    /// Where the answer goes, as people read addresses: the host and the port, or the scheme of an app's own.
    private static func host(of uri: String) -> String {
        guard uri.hasPrefix("https://") || uri.hasPrefix("http://") else { return String(uri.prefix { $0 != ":" }) + ":" }
        return String(uri.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" })
    }
}
