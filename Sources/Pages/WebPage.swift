// WebPage: what every page is: a value with all that it shows, a template of its name, and what it needs of the browser.

/// A page.
package protocol WebPage: Sendable {
    /// The template's file without its end, and the group of its texts.
    static var name: String { get }
    /// What its template may name.
    static var fields: Fields<Self> { get }
    /// Its template among all.
    static func template(in templates: PageTemplates) -> Template<Self>
    /// What it needs of the browser beyond our own style and images.
    var needs: PageNeeds { get }
}

/// What a page needs of the browser, for its Content-Security-Policy.
package struct PageNeeds: Sendable, Hashable {
    /// Images beside our own.
    package var images: [PageLink] = []
    /// Where forms are posted, and where that is redirected to; none for a page without forms.
    package var formTargets: [PageLink] = []
    /// Pages of others inside of it.
    package var frames: [PageLink] = []
    /// A script of ours.
    package var script = false
    /// The page stands between a client's request and its answer. A client that opened it in a window of its own must find that window
    /// again afterwards, so it is not cut off from its opener (Cross-Origin-Opener-Policy).
    package var isWithinFlow = true

    /// The policy (CSP 3): nothing but what is named.
    package var contentSecurityPolicy: String {
        var parts = ["default-src 'none'", "style-src 'self'", "img-src " + Self.list(["'self'"] + images.map(\.source))]
        if script { parts.append("script-src 'self'") }
        if !frames.isEmpty { parts.append("frame-src " + Self.list(frames.map(\.source))) }
        parts.append("form-action " + Self.list(formTargets.isEmpty ? ["'none'"] : formTargets.map(\.source)))
        return (parts + ["frame-ancestors 'none'", "base-uri 'none'"]).joined(separator: "; ")
    }

    private static func list(_ sources: [String]) -> String {
        var seen: Set<String> = []
        return sources.filter { seen.insert($0).inserted }.joined(separator: " ")
    }
}
