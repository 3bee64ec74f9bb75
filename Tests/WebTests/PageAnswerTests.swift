// Pages as answers: their header fields, and the language of whoever asks.

import HTTP
import PageSamples
import Pages
import Testing

@testable import Web

struct PageAnswerTests {
    private let answers: PageAnswers

    init() throws {
        answers = PageAnswers(templates: try PageTemplates(EmbeddedPages.files))
    }

    @Test("every page carries every protection, and nothing of it may be stored")
    func fields() throws {
        let texts = answers.templates.languages.best(uiLocales: "de", accepted: [])
        for (name, page) in try PageSamples().all {
            let answer = answers.answer(.badRequest, page, in: texts)
            #expect(answer.status == .badRequest)
            let expected: [(HeaderName, String)] = [
                (.contentType, "text/html; charset=utf-8"), ("content-language", "de"), (.cacheControl, "no-store"),
                (.xContentTypeOptions, "nosniff"), (.xFrameOptions, "DENY"), (.referrerPolicy, "no-referrer"),
                (.contentSecurityPolicy, page.needs.contentSecurityPolicy),
            ]
            for (field, value) in expected { #expect(answer.headers.values(field) == [value], "\(name)") }
        }
    }

    @Test("a page that a client's window leads to keeps its opener; every other one is cut off from it")
    func openers() throws {
        let texts = answers.templates.languages.best(uiLocales: nil, accepted: [])
        let pages: [(any WebPage, String?)] = [
            (ErrorPage(.expired, requestID: "r"), nil), (SignedOutPage(), "same-origin"),
            (DeviceDonePage(client: ClientCard(name: "c"), isAllowed: true), "same-origin"),
        ]
        for (page, value) in pages { #expect(answers.answer(.ok, page, in: texts).headers[.crossOriginOpenerPolicy] == value) }
    }

    @Test("a value can end neither a policy nor a header field")
    func injection() throws {
        let logo = try #require(PageLink("https://a.example/x;script-src%20*"))
        let form = PageForm(
            action: try #require(PageLink("/x;y")), token: "t", redirect: PageLink(redirectURI: "https://b.example/;script-src"))
        let page = ConsentPage(
            form: form, client: ClientCard(name: "c", logo: logo), username: "u", scopes: [], redirectHost: "b.example")
        let answer = answers.answer(.ok, page, in: answers.templates.languages.best(uiLocales: nil, accepted: []))
        #expect(
            answer.headers[.contentSecurityPolicy]
                == "default-src 'none'; style-src 'self'; img-src 'self' https://a.example; form-action 'self' https://b.example; "
                + "frame-ancestors 'none'; base-uri 'none'")
    }

    @Test(
        "the language is the request's",
        arguments: [
            (["Accept-Language: de-DE,de;q=0.9,en;q=0.8"], nil, "de"), (["Accept-Language: de"], "en", "en"), ([], nil, "en"),
            (["Accept-Language: fr", "Accept-Language: de"], nil, "de"),
        ] as [([String], String?, String)])
    func language(fields: [String], wish: String?, language: String) throws {
        #expect(answers.texts(for: try request("GET", "/", fields), uiLocales: wish).language == language)
    }
}
