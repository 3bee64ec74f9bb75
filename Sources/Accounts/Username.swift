// Username: 1 to 150 letters, digits and @ . + - _, as Django's users have them.
// A letter is any character that Unicode calls one, already composed: combining marks are refused, so that two
// usernames that look the same by composition alone cannot both exist.

package import Store

/// A username that keeps the rules.
package struct Username: Sendable, Hashable {
    /// As it was typed.
    package let text: String

    /// Throws what is wrong with the text.
    package init(parsing text: String) throws(FieldProblem) {
        let scalars = text.unicodeScalars
        guard !scalars.isEmpty else { throw FieldProblem("username", "required", "A username is needed.") }
        guard scalars.count <= 150 else { throw FieldProblem("username", "too_long", "At most 150 characters.") }
        guard scalars.allSatisfy(Self.isAllowed) else {
            throw FieldProblem("username", "invalid", "Letters, digits and @ . + - _ only.")
        }
        self.text = text
    }

    /// What makes it the same as another.
    package var key: UsernameKey { UsernameKey(text) }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "@", ".", "+", "-", "_": true
        case _ where scalar.isASCII: false
        default:
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
            default: false
            }
        }
    }
}
