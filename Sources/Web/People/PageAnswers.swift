// PageAnswers: pages as answers to browsers: in the language of whoever asks, and with the header fields that keep them from being framed,
// stored, or led to anything that they do not name.

package import HTTP
package import Pages

/// Answers that are pages.
package struct PageAnswers: Sendable {
    package let templates: PageTemplates

    package init(templates: PageTemplates) {
        self.templates = templates
    }

    /// The language for whoever sent the request; `uiLocales` is the authorization request's `ui_locales`.
    package func texts(for request: Request, uiLocales: String? = nil) -> Texts {
        templates.languages.best(uiLocales: uiLocales, accepted: request.headerList("accept-language"))
    }

    /// A page.
    package func answer(_ status: Status, _ page: some WebPage, in texts: Texts) -> Response {
        let needs = page.needs
        var headers = Self.fixedHeaders
        headers.append("content-language", texts.language)
        headers.append(.contentSecurityPolicy, needs.contentSecurityPolicy)
        // A client that opened a window for the sign-in hears from that window when it is back with the client; cut off from its opener
        // here, it never would (HTML §7.1.3). Everywhere else nobody has a reason to hold our window.
        if !needs.isWithinFlow { headers.append(.crossOriginOpenerPolicy, "same-origin") }
        return Response(status, headers: headers, body: .bytes(templates.html(page, in: texts)))
    }

    private static let fixedHeaders = Headers([
        (.contentType, "text/html; charset=utf-8"),
        (.cacheControl, "no-store"),
        (.xContentTypeOptions, "nosniff"),
        (.xFrameOptions, "DENY"),
        (.referrerPolicy, "no-referrer"),
        (.permissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ])
}
