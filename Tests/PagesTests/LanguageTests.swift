// The tables of texts: what is taken, that languages do not drift apart, and who gets which.

import MartletEncoding
import PageSamples
import Testing

@testable import Pages

struct LanguageTests {
    static let bundled = EmbeddedPages.files

    /// The keys of a bundled table, `group.key`.
    static func keys(_ language: String) throws -> Set<String> {
        let file = try #require(bundled.first { $0.name == "texts.\(language).json" })
        let root = try JSONDocument(parsing: file.bytes).root
        return Set(root.members.flatMap { group, texts in texts.members.map { "\(group).\($0.name)" } })
    }

    @Test("every language says everything that English says, but for the product's name, and nothing else")
    func complete() throws {
        let tags = Self.bundled.map(\.name).filter { $0.hasPrefix("texts.") }.map { String($0.dropFirst(6).dropLast(5)) }
        #expect(tags.contains("en") && tags.count > 1)
        for tag in tags where tag != "en" {
            #expect(try Self.keys(tag) == Self.keys("en").subtracting(["common.product"]), "\(tag)")
        }
    }

    @Test("every text is used by a page: what is said nowhere is not translated either")
    func used() throws {
        let languages = try Languages(Self.bundled)
        let all = try Self.keys("en").filter { !$0.hasPrefix("scopes.") }
        let source = Self.bundled.filter { $0.name.hasSuffix(".html") }.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        for key in all {
            let name = key.split(separator: ".", maxSplits: 1)[1]
            let field = name.split(separator: ".")[0]
            #expect(source.contains("{{t.\(name)}}") || (name.contains(".") && source.contains("{{\(field)}}")), "\(key)")
        }
        #expect(languages.tags.first == "en")
    }

    @Test("what a language lacks is there in English, and a later file's texts take the place of an earlier one's")
    func fallback() throws {
        let languages = try TemplateTests.languages(
            ("en", #"{"common": {"a": "A", "b": "B"}, "scopes": {"x": "X"}}"#), ("de", #"{"common": {"a": "Ä"}}"#),
            ("en", #"{"common": {"b": "Bee"}}"#))
        let german = languages.best(uiLocales: "de", accepted: [])
        let a = try #require(languages.index(of: "a", group: "any"))
        let b = try #require(languages.index(of: "b", group: "any"))
        #expect(german.message(a).parts == [.literal("Ä")] && german.message(b).parts == [.literal("Bee")])
        #expect(german.sentence(ofScope: "x") == "X" && german.sentence(ofScope: "y") == nil)
    }

    @Test("a script that goes from right to left says so")
    func direction() throws {
        let languages = try TemplateTests.languages(("en", "{}"), ("ar", #"{"direction": "rtl"}"#))
        #expect(languages.best(uiLocales: "ar-EG", accepted: []).direction == .rightToLeft)
        #expect(languages.best(uiLocales: nil, accepted: []).direction == .leftToRight)
    }

    @Test(
        "a table that is not one is refused, with the reason",
        arguments: [
            ("[]", "object of groups"), ("{", "ends too early"), (#"{"common": []}"#, "common must be"),
            (#"{"common": {"a": 1}}"#, "common.a"),
            (#"{"common": {"a": "{b"}}"#, "common.a"), (#"{"common": {"a": "b}"}}"#, "common.a"), (#"{"common": {"a": "{}"}}"#, "common.a"),
            (#"{"common": {"a": "{B}"}}"#, "common.a"), (#"{"direction": "up"}"#, "ltr or rtl"),
            (#"{"common": {"a": "1", "a": "2"}}"#, "before"),
        ])
    func broken(table: String, reason: String) {
        let error = #expect(throws: TemplateError.self) { try TemplateTests.languages(("en", table)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test("without English, or with a text that English has not, there is no start")
    func stray() {
        #expect(throws: TemplateError.self) { try TemplateTests.languages(("de", "{}")) }
        let error = #expect(throws: TemplateError.self) {
            try TemplateTests.languages(("en", "{}"), ("de", #"{"common": {"titel": "x"}}"#))
        }
        #expect(error?.description.contains("common.titel") == true)
    }

    @Test(
        "the language is the client's wish, else the browser's, else English",
        arguments: [
            (nil, [], "en"), ("de", [], "de"), ("de-AT", [], "de"), ("DE", [], "de"), ("fr de en", [], "de"), ("fr", [], "en"),
            ("fr", ["de"], "de"), ("en", ["de"], "en"), (nil, ["de-CH", "en;q=0.9"], "de"), (nil, ["en;q=0.5", "de;q=0.8"], "de"),
            (nil, ["de;q=0.5", "en;q=0.5"], "de"), (nil, ["de;q=0", "fr"], "en"), (nil, ["*"], "en"), (nil, ["de;q=2"], "en"),
            (nil, ["de;q=x"], "en"), (nil, ["de;q="], "en"), (nil, ["de ; q=0.7", "en;q=0.6"], "de"), (nil, ["pt"], "en"),
            (nil, ["pt-BR"], "pt-br"), (nil, ["zh-Hant-x-mine"], "zh-hant"), ("-", ["-"], "en"), ("", [""], "en"),
            (nil, Array(repeating: "fr", count: 16) + ["de"], "en"),
        ] as [(String?, [String], String)])
    func choice(wish: String?, accepted: [String], language: String) throws {
        let languages = try TemplateTests.languages(("en", "{}"), ("de", "{}"), ("pt-BR", "{}"), ("zh-Hant", "{}"))
        #expect(languages.best(uiLocales: wish, accepted: accepted).language == language)
    }
}
