// FormPostPage: the answer to a client that wants it posted (OAuth 2.0 Form Post Response Mode 1.0). A script sends the form at once;
// without scripts its button is pressed.

/// The form that goes to the client.
package struct FormPostPage: WebPage {
    /// The redirect URI.
    package var action: PageLink
    /// The answer's parameters.
    package var hidden: [HiddenField]
    package var client: ClientCard

    package init(action: PageLink, hidden: [HiddenField], client: ClientCard) {
        self.action = action
        self.hidden = hidden
        self.client = client
    }

    package static let name = "form-post"
    package static let fields = Fields<FormPostPage>()
        .link("action") { $0.action }
        .list("hidden", of: HiddenField.fields) { $0.hidden }
        .client { $0.client }
        .requiring("action", "hidden")

    package static func template(in templates: PageTemplates) -> Template<FormPostPage> { templates.formPost }
    package var needs: PageNeeds { PageNeeds(formTargets: [action], script: true) }
}
