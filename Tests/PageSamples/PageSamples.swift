// PageSamples: every page in the states that people see it in, for whoever renders all of them: with everyday values, or with the
// same hostile one in every place that a stranger can fill.

package import Pages

package struct PageSamples: Sendable {
    /// What a stranger would call a client.
    package static let hostile = "<img src=x onerror=alert(1)>\"'&"

    /// The pages with a name for each.
    package let all: [(name: String, page: any WebPage)]

    /// The pages. `filling` stands in for every text that comes from outside.
    package init(filling: String? = nil) throws(MissingLink) {
        let text = { (usual: String) in filling ?? usual }
        let link = { (text: String) throws(MissingLink) -> PageLink in
            guard let link = PageLink(text) else { throw MissingLink(text: text) }
            return link
        }
        let client = ClientCard(
            name: text("Lighthouse Notes"), logo: nil, home: try link("https://notes.example/"),
            policy: try link("https://notes.example/privacy"), terms: try link("https://notes.example/terms"))
        let form = PageForm(
            action: try link("/oauth2/interaction"), token: text("tok-en_1"), hidden: [HiddenField(text("request"), text("r-1"))],
            redirect: try link("https://notes.example/callback?from=martlet"))
        let plain = PageForm(action: try link("/oauth2/device"), token: text("tok-en_1"))
        let scopes = [
            ScopeLine(name: "openid", sentence: text("Know who you are")),
            ScopeLine(name: "email", sentence: text("See your e-mail address")),
            ScopeLine(name: "notes:write", sentence: text("Read and change your notes, and share them with people you work with")),
        ]
        let elsewhere = try link("/oauth2/sign-in?switch=1")
        all = [
            ("sign-in", SignInPage(form: form, client: client, register: try link("/oauth2/register-account"), canCancel: true)),
            ("sign-in-alone", SignInPage(form: plain)),
            (
                "sign-in-wrong",
                SignInPage(
                    form: form, client: client, username: text("ada@example.org"), problem: .invalidCredentials,
                    register: try link("/oauth2/register-account"), canCancel: true)
            ),
            (
                "sign-in-again",
                SignInPage(form: form, client: client, username: text("ada"), isReauthentication: true, canCancel: true)
            ),
            ("register", RegisterPage(form: form, client: client, signIn: try link("/oauth2/sign-in"))),
            (
                "register-wrong",
                RegisterPage(
                    form: form, client: client, username: text("ada"), email: text("ada@"), problem: .fields, usernameProblem: .taken,
                    emailProblem: .invalid, passwordProblem: .tooCommon, signIn: try link("/oauth2/sign-in"))
            ),
            (
                "consent",
                ConsentPage(
                    form: form, client: client, username: text("ada"), switchAccount: elsewhere, scopes: scopes,
                    resources: [text("https://api.notes.example/v2"), text("https://search.notes.example")],
                    redirectHost: text("notes.example"))
            ),
            (
                "consent-logo",
                ConsentPage(
                    form: form, client: ClientCard(name: text("Chart Room"), logo: try link("https://chart.example/logo.png")),
                    username: text("ada.lovelace@analytical-engines.example"), scopes: [], redirectHost: text("127.0.0.1"),
                    mayRemember: false)
            ),
            ("device-code", DeviceCodePage(form: plain)),
            ("device-code-wrong", DeviceCodePage(form: plain, code: text("WDJB-MJHT"), problem: .unknown)),
            (
                "device-confirm",
                DeviceConfirmPage(
                    form: plain, client: client, code: text("WDJB-MJHT"), username: text("ada"), switchAccount: elsewhere, scopes: scopes,
                    resources: [text("https://api.notes.example/v2")])
            ),
            ("device-done", DeviceDonePage(client: client, isAllowed: true)),
            ("device-denied", DeviceDonePage(client: client, isAllowed: false)),
            ("sign-out", SignOutPage(form: plain, username: text("ada"), client: client)),
            (
                "signed-out",
                SignedOutPage(
                    client: client, back: try link("https://notes.example/bye"), frontChannel: [try link("https://chart.example/out")])
            ),
            ("signed-out-alone", SignedOutPage()),
            (
                "form-post",
                FormPostPage(
                    action: try link("https://notes.example/callback"),
                    hidden: [HiddenField("code", text("c-1")), HiddenField("state", text("s"))],
                    client: client)
            ),
            (
                "error",
                ErrorPage(
                    .unknownRedirect, detail: text("invalid_request: redirect_uri is not one that the client registered."),
                    requestID: text("01J9Z3K5W7Q2"))
            ),
            ("error-expired", ErrorPage(.expired, requestID: text("01J9Z3K5W7Q2"), retry: try link("/"))),
        ]
    }
}

/// A sample's address is not one.
package struct MissingLink: Error {
    package let text: String
}
