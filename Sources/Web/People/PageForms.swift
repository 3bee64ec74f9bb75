// PageForms: how the routes of pages show pages and read what is posted from them: the token of each form, the cookie that it is bound to,
// redirects, and errors.

import HTTP
import MartletEncoding
import OAuth
import Pages
import ResourceServer

/// A form that a browser posted.
struct PostedForm: Sendable {
    let fields: OAuthParameters
    /// Whether we showed it to this browser while it was signed in as it is now.
    let isOfSession: Bool
    /// Whether we showed it to this browser at all.
    let isOurs: Bool

    /// The only value of a field; nil for none, and for several.
    subscript(_ name: String) -> String? { try? fields[name] }
}

extension Services {
    /// A page; `locales` are those of the authorization request.
    func page(
        _ status: Status, _ page: some WebPage, for request: Request, locales: String? = nil, cookie: String? = nil, retryAfter: Int? = nil
    ) -> Outcome {
        var response = pages.answer(status, page, in: pages.texts(for: request, uiLocales: locales))
        if let cookie { response.headers.append(.setCookie, cookie) }
        if let retryAfter { response.headers.append(.retryAfter, String(retryAfter)) }
        return .respond(response)
    }

    /// The page of an error that no client is told. `retry` is where it can be begun anew.
    func errorPage(
        _ status: Status, _ problem: ErrorPage.Problem, detail: String? = nil, retry: SignInDestination? = nil, for request: Request
    ) -> Outcome {
        page(
            status,
            ErrorPage(problem, detail: detail, requestID: request.id.description, retry: retry.flatMap { PageLink($0.path) }),
            for: request)
    }

    /// Scopes as people are asked about them: in the words of the pages' language, else of the catalogue.
    func lines(of scope: ScopeSet, in texts: Texts) -> [ScopeLine] {
        scope.names.map { ScopeLine(name: $0, sentence: texts.sentence(ofScope: $0) ?? oauth.scopes.text(of: $0) ?? $0) }
    }

    /// On to another address (``Response/onwards(to:)``).
    func redirect(to location: String, cookie: String? = nil) -> Outcome {
        var response = Response.onwards(to: location)
        if let cookie { response.headers.append(.setCookie, cookie) }
        return .respond(response)
    }

    /// What the forms for a browser are bound to, and the cookie that it is to be given for that if it has none: the sign-in's where
    /// somebody is signed in, else a visitor's.
    func formToken(for signedIn: SignedIn?, _ request: Request) -> (token: String, cookie: String?) {
        if signedIn != nil, let value = BrowserCookie(.session, issuer: issuer).value(in: request) {
            return (formTokens.token(for: value), nil)
        }
        let visitor = BrowserCookie(.visitor, issuer: issuer)
        if let value = visitor.value(in: request) { return (formTokens.token(for: value), nil) }
        let new = BrowserCookie.Value(random: random)
        return (formTokens.token(for: new), visitor.setting(new))
    }

    /// Reads a form. Throws 400 for a body that is none.
    func posted(_ request: Request) throws(Refusal) -> PostedForm {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw Refusal(OAuthError(.invalidRequest, "The body must be application/x-www-form-urlencoded."))
        }
        let fields: OAuthParameters
        do throws(OAuthError) { fields = try OAuthParameters(parsing: request.body[...]) } catch { throw Refusal(error) }
        let token = try? fields["form_token"]
        let accepts = { (purpose: BrowserCookie.Purpose) in
            formTokens.accepts(token, for: BrowserCookie(purpose, issuer: issuer).value(in: request), in: request)
        }
        let isOfSession = accepts(.session)
        return PostedForm(fields: fields, isOfSession: isOfSession, isOurs: isOfSession || accepts(.visitor))
    }
}

extension Response {
    /// 303, so that whatever was posted is not posted there (RFC 9700 §4.12).
    static func onwards(to location: String) -> Response {
        Response(.seeOther, headers: Headers([(.location, location), (.cacheControl, "no-store"), (.referrerPolicy, "no-referrer")]))
    }
}

extension ClientCard {
    /// A client as people see it.
    init(_ client: Client) {
        let pages = client.metadata.pages
        self.init(
            name: client.name, logo: pages.logo.flatMap { PageLink($0) }, home: pages.home.flatMap { PageLink($0) },
            policy: pages.policy.flatMap { PageLink($0) }, terms: pages.terms.flatMap { PageLink($0) })
    }
}
