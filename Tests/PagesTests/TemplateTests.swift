// The grammar of templates: what is taken, what is refused and why, and that no value ever becomes markup.

import Testing

@testable import Pages

struct TemplateTests {
    struct Leaf: Sendable {
        var word: String
    }

    struct Sample: WebPage {
        var text = "a<b"
        var maybe: String?
        var isOn = false
        var link = PageLink("https://a.example/?x=1&y=2")
        var leaves: [Leaf] = []
        var problem: Problem?

        enum Problem: String, Sendable, CaseIterable { case first, second }

        static let name = "sample"
        static let fields = Fields<Sample>()
            .text("text") { $0.text }
            .text("maybe") { $0.maybe }
            .flag("on") { $0.isOn }
            .link("link") { $0.link }
            .list("leaves", of: Fields<Leaf>().text("word") { $0.word }) { $0.leaves }
            .choice("problem") { $0.problem }
        static func template(in templates: PageTemplates) -> Template<Sample> { fatalError("not among the pages") }
        var needs: PageNeeds { PageNeeds() }
    }

    static let table = """
        {"common": {"hello": "Hello {text}!", "plain": "5 < 6"}, "sample": {"problem.first": "One", "problem.second": "Two {text}"}}
        """

    static func languages(_ tables: (String, String)...) throws -> Languages {
        try Languages(tables.map { PageFile(name: "texts.\($0.0).json", bytes: Array($0.1.utf8)) })
    }

    static func render(_ template: String, _ page: Sample = Sample(), fields: Fields<Sample> = Sample.fields) throws -> String {
        let languages = try languages(("en", table))
        let scope = TemplateScope(file: "sample.html", group: "sample", languages: languages)
        let bound = try Template(TemplateSyntax(parsing: Array(template.utf8), file: "sample.html"), fields, scope)
        return String(decoding: bound.render(page, languages.all[0]), as: UTF8.self)
    }

    @Test(
        "what a template says is what comes out",
        arguments: [
            ("", "", "nothing"),
            ("<p>{{text}}</p>", "<p>a&lt;b</p>", "text"),
            ("<p title=\"{{text}}\">", "<p title=\"a&lt;b\">", "a quoted value"),
            ("<p title='{{text}} {{text}}'>", "<p title='a&lt;b a&lt;b'>", "two in one value"),
            ("<a href=\"{{link}}\">", "<a href=\"https://a.example/?x=1&amp;y=2\">", "an address"),
            ("<p>{{link}}</p>", "<p>https://a.example/?x=1&amp;y=2</p>", "an address as text"),
            ("{{#on}}no{{/on}}", "", "a truth value that is false"),
            ("{{#maybe}}no{{/maybe}}", "", "a text that is not there"),
            ("<i>{{maybe}}</i>", "<i></i>", "the same, named"),
            ("{{#text}}yes{{/text}}", "yes", "a text that is there"),
            ("{{#link}}yes{{/link}}", "yes", "an address that is there"),
            ("<ul>{{#leaves}}<li>{{word}}</li>{{/leaves}}</ul>", "<ul><li>1</li><li>&amp;</li></ul>", "a list"),
            ("{{#leaves}}{{t.plain}}{{/leaves}}", "5 &lt; 65 &lt; 6", "a text of the language in a list"),
            ("<p>{{t.hello}}</p>", "<p>Hello <bdi>a&lt;b</bdi>!</p>", "a text with a value, which keeps to itself"),
            ("<p title=\"{{t.hello}}\">", "<p title=\"Hello a&lt;b!\">", "the same where no element can be"),
            ("<title>{{t.hello}}</title>", "<title>Hello a&lt;b!</title>", "the same in a title"),
            ("<p>{{problem}}</p>", "<p>Two <bdi>a&lt;b</bdi></p>", "one of several messages"),
            ("{{#problem}}!{{/problem}}", "!", "a message that is there"),
            ("<input {{#text}}checked{{/text}}>", "<input checked>", "an attribute in a section"),
            ("<input {{#text}}checked {{/text}} {{#on}}x{{/on}}>", "<input checked  >", "two of them"),
            ("<input {{#text}}value=\"{{text}}\"{{/text}}>", "<input value=\"a&lt;b\">", "an attribute with a value in a section"),
            ("<p class=\"a{{#text}} b{{/text}}\">", "<p class=\"a b\">", "a part of a value in a section"),
            ("<html lang=\"{{lang}}\" dir=\"{{dir}}\">", "<html lang=\"en\" dir=\"ltr\">", "the language"),
            ("<!doctype html><!-- > --><p>{{text}}</p>", "<!doctype html><!-- > --><p>a&lt;b</p>", "doctype and comment"),
            ("<style>a{}</style><p>{{text}}", "<style>a{}</style><p>a&lt;b", "after a style"),
            ("<br/>{{text}}", "<br/>a&lt;b", "a void element"),
            ("{ {text}} }", "{ {text}} }", "braces that are none of ours"),
        ] as [(String, String, String)])
    func good(template: String, html: String, what: String) throws {
        let page = Sample(leaves: [Leaf(word: "1"), Leaf(word: "&")], problem: .second)
        #expect(try Self.render(template, page) == html, "\(what)")
    }

    @Test(
        "what is not in the grammar, or is no value of the page, is refused with its place",
        arguments: [
            ("\n{{unknown}}", 2, "is not a value of this page", "a name that the page does not have"),
            ("{{word}}", 1, "is not a value of this page", "an element's name outside of its list"),
            ("{{#leaves}}{{text}}{{/leaves}}", 1, "is not a value of this page", "the page's name inside a list"),
            ("{{#unknown}}{{/unknown}}", 1, "is not a value of this page", "an unknown section"),
            ("{{t.unknown}}", 1, "there is no text", "an unknown text"),
            ("{{#leaves}}{{t.hello}}{{/leaves}}", 1, "which is not a text here", "a text that names what is not here"),
            ("{{on}}", 1, "is no text", "a truth value as text"),
            ("{{leaves}}", 1, "is no text", "a list as text"),
            ("{{text", 1, "is not closed", "no end"),
            ("\n\n{{#on}}", 3, "is not closed", "a section without end"),
            ("{{/on}}", 1, "closes what is not open", "an end without section"),
            ("{{#on}}{{#text}}{{/on}}{{/text}}", 1, "closes what is not open", "crossed sections"),
            ("{{{text}}}", 1, "not in the grammar", "three braces: there is no raw HTML"),
            ("{{&text}}", 1, "not in the grammar", "nor by a sign"),
            ("{{>frame}}", 1, "not in the grammar", "no partials"),
            ("{{!text}}", 1, "not in the grammar", "no comments"),
            ("{{^on}}{{/on}}", 1, "not in the grammar", "no inverted sections"),
            ("{{ text }}", 1, "not in the grammar", "no spaces: one spelling"),
            ("{{}}", 1, "not in the grammar", "no name"),
            ("{{a..b}}", 1, "not in the grammar", "an empty word"),
            ("<p title={{text}}>", 1, "stands where no value may", "a value without quotes"),
            ("<p title=a>", 1, "in quotes", "a literal without quotes"),
            ("<{{text}}>", 1, "neither a tag's", "a tag's name"),
            ("<p {{text}}>", 1, "stands where no value may", "an attribute's name"),
            ("<p {{text}}=\"\">", 1, "stands where no value may", "an attribute's name with a value"),
            ("<script>{{text}}</script>", 1, "stands where no value may", "a script"),
            ("<style>{{text}}</style>", 1, "stands where no value may", "a style"),
            ("<!-- {{text}} -->", 1, "stands where no value may", "a comment"),
            ("<p onclick=\"{{text}}\">", 1, "stands where no value may", "a handler"),
            ("<p style=\"{{text}}\">", 1, "stands where no value may", "a style attribute"),
            ("<iframe srcdoc=\"{{text}}\">", 1, "stands where no value may", "a page in an attribute"),
            ("<img srcset=\"{{link}} 2x\">", 1, "stands where no value may", "a list of addresses"),
            ("<a href=\"{{text}}\">", 1, "is no address", "a text as an address"),
            ("<a href=\"{{t.plain}}\">", 1, "is no address", "a language's text as an address"),
            ("<form action=\"{{problem}}\">", 1, "is no address", "a message as an address"),
            ("<a href=\"/x?{{link}}\">", 1, "stands where no value may", "an address after something"),
            ("<a href=\"{{link}}x\">", 1, "must be the whole", "something after an address"),
            ("<a href=\"{{link}}{{link}}\">", 1, "stands where no value may", "an address after an address"),
            ("<a href=\"{{#on}}x{{/on}}\">", 1, "no section may begin", "a section in an address"),
            ("{{#on}}<p {{/on}}>", 1, "not at the place", "a section that ends in a tag"),
            ("<p {{#on}}>{{/on}}", 1, "not at the place", "a section that ends outside of its tag"),
            ("<p a{{#on}}b{{/on}}>", 1, "no section may begin", "a section in a name"),
            ("<p {{#on}}a{{/on}}b>", 1, "space is missing", "a name right after a section"),
            ("<p {{#on}}a{{/on}}{{#on}}b{{/on}}>", 1, "no section may begin", "a section right after a section"),
            ("<p a=\"\"b=\"\">", 1, "space is missing", "attributes without a space"),
            ("<P>", 1, "neither a tag's", "capitals: one spelling"),
            ("<a HREF=\"{{text}}\">", 1, "attribute's name", "capitals in an attribute"),
            ("<scrip{{#on}}t{{/on}}>{{text}}", 1, "no section may begin", "a section in a tag's name"),
            ("<p{{#on}} a{{/on}}>", 1, "no section may begin", "a section right after a tag's name"),
            ("<p:x>", 1, "space is missing", "a tag's name that is none of HTML's"),
            ("<meta http-equiv=\"refresh\" content=\"{{text}}\">", 1, "stands where no value may", "a way to be led away"),
            ("a < b", 1, "neither a tag's", "a bare <"),
            ("<p", 1, "ends inside", "a tag without end"),
            ("<title>", 1, "ends inside", "a title without end"),
        ] as [(String, Int, String, String)])
    func broken(template: String, line: Int, reason: String, what: String) {
        let error = #expect(throws: TemplateError.self, "\(what)") { try Self.render(template) }
        #expect(error?.line == line, "\(what): \(error?.description ?? "")")
        #expect(error?.reason.contains(reason) == true, "\(what): \(error?.description ?? "")")
    }

    @Test("sections nest eight deep and no deeper")
    func depth() throws {
        let nested = { (count: Int) in
            String(repeating: "{{#text}}", count: count) + "x" + String(repeating: "{{/text}}", count: count)
        }
        #expect(try Self.render(nested(8)) == "x")
        #expect(throws: TemplateError.self) { try Self.render(nested(9)) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: TemplateError.self) { try TemplateSyntax(parsing: [0x3C, 0xFF], file: "x.html") }
    }

    @Test("a template that leaves out what its page requires is refused")
    func required() throws {
        let fields = Sample.fields.requiring("text")
        let error = #expect(throws: TemplateError.self) { try Self.render("<p>{{t.plain}}</p>", fields: fields) }
        #expect(error?.description == "sample.html: {{text}} must be in it")
        #expect(try Self.render("{{text}}", fields: fields) == "a&lt;b")
    }

    @Test(
        "every character that means something in HTML is written so that it does not",
        arguments: [
            ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;"), ("\r", "&#13;"), ("\0", "\u{FFFD}"),
            ("\n", "\n"),
            ("&lt;", "&amp;lt;"), ("{{text}}", "{{text}}"), ("é☃", "é☃"), ("</title><script>", "&lt;/title&gt;&lt;script&gt;"), ("", ""),
        ])
    func escaping(text: String, html: String) throws {
        #expect(try Self.render("{{text}}", Sample(text: text)) == html)
        #expect(try Self.render("<p title=\"{{text}}\">", Sample(text: text)) == "<p title=\"\(html)\">")
        #expect(try Self.render("{{t.hello}}", Sample(text: text)) == "Hello <bdi>\(html)</bdi>!")
    }
}
