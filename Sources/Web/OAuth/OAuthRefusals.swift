// OAuthRefusals: what refusals look like at the OAuth endpoints: {"error","error_description"} (RFC 6749 §5.2), whoever refuses:
// a step of the protocol, the body's limits, a lane that is full.

package import HTTP
import MartletEncoding
package import OAuth
import ResourceServer

extension Refusal {
    /// A step's refusal, with its own code.
    package init(_ error: OAuthError) {
        self.init(
            Status(error.status), code: error.code.rawValue, detail: error.description,
            retryAfter: error.code == .temporarilyUnavailable ? 5 : nil, logDetail: error.logDetail)
    }
}

/// The shape of errors at the OAuth endpoints.
package enum OAuthRefusals {
    /// The answer to a refusal at an OAuth endpoint; nil for a request to another one.
    package static func answer(to refusal: Refusal, of request: Request?) -> Response? {
        guard let request, request.path.utf8.starts(with: prefix.utf8) else { return nil }
        let code = OAuthError.Code(rawValue: refusal.code) ?? code(for: refusal.status)
        let body = JSONWriter.object { writer in
            writer.member("error", code.rawValue)
            writer.member("error_description", refusal.detail)
        }
        var response = Response.privateJSON(refusal.status, body)
        if let nonce = refusal.proofNonce { response.headers.append(.dpopNonce, nonce) }
        guard refusal.status == .unauthorized || code == .insufficientScope else { return response }
        // At userinfo a client is at an API, which takes tokens of both schemes (RFC 6750 §3, RFC 9449 §7.1).
        let challenge = request.path == UserInfoRoutes.path ? ErrorBody.challenge(refusal, of: request) : challenge(code, request)
        return challenge.map { response.adding(.wwwAuthenticate, $0) } ?? response
    }

    /// RFC 6749 §5.2: "the authorization server MUST respond with … "WWW-Authenticate" response header field matching the
    /// authentication scheme used by the client". RFC 6750 §3.1: who came without a token hears no error code there.
    private static func challenge(_ code: OAuthError.Code, _ request: Request) -> String? {
        if code == .invalidClient { return "Basic realm=\"martlet\"" }
        let bearer = "Bearer realm=\"martlet\""
        return request.headerCount(.authorization) == 0 ? bearer : "\(bearer), error=\"\(code.rawValue)\""
    }

    private static func code(for status: Status) -> OAuthError.Code {
        switch status.code {
        case 401: .invalidToken
        case 403: .accessDenied
        case 429, 503: .temporarilyUnavailable
        case 500...: .serverError
        default: .invalidRequest
        }
    }

    private static let prefix = "/oauth2/"
}
