// DevicePages: the three steps of a device's owner (RFC 8628 §3.3): type the code, see who asks and that the code is the device's, done.
// The first posts `user_code`; the second `decision` = `allow` or `deny`.

/// Where the code is typed.
package struct DeviceCodePage: WebPage {
    package var form: PageForm
    /// What stands in the field: typed before, or of `verification_uri_complete`. It is never taken without being looked at (§5.4).
    package var code: String
    package var problem: Problem?

    package enum Problem: String, Sendable, CaseIterable {
        /// No device asks with this code, or not any more.
        case unknown
        case expired
        case tooManyAttempts = "too_many_attempts"
        case unavailable
    }

    package init(form: PageForm, code: String = "", problem: Problem? = nil) {
        self.form = form
        self.code = code
        self.problem = problem
    }

    package static let name = "device-code"
    package static let fields = Fields<DeviceCodePage>()
        .form { $0.form }
        .text("code") { $0.code }
        .choice("problem") { $0.problem }

    package static func template(in templates: PageTemplates) -> Template<DeviceCodePage> { templates.deviceCode }
    package var needs: PageNeeds { form.needs.standingAlone }
}

/// Who asks, and is it your device?
package struct DeviceConfirmPage: WebPage {
    package var form: PageForm
    package var client: ClientCard
    /// The code, to compare with the one on the device (RFC 8628 §5.4).
    package var code: String
    package var username: String
    package var switchAccount: PageLink?
    package var scopes: [ScopeLine]
    package var resources: [String]

    package init(
        form: PageForm, client: ClientCard, code: String, username: String, switchAccount: PageLink? = nil, scopes: [ScopeLine],
        resources: [String] = []
    ) {
        self.form = form
        self.client = client
        self.code = code
        self.username = username
        self.switchAccount = switchAccount
        self.scopes = scopes
        self.resources = resources
    }

    package static let name = "device-confirm"
    package static let fields = Fields<DeviceConfirmPage>()
        .form { $0.form }
        .client { $0.client }
        .text("code") { $0.code }
        .text("username") { $0.username }
        .link("switch_account") { $0.switchAccount }
        .flag("has_scopes") { !$0.scopes.isEmpty }
        .list("scopes", of: ScopeLine.fields) { $0.scopes }
        .flag("has_resources") { !$0.resources.isEmpty }
        .list("resources", of: .text) { $0.resources }

    package static func template(in templates: PageTemplates) -> Template<DeviceConfirmPage> { templates.deviceConfirm }
    package var needs: PageNeeds { form.needs.showing(client).standingAlone }
}

/// It is done: look at the device.
package struct DeviceDonePage: WebPage {
    package var client: ClientCard
    /// Whether the device may go on.
    package var isAllowed: Bool

    package init(client: ClientCard, isAllowed: Bool) {
        self.client = client
        self.isAllowed = isAllowed
    }

    package static let name = "device-done"
    package static let fields = Fields<DeviceDonePage>()
        .client { $0.client }
        .flag("is_allowed") { $0.isAllowed }
        .flag("is_denied") { !$0.isAllowed }

    package static func template(in templates: PageTemplates) -> Template<DeviceDonePage> { templates.deviceDone }
    package var needs: PageNeeds { PageNeeds().standingAlone }
}

extension PageNeeds {
    /// Of a page that no client's window leads to.
    var standingAlone: PageNeeds {
        var needs = self
        needs.isWithinFlow = false
        return needs
    }
}
