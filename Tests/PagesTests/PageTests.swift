// The pages themselves: all of them can be made in every language, whatever is on them, and what they ask of a browser is no more
// than they need.

import PageSamples
import Testing

@testable import Pages

struct PageTests {
    static func html(_ page: any WebPage, _ templates: PageTemplates, _ texts: Texts) -> String {
        String(decoding: templates.html(page, in: texts), as: UTF8.self)
    }

    @Test("every page is made in every language, with its heading, its language and nothing left of the templates")
    func all() throws {
        let templates = try PageTemplates(EmbeddedPages.files)
        for texts in templates.languages.all {
            for (name, page) in try PageSamples().all {
                let html = Self.html(page, templates, texts)
                #expect(html.hasPrefix("<!doctype html>\n<html lang=\"\(texts.language)\" dir=\"ltr\">"), "\(name)")
                #expect(html.contains("<h1>") && !html.contains("{{") && !html.contains("}}") && !html.contains("<!--"), "\(name)")
            }
        }
    }

    @Test("what a stranger fills in stands on every page as text")
    func hostile() throws {
        let templates = try PageTemplates(EmbeddedPages.files)
        for texts in templates.languages.all {
            let usual = try PageSamples().all
            for ((name, page), (_, harmless)) in zip(try PageSamples(filling: PageSamples.hostile).all, usual) {
                let html = Self.html(page, templates, texts)
                #expect(!html.contains("<img src=x") && !html.contains("\"'&\""), "\(name)")
                // The same tags, whatever the values are.
                let tags = { (html: String) in html.count { $0 == "<" } }
                #expect(tags(html) == tags(Self.html(harmless, templates, texts)), "\(name)")
            }
        }
    }

    @Test("every form carries its token and its hidden values, and goes by POST")
    func forms() throws {
        let templates = try PageTemplates(EmbeddedPages.files)
        let texts = templates.languages.all[0]
        for (name, page) in try PageSamples().all where name.hasPrefix("sign-in") || name == "consent" || name == "device-confirm" {
            let html = Self.html(page, templates, texts)
            #expect(html.contains("<form method=\"post\" action=\"/oauth2/"), "\(name)")
            #expect(html.contains("<input type=\"hidden\" name=\"form_token\" value=\"tok-en_1\">"), "\(name)")
        }
        let consent = Self.html(try #require(try PageSamples().all.first { $0.name == "consent" }).page, templates, texts)
        #expect(consent.contains("<input type=\"hidden\" name=\"request\" value=\"r-1\">"))
    }

    @Test(
        "the policy of a page names what the page needs and no more",
        arguments: [
            ("sign-in", "img-src 'self'; form-action 'self' https://notes.example; "),
            ("sign-in-alone", "img-src 'self'; form-action 'self'; "),
            ("consent-logo", "img-src 'self' https://chart.example; form-action 'self' https://notes.example; "),
            ("signed-out", "img-src 'self'; frame-src https://chart.example; form-action 'none'; "),
            ("form-post", "img-src 'self'; script-src 'self'; form-action https://notes.example; "),
            ("error", "img-src 'self'; form-action 'none'; "),
        ])
    func policy(name: String, part: String) throws {
        let page = try #require(try PageSamples().all.first { $0.name == name }).page
        #expect(
            page.needs.contentSecurityPolicy
                == "default-src 'none'; style-src 'self'; \(part)frame-ancestors 'none'; base-uri 'none'")
    }

    @Test("a page is cut off from its opener exactly where no client waits for it")
    func openers() throws {
        let alone = try PageSamples().all.filter { !$0.page.needs.isWithinFlow }.map(\.name)
        #expect(
            alone == [
                "device-code", "device-code-wrong", "device-confirm", "device-done", "device-denied", "sign-out", "signed-out",
                "signed-out-alone",
            ])
    }

    @Test("a template that is missing, or one of the operator's that is wrong, stops the start with its name")
    func files() throws {
        let files = EmbeddedPages.files
        for missing in ["frame.html", "consent.html", "texts.en.json"] {
            let error = #expect(throws: TemplateError.self) { try PageTemplates(files.filter { $0.name != missing }) }
            #expect(error?.file == missing)
        }
        let own = { (name: String, text: String) in files + [PageFile(name: name, bytes: Array(text.utf8))] }
        let error = #expect(throws: TemplateError.self) { try PageTemplates(own("sign-in.html", "<p>\n{{clinet}}</p>\n")) }
        #expect(error?.description == "sign-in.html, line 2: {{clinet}} is not a value of this page")
        for (frame, line) in [("{{x}}\n<!--page-->\n", 1), ("\n<!--page-->\n\n{{x}}", 4)] {
            let error = #expect(throws: TemplateError.self) { try PageTemplates(own("frame.html", frame)) }
            #expect(error?.file == "frame.html" && error?.line == line)
        }
        let formless = #expect(throws: TemplateError.self) { try PageTemplates(own("sign-in.html", "<p>{{username}}</p>")) }
        #expect(formless?.reason == "{{action}} must be in it")
        #expect(throws: TemplateError.self) { try PageTemplates(own("frame.html", "<p>")) }

        let templates = try PageTemplates(own("texts.en.json", #"{"common": {"product": "Acme <1>"}}"#))
        for texts in templates.languages.all {
            #expect(Self.html(ErrorPage(.expired, requestID: "r"), templates, texts).contains("· Acme &lt;1&gt;</title>"))
        }
    }

    @Test(
        "an address is one of ours or of the web, and nothing that a browser would run",
        arguments: [
            ("/oauth2/authorize?a=b", "'self'"), ("/", "'self'"), ("https://a.example", "https://a.example"),
            ("https://a.example:8443/x?y#z", "https://a.example:8443"), ("http://localhost:3000/cb", "http://localhost:3000"),
            ("http://[::1]:3000/cb", "http:"), ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example"),
            ("//evil.example/", nil), ("/\\evil.example", nil), ("javascript:alert(1)", nil), ("JAVASCRIPT:alert(1)", nil),
            ("data:text/html,x", nil), ("vbscript:x", nil), ("https:a.example", nil), ("https://", nil), ("https://u@a.example/", nil),
            ("https://a.example;script-src", nil), ("https://a.example /", nil), ("https://a.example:x/", nil),
            ("https://a.example:/", nil),
            ("https://a,b/", nil), ("https://*/", nil), ("https://bücher.example/", nil), ("", nil), ("x", nil), (" /", nil),
            ("/a\"b", nil),
            ("/a\r\nb", nil), ("com.example.app:/cb", nil), ("https://a.example/'x", "https://a.example"),
        ] as [(String, String?)])
    func links(text: String, source: String?) {
        #expect(PageLink(text)?.source == source)
        if source != nil { #expect(PageLink(text)?.text == text) }
    }

    @Test(
        "a redirect URI may be an app's own, but never a path of ours",
        arguments: [
            ("com.example.app:/cb", "com.example.app:"), ("https://a.example/cb", "https://a.example"), ("/cb", nil), ("javascript:x", nil),
            ("Com.Example:/cb", nil), ("com.example.app", nil), ("com.exa mple:/", nil), ("com.example;x:/", nil),
        ] as [(String, String?)])
    func redirects(text: String, source: String?) {
        #expect(PageLink(redirectURI: text)?.source == source)
    }

    @Test(
        "a client without a logo is shown by its first letter or digit", arguments: [("ada", "A"), ("  *1", "1"), ("ß", "SS"), ("!", "?")])
    func initial(name: String, initial: String) {
        #expect(ClientCard(name: name).initial == initial)
    }
}
