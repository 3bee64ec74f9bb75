// AuthorizationAnswer: the way back to the client: where, how, and what goes with every answer. `iss` is in each of them (RFC 9207),
// so that a client of several servers knows whose answer it holds.

import MartletEncoding

/// The way back of one request.
package struct AuthorizationAnswer: Sendable, Hashable {
    package let redirectURI: String
    package let mode: ResponseMode
    package let state: String?
    package let issuer: String

    package init(redirectURI: String, mode: ResponseMode, state: String?, issuer: String) {
        self.redirectURI = redirectURI
        self.mode = mode
        self.state = state
        self.issuer = issuer
    }

    /// The parameters of an answer with a code.
    package func parameters(code: String) -> [(name: String, value: String)] { [("code", code)] + common }

    /// The parameters of an answer with an error (RFC 6749 §4.1.2.1).
    package func parameters(error: OAuthError) -> [(name: String, value: String)] {
        [("error", error.code.rawValue), ("error_description", error.description)] + common
    }

    /// The address to redirect to with these parameters. Of a redirect URI's own query everything stays (RFC 6749 §3.1.2).
    package func location(_ parameters: [(name: String, value: String)]) -> String {
        let mark =
            switch mode {
            case .fragment: "#"
            case .query, .formPost: redirectURI.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            }
        let pairs = parameters.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return redirectURI + mark + pairs.joined(separator: "&")
    }

    private var common: [(name: String, value: String)] {
        (state.map { [("state", $0)] } ?? []) + [("iss", issuer)]
    }
}
