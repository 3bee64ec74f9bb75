// Difference: one thing in which two answers are not the same, told without what came in the request.

/// A difference between the old service's answer and Martlet's.
package struct Difference: Sendable, Hashable {
    /// What kind of thing differs.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The status code; the rest of such answers is not compared.
        case status
        /// A header field that a frontend can notice.
        case header
        /// A cookie, its attributes or its life.
        case cookie
        /// A member that only one has, or that is of another type.
        case shape
        /// A text for people or a code for programs.
        case message
        /// Another value of the same type.
        case value
        /// A token's header or claims.
        case claim
    }

    /// What kind of thing differs.
    package let kind: Kind
    /// Where: `status`, `header allow`, `cookie NAME`, a JSON pointer, a JSON pointer and `claim NAME`.
    package let place: String
    /// What the old service says there.
    package let old: String
    /// What Martlet says there.
    package let new: String
    /// Why it is so, in the words of docs/django.md; nil for a surprise.
    package var reason: String?

    /// A difference that nobody has judged yet.
    package init(_ kind: Kind, _ place: String, old: String, new: String) {
        self.kind = kind
        self.place = place
        self.old = old
        self.new = new
    }
}
