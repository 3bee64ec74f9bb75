// RoleName: 1 to 64 lower-case letters, digits and . _ : - of ASCII, for roles that somebody gives here. Those of imported accounts are
// named by their groups (docs/django.md), which are freer.

/// A role's name that keeps the rules.
package struct RoleName: Sendable, Hashable {
    package let text: String

    /// Throws what is wrong with the text.
    package init(parsing text: String) throws(FieldProblem) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
            throw FieldProblem("roles", "invalid", "A role is 1 to 64 lower-case letters, digits and . _ : -")
        }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "._:-".utf8.contains(byte)
    }
}
