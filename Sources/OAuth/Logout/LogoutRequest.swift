// LogoutRequest: a client asks that somebody be signed out (OpenID Connect RP-Initiated Logout 1.0 §2): who asks, whether that is proven,
// whether the person has to be asked, and where to go afterwards. What ends, and who is told, is the store's and LogoutSender's matter.

import MartletEncoding
import MartletJOSE
package import Store
import Tokens

/// A request to the logout endpoint.
package struct LogoutRequest: Sendable {
    /// nil without one, and for one that is not this service's, or not any more.
    package let hint: IDTokenHint?
    /// The client that asks: the one that the ID token was issued to, else `client_id`. nil where an ID token cannot be read: what it
    /// was to prove is not proven by anything else.
    package let clientID: String?
    /// `ui_locales`.
    package let uiLocales: String?
    private let redirectURI: String?
    private let state: String?

    /// The parameters that mean something here, as they were given: for the form that asks the person.
    package let given: [(name: String, value: String)]

    /// Reads a request. Throws `invalid_request` for a parameter that is given twice, and where `client_id` is another client than the
    /// one that the ID token was issued to (§2: "the OP MUST verify that the Client Identifier matches").
    package init(_ parameters: OAuthParameters, of server: AuthorizationServer) throws(OAuthError) {
        try parameters.refuseRepeated(except: [])
        var given: [(name: String, value: String)] = []
        for name in Self.names {
            if let value = try parameters[name] { given.append((name, value)) }
        }
        self.given = given
        let text = try parameters["id_token_hint"]
        let named = try parameters["client_id"]
        hint = text.flatMap { server.idTokenHint($0) }
        if let hint, let named, !named.utf8.elementsEqual(hint.clientID.utf8) {
            throw OAuthError(.invalidRequest, "client_id is not the client that the ID token was issued to.")
        }
        clientID = text == nil ? named : hint?.clientID
        redirectURI = try parameters["post_logout_redirect_uri"]
        state = try parameters["state"]
        uiLocales = try parameters["ui_locales"]
    }

    /// Where the person goes on, with `state`: nil unless the client registered that very address (§3). Not even a loopback address may
    /// have another port here: §3 has a simple string comparison.
    package func destination(in client: Client?) -> String? {
        guard let redirectURI, let client,
            client.metadata.postLogoutRedirectURIs.contains(where: { $0.text.utf8.elementsEqual(redirectURI.utf8) })
        else { return nil }
        guard let state else { return redirectURI }
        return redirectURI + (redirectURI.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + "state=\(PercentEncoding.encode(state))"
    }

    /// §2. `logout_hint` says who is to be signed out; the one who is signed in is asked by name, so it decides nothing.
    private static let names = [
        "id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales",
    ]
}

extension AuthorizationServer {
    /// Whether the person need not be asked: the client shows an ID token that it got from this very sign-in, about this very person. It
    /// may not count otherwise (§2: an ID token about somebody else "SHOULD" be taken for suspect), or any page could sign people out.
    package func isProven(_ request: LogoutRequest, of signIn: BrowserSession, by client: Client?) -> Bool {
        guard let hint = request.hint, let client, hint.clientID.utf8.elementsEqual(client.id.utf8), let sid = hint.signIn else {
            return false
        }
        return sid.utf8.elementsEqual(signIn.id.utf8) && hint.subject.utf8.elementsEqual(subject(of: signIn.userID, for: client).utf8)
    }
}
