// PageForm: where a page's form goes and what goes with it. Every form carries the token that proves that we made it.

/// A value that travels with a form unseen.
package struct HiddenField: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    static let fields = Fields<HiddenField>().text("name") { $0.name }.text("value") { $0.value }
}

/// The form of a page.
package struct PageForm: Sendable {
    /// Where it is posted: a path of this service.
    package var action: PageLink
    /// Proof that the form is ours; posted as `form_token`.
    package var token: String
    /// What else goes with it.
    package var hidden: [HiddenField]
    /// Where the answer may redirect to, if that is elsewhere: browsers hold the policy for forms against redirects too.
    package var redirect: PageLink?

    package init(action: PageLink, token: String, hidden: [HiddenField] = [], redirect: PageLink? = nil) {
        self.action = action
        self.token = token
        self.hidden = hidden
        self.redirect = redirect
    }

    /// What the page of such a form needs of the browser.
    var needs: PageNeeds { PageNeeds(formTargets: [action] + (redirect.map { [$0] } ?? [])) }
}

extension Fields {
    /// With a form's action, its token and its hidden values, none of which a template may leave out.
    func form(_ form: @escaping @Sendable (Value) -> PageForm) -> Fields {
        link("action") { form($0).action }
            .text("form_token") { form($0).token }
            .list("hidden", of: HiddenField.fields) { form($0).hidden }
            .requiring("action", "form_token", "hidden")
    }
}
