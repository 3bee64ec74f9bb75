// ScopesFile: the operator's own scopes, the claims that go with them, and the APIs that tokens may be for: one JSON file, read at the
// start. Whatever is wrong with it is told with its place; a member that nobody knows is wrong, too, since it was meant to do
// something.

import MartletEncoding
import Tokens

/// What the file says.
package struct ScopesFile: Sendable, Hashable {
    package let scopes: [ScopeDescription]
    /// The addresses of the APIs; nil for any that a client names.
    package let resources: [String]?

    /// What is wrong with a file, and where.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// `line 2, column 7` or `scopes.read.claims.id_token.sub`.
        package let place: String
        package let reason: String

        package var description: String { place.isEmpty ? reason : "\(place): \(reason)" }
    }

    /// Without a file.
    package init() {
        scopes = []
        resources = nil
    }

    /// Reads the text of a file.
    package init(parsing text: [UInt8]) throws(Failure) {
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(parsing: text) } catch {
            throw Failure(place: "line \(error.line), column \(error.column)", reason: error.reason.rawValue)
        }
        let root = Place(value: document.root, path: "")
        try root.allow(["scopes", "resources"])
        scopes = try root.members("scopes").map { name, place throws(Failure) in try Self.scope(name, place) }
        resources = try Self.resources(root)
        try Self.checkClaimsAgree(scopes)
    }

    private static func scope(_ name: String, _ place: Place) throws(Failure) -> ScopeDescription {
        guard let parsed = try? ScopeSet(parsing: name), parsed.names == [name] else {
            throw place.wrong("a scope's name is visible ASCII without quotes and backslashes")
        }
        // What opens the account, and the service itself, is never given to clients by people.
        guard FirstPartyScope(rawValue: name) == nil else { throw place.wrong("this scope is the service's own") }
        try place.allow(["description", "claims"])
        let isOpenIDs = ScopeCatalogue.openID.contains { $0.name == name }
        let text = try place.text("description")
        guard isOpenIDs || text != nil else { throw place.wrong("it needs a description: people are asked by it") }
        let claims = try place.object("claims")
        try claims?.allow(["access_token", "id_token", "userinfo"])
        return ScopeDescription(
            name: name, text: text ?? "",
            claims: ScopeClaims(
                accessToken: try rules(claims, "access_token"), idToken: try rules(claims, "id_token"),
                userInfo: try rules(claims, "userinfo")))
    }

    private static func rules(_ claims: Place?, _ target: String) throws(Failure) -> [ClaimRule] {
        guard let claims else { return [] }
        return try claims.members(target).map { name, place throws(Failure) in
            guard (1...128).contains(name.utf8.count), !ClaimRule.reserved.contains(name) else {
                throw place.wrong("this claim is the protocol's")
            }
            let source = try source(place)
            if let fixed = ClaimRule.fixed[name], source != fixed {
                throw place.wrong("this claim can only be what it is: {\"from\": \"\(name)\"}")
            }
            return ClaimRule(name: name, source: source)
        }
    }

    private static func source(_ place: Place) throws(Failure) -> ClaimRule.Source {
        try place.allow(["from", "constant"])
        switch (try place.text("from"), place.value["constant"]) {
        case (let word?, nil):
            if let known = ClaimRule.sources.first(where: { $0.word == word }) { return known.source }
            let prefix = "attribute:"
            if word.utf8.starts(with: prefix.utf8), word.utf8.count > prefix.utf8.count {
                return .attribute(String(decoding: word.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
            }
            throw place.wrong("from is one of \(ClaimRule.sources.map(\.word).joined(separator: ", ")), or attribute: and a name")
        case (nil, let value?): return .constant(Array(value.json))
        default: throw place.wrong("a claim has either from or constant")
        }
    }

    private static func resources(_ root: Place) throws(Failure) -> [String]? {
        guard let value = root.value["resources"] else { return nil }
        guard let resources = value.strings else { throw root.wrong("resources is a list of texts") }
        for (index, resource) in resources.enumerated() where !ResourceCatalogue.isAddress(resource) {
            throw Failure(place: "resources[\(index)]", reason: "this is no absolute URI without a fragment")
        }
        return resources
    }

    /// A token with two scopes has each claim once.
    private static func checkClaimsAgree(_ scopes: [ScopeDescription]) throws(Failure) {
        for (target, rules) in [
            ("access_token", \ScopeClaims.accessToken), ("id_token", \.idToken), ("userinfo", \.userInfo),
        ] as [(String, KeyPath<ScopeClaims, [ClaimRule]>)] {
            var known: [String: (rule: ClaimRule, scope: String)] = [:]
            for scope in scopes {
                for rule in scope.claims[keyPath: rules] {
                    if let other = known[rule.name], other.rule != rule {
                        throw Failure(
                            place: "scopes.\(scope.name).claims.\(target).\(rule.name)",
                            reason: "\(other.scope) has another rule for this claim")
                    }
                    known[rule.name] = (rule, scope.name)
                }
            }
        }
    }
}

/// A value of the file, and how it is reached.
private struct Place {
    let value: JSONValue
    let path: String

    func wrong(_ reason: String) -> ScopesFile.Failure { ScopesFile.Failure(place: path, reason: reason) }

    /// Throws unless this is an object with these members at most.
    func allow(_ names: [String]) throws(ScopesFile.Failure) {
        guard value.isObject else { throw wrong("this is no object") }
        for (name, _) in value.members where !names.contains(name) {
            throw inside(name, value).wrong("nobody knows this member; known are \(names.joined(separator: ", "))")
        }
    }

    func members(_ name: String) throws(ScopesFile.Failure) -> [(name: String, place: Place)] {
        guard let object = try object(name) else { return [] }
        return object.value.members.map { ($0.name, object.inside($0.name, $0.value)) }
    }

    func object(_ name: String) throws(ScopesFile.Failure) -> Place? {
        guard let member = value[name] else { return nil }
        let place = inside(name, member)
        guard member.isObject else { throw place.wrong("this is no object") }
        return place
    }

    /// A line that people may be shown.
    func text(_ name: String) throws(ScopesFile.Failure) -> String? {
        guard let member = value[name] else { return nil }
        guard let text = member.string, (1...200).contains(text.utf8.count), text.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
            throw inside(name, member).wrong("this is no text of 1 to 200 bytes")
        }
        return text
    }

    private func inside(_ name: String, _ value: JSONValue) -> Place {
        Place(value: value, path: path.isEmpty ? name : "\(path).\(name)")
    }
}
