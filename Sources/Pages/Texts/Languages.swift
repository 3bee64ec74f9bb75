// Languages: the tables of texts, read from `texts.LANGUAGE.json`, and the choice among them. A table is an object of groups, one for
// each page and `common` for all, of texts; `direction` beside them says which way the script goes. A new language is a new file.

import MartletEncoding

/// The languages that the pages speak.
package struct Languages: Sendable {
    /// English first, the others by their names.
    let all: [Texts]
    private let keys: [String: Int]

    /// Reads the tables among these files. Of two files of one name the later one's texts take the place of the earlier one's, text by
    /// text.
    ///
    /// Throws where a table is broken, has a text that English has not (a slip of the key, as it would never be shown), or there is
    /// no English.
    init(_ files: [PageFile]) throws(TemplateError) {
        var tables: [String: Table] = [:]
        for file in files {
            guard let language = Self.language(of: file.name) else { continue }
            try tables[language, default: Table()].merge(file)
        }
        guard let english = tables["en"] else { throw TemplateError("texts.en.json", "the table of English texts is missing") }
        let names = english.texts.keys.sorted()
        keys = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var all: [Texts] = []
        for language in ["en"] + tables.keys.filter({ $0 != "en" }).sorted() {
            guard let table = tables[language] else { continue }
            if let stray = table.texts.keys.filter({ english.texts[$0] == nil }).min() {
                throw TemplateError("texts.\(language).json", "\(stray) is no text of the pages: texts.en.json does not have it")
            }
            all.append(
                Texts(
                    language: language, direction: table.direction ?? .leftToRight,
                    messages: names.compactMap { table.texts[$0] ?? english.texts[$0] },
                    scopes: english.scopes.merging(table.scopes) { $1 }))
        }
        self.all = all
    }

    /// The languages' tags, English first: `ui_locales_supported` of the metadata (OpenID Connect Discovery 1.0 §3).
    package var tags: [String] { all.map(\.language) }

    /// The language for somebody: the first that fits of `ui_locales` (OpenID Connect Core 1.0 §3.1.2.1: tags in order, separated by
    /// spaces), else of the elements of `Accept-Language` by their weights (RFC 9110 §12.5.4), else English. A range fits a language by
    /// lookup (RFC 4647 §3.4): `de-AT` is answered by `de`.
    package func best(uiLocales: String?, accepted: [String]) -> Texts {
        let asked = (uiLocales ?? "").split(separator: " ").map(String.init)
        // sort(by:) of the standard library keeps the order of equals.
        let weighed = accepted.prefix(Self.maximumRanges).compactMap(Self.weighed).sorted { $0.weight > $1.weight }
        for range in asked.prefix(Self.maximumRanges) + weighed.filter({ $0.weight > 0 }).map(\.range) {
            if let texts = lookUp(range) { return texts }
        }
        return all[0]
    }

    /// The place of a text that a template names: in its page's group, else in `common`.
    func index(of key: String, group: String) -> Int? { keys["\(group).\(key)"] ?? keys["common.\(key)"] }

    /// RFC 4647 §3.4: the range is cut from its end until something fits.
    private func lookUp(_ range: String) -> Texts? {
        var subtags = range.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        while !subtags.isEmpty {
            let tag = subtags.joined(separator: "-")
            if let texts = all.first(where: { $0.language == tag }) { return texts }
            subtags.removeLast()
            if subtags.last?.count == 1 { subtags.removeLast() }
        }
        return nil
    }

    /// A range with its weight in thousandths; nil where it is not well formed.
    private static func weighed(_ element: String) -> (range: String, weight: Int)? {
        let parts = element.split(separator: ";", omittingEmptySubsequences: false)
        let range = String(parts[0].filter { $0 != " " && $0 != "\t" })
        guard parts.count > 1 else { return (range, 1000) }
        let quality = parts[1].filter { $0 != " " && $0 != "\t" }.lowercased()
        guard parts.count == 2, quality.hasPrefix("q="), quality.utf8.count >= 3 else { return nil }
        let digits = quality.dropFirst(2).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Int(digits[0]), (0...1).contains(whole) else { return nil }
        let fraction = digits.count > 1 ? digits[1] : ""
        guard fraction.utf8.count <= 3, fraction.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let thousandths = Int((String(fraction) + "000").prefix(3))
        else { return nil }
        return (range, min(whole * 1000 + thousandths, 1000))
    }

    /// `de` of `texts.de.json`.
    private static func language(of file: String) -> String? {
        guard file.hasPrefix("texts."), file.hasSuffix(".json"), file.utf8.count > 11 else { return nil }
        return String(file.dropFirst(6).dropLast(5)).lowercased()
    }

    private struct Table {
        var direction: Texts.Direction?
        var texts: [String: Message] = [:]
        var scopes: [String: String] = [:]

        mutating func merge(_ file: PageFile) throws(TemplateError) {
            let root: JSONValue
            do throws(JSONError) {
                root = try JSONDocument(parsing: file.bytes).root
            } catch {
                throw TemplateError(file.name, line: error.line, error.reason.rawValue)
            }
            guard root.isObject else { throw TemplateError(file.name, "it must be an object of groups of texts") }
            for (group, value) in root.members {
                if group == "direction" {
                    guard let direction = value.string.flatMap(Texts.Direction.init) else {
                        throw TemplateError(file.name, "direction must be ltr or rtl")
                    }
                    self.direction = direction
                } else {
                    guard value.isObject else { throw TemplateError(file.name, "\(group) must be an object of texts") }
                    for (key, value) in value.members {
                        guard let text = value.string, let message = Message(parsing: text) else {
                            throw TemplateError(file.name, "\(group).\(key) must be a text, with braces around names alone")
                        }
                        if group == "scopes" { scopes[key] = text } else { texts["\(group).\(key)"] = message }
                    }
                }
            }
        }
    }

    /// Ranges of one list that are looked at; people have fewer, and a list can be as long as a header.
    private static let maximumRanges = 16
}
