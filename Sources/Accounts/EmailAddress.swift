// EmailAddress: an address that could be delivered to, as far as looking at it can tell. Whether its owner is the
// account's is another question; only a verified address is unique and good for logging in.

package import Store

/// An e-mail address: `local@domain`, at most 254 bytes (RFC 5321 §4.5.3.1).
package struct EmailAddress: Sendable, Hashable {
    /// As it was typed.
    package let text: String

    /// Throws what is wrong with the text.
    package init(parsing text: String) throws(FieldProblem) {
        guard text.utf8.count <= 254 else { throw FieldProblem("email", "too_long", "At most 254 bytes.") }
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].count), Self.isDomain(parts[1]),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !Self.specials.contains($0) })
        else { throw FieldProblem("email", "invalid", "Not an e-mail address.") }
        self.text = text
    }

    /// What makes it the same as another.
    package var key: EmailKey { EmailKey(text) }

    private static func isDomain(_ text: Substring.UTF8View) -> Bool {
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { byte in
                        byte >= 0x80 || byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    }
            }
    }

    /// RFC 5322 §3.2.3: what a local part has only in quotes.
    private static let specials = Array("()<>[]:;\\,\"".utf8)
}
