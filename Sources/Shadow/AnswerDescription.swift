// AnswerDescription: an answer as a flat list of traits, one for each thing that a frontend can notice: types and shapes, messages
// literally, tokens by their claims and lifetimes. Two answers are compared trait by trait. What a trait shows may stand in a report.

import MartletEncoding

/// One thing about an answer.
struct Trait {
    /// What has to be the same beside the type.
    enum Value: Equatable {
        /// Nothing: such values differ from one answer to the next.
        case any
        case exactly(String)
        /// A span in seconds: another setting is told, and not that a busy simplejwt takes a second between a pair's two tokens, whose
        /// ends it counts from one instant.
        case seconds(Int64)

        static func == (left: Value, right: Value) -> Bool {
            switch (left, right) {
            case (.any, _), (_, .any): true
            case (.exactly(let one), .exactly(let other)): one == other
            case (.seconds(let one), .seconds(let other)):
                one.subtractingReportingOverflow(other).partialValue.magnitude <= max(2, min(30, max(one, other).magnitude / 20))
            default: false
            }
        }
    }

    let type: String
    let value: Value
    /// The kind of a difference in value.
    let kind: Difference.Kind
    let shown: String

    init(_ type: String, _ value: Value = .any, _ kind: Difference.Kind = .value, shown: String? = nil) {
        self.type = type
        self.value = value
        self.kind = kind
        self.shown = shown ?? type
    }
}

/// The traits of one answer, by their places.
struct AnswerDescription {
    private(set) var traits: [String: Trait] = [:]
    private let redactor: Redactor
    private let isError: Bool

    /// Describes an answer.
    init(_ answer: RelayedAnswer, _ redactor: Redactor) {
        self.redactor = redactor
        isError = answer.status >= 400
        describe(headers: answer)
        for cookie in SetCookie.all(of: answer.fields) { describe(cookie) }
        if answer.body.isEmpty {
            traits[""] = Trait("no content")
        } else if answer.mediaType == "application/json" || answer.mediaType.hasSuffix("+json") {
            if let document = try? JSONDocument(parsing: answer.body) {
                describe(document.root, at: "", member: "")
            } else {
                traits[""] = Trait("unreadable JSON")
            }
        } else {
            traits[""] = Trait(answer.mediaType.isEmpty ? "bytes" : redactor.word(answer.mediaType))
        }
    }

    /// What an error says in a few words; empty where it says nothing.
    static func words(of answer: RelayedAnswer, _ redactor: Redactor) -> String {
        guard answer.status >= 400, let document = try? JSONDocument(parsing: answer.body) else { return "" }
        var texts: [String] = []
        document.root.forEachLeaf { place, value in
            let names = place.split(separator: "/").map(String.init)
            guard texts.count < 2, let text = value.string, isMessage(names, isError: true) else { return }
            texts.append(redactor.message(text))
        }
        return texts.isEmpty ? "" : " " + texts.joined(separator: " ")
    }

    private mutating func describe(headers answer: RelayedAnswer) {
        for name in ["www-authenticate", "cache-control"] {
            let value = answer.fields.texts(name).joined(separator: ", ")
            if !value.isEmpty { traits["header \(name)"] = Trait("text", .exactly(value), .header, shown: redactor.phrase(value)) }
        }
        if !answer.mediaType.isEmpty {
            traits["header content-type"] = Trait("text", .exactly(answer.mediaType), .header, shown: redactor.word(answer.mediaType))
        }
        let methods = Set(
            answer.fields.texts("allow").joined(separator: ",").split(separator: ",").map { word in word.filter { $0 != " " } })
        if !methods.isEmpty {
            let list = methods.sorted().joined(separator: ", ")
            traits["header allow"] = Trait("text", .exactly(list), .header, shown: redactor.phrase(list))
        }
        if let location = answer.fields.texts("location").first {
            // A path and a query may hold a secret; that they differ is told, what they are is not.
            traits["header location"] = Trait("address", .exactly(Self.withoutOrigin(location)), .header)
        }
        if !answer.fields.texts("retry-after").isEmpty { traits["header retry-after"] = Trait("a time") }
    }

    private mutating func describe(_ cookie: SetCookie) {
        let place = "cookie \(redactor.word(cookie.name))"
        let attributes = cookie.attributes.joined(separator: "; ")
        traits[place] = Trait(
            "cookie", .exactly(attributes), .cookie, shown: attributes.isEmpty ? "cookie" : "cookie; \(redactor.phrase(attributes))")
        if let seconds = cookie.maxAge { traits["\(place) max-age"] = Trait("seconds", .seconds(seconds), .cookie, shown: "\(seconds) s") }
        if let token = TokenText(cookie.value) {
            describe(token, at: place)
        } else {
            traits["\(place) value"] = Trait(cookie.value.isEmpty ? "empty text" : "opaque text")
        }
    }

    private mutating func describe(_ value: JSONValue, at place: String, member: String) {
        guard traits.count < Self.mostTraits else { return }
        if value.isObject {
            traits[place] = Trait("object")
            for (name, inner) in value.members {
                describe(inner, at: place + "/" + JSONValue.escaped(redactor.word(name)), member: name)
            }
        } else if let elements = value.elements {
            traits[place] = Trait("array", .exactly("\(elements.count)"), .shape, shown: "array of \(elements.count)")
            // An array of any length has a report of some length.
            for (index, inner) in elements.prefix(Self.mostElements).enumerated() {
                describe(inner, at: "\(place)/\(index)", member: member)
            }
        } else if let text = value.string {
            describe(text, at: place, member: member)
        } else if let flag = value.bool {
            traits[place] = Trait("truth value", .exactly("\(flag)"), shown: "\(flag)")
        } else if value.isNull {
            traits[place] = Trait("null")
        } else if let number = value.numericDate, number > Self.someTime {
            traits[place] = Trait("time")
        } else {
            traits[place] = Trait("number", .exactly(String(decoding: value.json, as: UTF8.self)))
        }
    }

    private mutating func describe(_ text: String, at place: String, member: String) {
        if let token = TokenText(text) {
            traits[place] = Trait("token")
            describe(token, at: place)
        } else if Self.isMessage(place.split(separator: "/").map(String.init), isError: isError) {
            traits[place] = Trait("text", .exactly(text), .message, shown: redactor.message(text))
        } else if text.isEmpty {
            traits[place] = Trait("empty text")
        } else if Self.secrets.contains(member) {
            traits[place] = Trait("opaque text")
        } else if Self.isMoment(text) {
            traits[place] = Trait("date and time")
        } else {
            traits[place] = Trait("text", .exactly(text), shown: "text of \(text.count) characters")
        }
    }

    private mutating func describe(_ token: TokenText, at place: String) {
        for (name, value) in token.header.members {
            let shown = value.string.map { redactor.word($0) } ?? "\(Self.type(of: value))"
            let compared = name == "kid" ? Trait.Value.any : .exactly(String(decoding: value.json, as: UTF8.self))
            traits["\(place) header \(redactor.word(name))"] = Trait(
                Self.type(of: value), compared, .claim, shown: name == "kid" ? "text" : shown)
        }
        let issued = token.claims["iat"]?.numericDate
        for (name, value) in token.claims.members {
            traits["\(place) claim \(redactor.word(name))"] = claim(name, value, issued: issued)
        }
    }

    private func claim(_ name: String, _ value: JSONValue, issued: Int64?) -> Trait {
        let type = Self.type(of: value)
        if ["exp", "refresh_exp", "nbf"].contains(name), let issued, let end = value.numericDate {
            let (seconds, overflow) = end.subtractingReportingOverflow(issued)
            return Trait("span", .seconds(overflow ? 0 : seconds), .claim, shown: "\(overflow ? 0 : seconds) s after iat")
        }
        if let number = value.numericDate, number > Self.someTime { return Trait("time", .any, .claim) }
        if Self.varying.contains(name) { return Trait(type, .any, .claim) }
        let compared = Trait.Value.exactly(value.string ?? String(decoding: value.json, as: UTF8.self))
        // The kinds of tokens are a handful of words; other claims are about somebody.
        if name == "token_type", let text = value.string { return Trait(type, compared, .claim, shown: redactor.word(text)) }
        return Trait(type, compared, .claim)
    }

    /// Of an error, what its usual members say, and lists of texts under any name, which is how a form's errors look; of a
    /// success, its `detail`.
    private static func isMessage(_ names: [String], isError: Bool) -> Bool {
        guard let last = names.last else { return isError }
        if !isError { return names == ["detail"] }
        let isIndex = last.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isIndex || messages.contains(last)
    }

    private static func type(of value: JSONValue) -> String {
        if value.string != nil { return "text" }
        if value.bool != nil { return "truth value" }
        if value.isObject { return "object" }
        if value.isArray { return "array" }
        return value.isNull ? "null" : "number"
    }

    private static func withoutOrigin(_ location: String) -> String {
        guard let scheme = ["http://", "https://"].first(where: location.hasPrefix) else { return location }
        return String(location.dropFirst(scheme.count).drop { $0 != "/" })
    }

    /// `2026-11-21T09:30:00…`
    private static func isMoment(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(20))
        guard bytes.count >= 19, text.utf8.count <= 35 else { return false }
        let marks: [Int: UInt8] = [
            4: UInt8(ascii: "-"), 7: UInt8(ascii: "-"), 10: UInt8(ascii: "T"), 13: UInt8(ascii: ":"), 16: UInt8(ascii: ":"),
        ]
        return (0..<19).allSatisfy { index in
            marks[index].map { $0 == bytes[index] } ?? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
        }
    }

    private static let messages: Set<String> = ["detail", "code", "message", "error", "error_description", "non_field_errors"]
    /// Members whose texts are secrets, other ones each time.
    private static let secrets: Set<String> = ["access", "refresh", "token", "key", "sessionid", "csrftoken"]
    /// Claims that are other ones in each token, or each service's own.
    private static let varying: Set<String> = [
        "iat", "auth_time", "orig_iat", "jti", "orig_jti", "sub", "sid", "nonce", "ctr", "hash_password",
    ]
    /// A number of seconds after this one (September 2001) is a point in time.
    private static let someTime: Int64 = 1_000_000_000
    private static let mostElements = 50
    /// What is compared of one answer, at most.
    private static let mostTraits = 500
}
