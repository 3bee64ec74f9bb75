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
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
                !scalar.properties.isDefaultIgnorableCodePoint && !otherSpellings.contains { $0.contains(scalar.value) }
            default: false
            }
        }
    }

    /// Letters that are canonically another letter or a part of one (UAX #15): Greek with oxia, the signs of Ohm, Kelvin and
    /// Ångström, conjoining jamo, CJK compatibility ideographs. Where the other spelling needs a mark, that one is refused.
    private static let otherSpellings: [ClosedRange<UInt32>] =
        [0x1100...0x11FF, 0xA960...0xA97F, 0xD7B0...0xD7FF, 0xF900...0xFAFF, 0x2F800...0x2FA1F]
        + [
            0x0374, 0x1F71, 0x1F73, 0x1F75, 0x1F77, 0x1F79, 0x1F7B, 0x1F7D, 0x1FBB, 0x1FBE, 0x1FC9, 0x1FCB, 0x1FD3, 0x1FDB, 0x1FE3, 0x1FEB,
            0x1FF9, 0x1FFB, 0x2126, 0x212A, 0x212B,
        ].map { $0...$0 }
}
