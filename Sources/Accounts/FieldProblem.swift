// FieldProblem: what is wrong with one member of what somebody sent, for programs and for people.

/// A broken rule of one member of a body.
package struct FieldProblem: Error, Sendable, Hashable {
    /// The member's name.
    package var field: String
    /// Stable, such as `too_short`.
    package var code: String
    /// One sentence.
    package var detail: String

    /// A problem of a member.
    package init(_ field: String, _ code: String, _ detail: String) {
        self.field = field
        self.code = code
        self.detail = detail
    }
}
