// Password: what somebody types to prove who they are, and the rules for a new one.
// The rules are NIST SP 800-63B-4 §3.1.1.2: length, and a list of what attackers try first; no composition rules.

import Store

/// A password on its way to being hashed. Has no description, so that it stands in no log.
package struct Password: Sendable {
    /// Its UTF-8 bytes.
    package let bytes: [UInt8]

    /// Any text may be tried as a password; over 4 KiB it is none (nil), so that nobody makes the service hash a book.
    package init?(attempt text: String) {
        guard text.utf8.count <= 4096 else { return nil }
        bytes = Array(text.utf8)
    }

    /// A new password for an account of these names.
    ///
    /// Throws `.invalid` for a length outside 8…256 characters, `.weakPassword` when it is among the commonest or is the
    /// account's own username or e-mail.
    package init(
        new text: String, username: String?, email: String?, common: CommonPasswords, field: String = "password"
    ) throws(AccountError) {
        let length = text.unicodeScalars.count
        guard length >= 8 else { throw .invalid([FieldProblem(field, "too_short", "At least 8 characters.")]) }
        guard length <= 256 else { throw .invalid([FieldProblem(field, "too_long", "At most 256 characters.")]) }
        let folded = text.asciiLowercased
        guard folded != username?.asciiLowercased, folded != email?.asciiLowercased else {
            throw .weakPassword(FieldProblem(field, "too_similar", "It must not be the username or the e-mail address."))
        }
        guard !common.contains(folded) else {
            throw .weakPassword(FieldProblem(field, "too_common", "It is among the passwords that are tried first."))
        }
        bytes = Array(text.utf8)
    }
}
