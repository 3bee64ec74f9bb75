// Comparison: two answers to one request, and in what they differ. An answer with another status is another answer: its content is
// not compared, but told in a few words.

/// One request with both answers.
package struct Comparison: Sendable {
    /// Where it was asked.
    package let endpoint: Endpoint
    /// What was asked.
    package let request: RelayedRequest

    /// A comparison of the answers to this request.
    package init(_ endpoint: Endpoint, _ request: RelayedRequest) {
        self.endpoint = endpoint
        self.request = request
    }

    /// In what the two answers differ, in the order of the places; what docs/django.md explains has its reason.
    package func differences(old: RelayedAnswer, new: RelayedAnswer) -> [Difference] {
        let redactor = Redactor(request, endpoint)
        guard old.status == new.status else {
            return [
                Difference(
                    .status, "status", old: "\(old.status)\(AnswerDescription.words(of: old, redactor))",
                    new: "\(new.status)\(AnswerDescription.words(of: new, redactor))")
            ].map(judged)
        }
        let (left, right) = (AnswerDescription(old, redactor).traits, AnswerDescription(new, redactor).traits)
        var found: [Difference] = []
        var told: [String] = []
        for place in Set(left.keys).union(right.keys).sorted() {
            // What is below a member that differs as a whole goes without saying.
            guard !told.contains(where: { Self.isBelow(place, $0) }) else { continue }
            guard let difference = Self.difference(at: place, left[place], right[place]) else { continue }
            if left[place]?.type != right[place]?.type { told.append(place) }
            found.append(judged(difference))
        }
        return found
    }

    private func judged(_ difference: Difference) -> Difference {
        var difference = difference
        difference.reason = ExpectedDifference.reason(for: difference, of: self)
        return difference
    }

    private static func difference(at place: String, _ old: Trait?, _ new: Trait?) -> Difference? {
        guard let old, let new else {
            guard let there = old ?? new else { return nil }
            return Difference(kind(place, there), place, old: old?.shown ?? "absent", new: new?.shown ?? "absent")
        }
        guard old.type == new.type else { return Difference(kind(place, old), place, old: old.shown, new: new.shown) }
        guard old.value != new.value else { return nil }
        let isTold = old.shown != new.shown
        return Difference(old.kind, place, old: old.shown, new: isTold ? new.shown : "another \(new.shown)")
    }

    /// The kind of a difference in type, by where it is.
    private static func kind(_ place: String, _ trait: Trait) -> Difference.Kind {
        if trait.kind == .claim || trait.kind == .header { return trait.kind }
        if place.hasPrefix("header ") { return .header }
        return place.hasPrefix("cookie ") ? .cookie : .shape
    }

    private static func isBelow(_ place: String, _ above: String) -> Bool {
        guard place != above else { return false }
        if above.isEmpty { return place.hasPrefix("/") || place.hasPrefix(" ") }
        return place.hasPrefix(above + "/") || place.hasPrefix(above + " ")
    }
}
