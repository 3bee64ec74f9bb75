// PageRefusals: what refusals look like where people are: a page, whoever refuses: the body's limits, a lane that is full, a database that
// is away. The other endpoints below /oauth2/ answer programs (OAuthRefusals).

package import HTTP
import OAuth
import Pages

/// The shape of errors at the addresses of pages.
package struct PageRefusals: Sendable {
    private let pages: PageAnswers

    package init(pages: PageAnswers) { self.pages = pages }

    /// The answer to a refusal at a page; nil for a request to something else.
    package func answer(to refusal: Refusal, _ id: RequestID, of request: Request?) -> Response? {
        guard let request, Self.paths.contains(request.path) else { return nil }
        // A document that describes no client was to be one.
        let isUnknown = refusal.code == OAuthError.Code.invalidClient.rawValue
        let page = ErrorPage(
            isUnknown ? .unknownClient : Self.problem(refusal.status), detail: refusal.status.code < 500 ? refusal.detail : nil,
            requestID: id.description)
        return pages.answer(isUnknown ? .badRequest : refusal.status, page, in: pages.texts(for: request))
    }

    private static func problem(_ status: Status) -> ErrorPage.Problem {
        switch status.code {
        case 404: .notFound
        case 429, 503: .unavailable
        case 500...: .internalError
        default: .invalidRequest
        }
    }

    /// Where people are.
    package static let paths: Set<String> = [
        "/oauth2/authorize", "/oauth2/consent", "/oauth2/sign-in", "/oauth2/sign-up", "/oauth2/device", "/oauth2/logout",
    ]
}
