// ErrorPage: what went wrong, where the client must not be told, since nothing proves that the way back leads to it (RFC 6749 §4.1.2.1).

/// The error page.
package struct ErrorPage: WebPage {
    package var problem: Problem
    /// The protocol's words for whoever built the client, such as `invalid_request: redirect_uri is missing.`
    package var detail: String?
    package var requestID: String
    /// Where to begin anew; nil where the person has to go back to the application.
    package var retry: PageLink?

    package enum Problem: String, Sendable, CaseIterable {
        /// No such client.
        case unknownClient = "unknown_client"
        /// The way back is not one of the client's.
        case unknownRedirect = "unknown_redirect"
        /// Anything else that is wrong with the request.
        case invalidRequest = "invalid_request"
        /// The request was begun too long ago, or in another browser.
        case expired
        case notFound = "not_found"
        case unavailable
        case internalError = "internal_error"
    }

    package init(_ problem: Problem, detail: String? = nil, requestID: String, retry: PageLink? = nil) {
        self.problem = problem
        self.detail = detail
        self.requestID = requestID
        self.retry = retry
    }

    package static let name = "error"
    package static let fields = Fields<ErrorPage>()
        .choice("problem") { $0.problem }
        .text("detail") { $0.detail }
        .text("request_id") { $0.requestID }
        .link("retry") { $0.retry }

    package static func template(in templates: PageTemplates) -> Template<ErrorPage> { templates.error }
    package var needs: PageNeeds { PageNeeds() }
}
