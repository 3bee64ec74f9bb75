// ExpectedDifference: what a rule about differences that are meant is, so that a summary tells surprise from what is documented. A
// rule is as narrow as its reason: what it does not cover is a surprise. The rules are DocumentedDifferences.

/// A rule about differences that are meant.
package struct ExpectedDifference: Sendable {
    /// Which requests; nil is all.
    var request: (@Sendable (Comparison) -> Bool)?
    /// What differs.
    var kind: Difference.Kind
    /// Patterns of the place, and of what is said there; `*` is any text.
    var places: [String]
    var old = "*"
    var new = "*"
    /// How the two go together, where patterns cannot say it.
    var says: (@Sendable (_ old: String, _ new: String) -> Bool)?
    /// The sentence.
    var reason: String

    /// The sentences of all rules, each as docs/django.md has it.
    package static var reasons: Set<String> { Set(rules.map(\.reason)) }

    /// Why a difference is so; nil when it is not meant.
    static func reason(for difference: Difference, of comparison: Comparison) -> String? {
        rules.first { rule in
            rule.kind == difference.kind && rule.places.contains { matches(difference.place, $0) } && matches(difference.old, rule.old)
                && matches(difference.new, rule.new) && rule.says?(difference.old, difference.new) ?? true
                && rule.request?(comparison) ?? true
        }?.reason
    }

    /// Whether a text is what a pattern says, `*` being any text.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == pattern }
        guard text.hasPrefix(first) else { return false }
        var rest = text.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            while !rest.isEmpty, !rest.hasPrefix(part) { rest.removeFirst() }
            guard rest.hasPrefix(part) else { return false }
            rest = rest.dropFirst(part.count)
        }
        return rest.hasSuffix(last)
    }
}
