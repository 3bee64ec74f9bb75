// The names of things in the store, one type each, so that a session's id cannot stand where a user's is asked for.

/// The id of an account: opaque text.
package struct UserID: Hashable, Sendable, CustomStringConvertible {
    /// The text as it stands in `sub`.
    package let text: String
    /// An id from its text; what it names is the store's to say.
    package init(_ text: String) { self.text = text }
    package var description: String { text }
}

/// The id of a session: opaque text, the same for its whole life.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    /// The text as it stands in a refresh token's `sid`.
    package let text: String
    /// An id from its text; what it names is the store's to say.
    package init(_ text: String) { self.text = text }
    package var description: String { text }
}

/// What an account is found by: its username with ASCII letters in lower case, or, for one that came from elsewhere and
/// shares that with another account, its username byte for byte. Computed here and not by a database's collation, so that
/// every engine agrees.
package struct UsernameKey: Sendable {
    /// The folded text, which makes two usernames the same to those who register.
    package let folded: String
    /// What no folded text is equal to, since none has a capital letter: `E` and the username.
    package let exact: String
    /// The keys of a username.
    package init(_ username: String) {
        folded = username.asciiLowercased
        exact = "E" + username
    }
}

/// What makes two e-mail addresses the same: their text with ASCII letters in lower case.
package struct EmailKey: Hashable, Sendable {
    /// The folded text.
    package let text: String
    /// The key of an address.
    package init(_ email: String) { text = email.asciiLowercased }
}

/// An address that a login came from, in the form that limits count: IPv4 whole, IPv6 by its /64.
package struct LoginAddress: Hashable, Sendable {
    /// The text.
    package let text: String
    /// An address from its limit form.
    package init(_ text: String) { self.text = text }
}

extension String {
    /// With the ASCII letters A–Z in lower case and everything else as it is.
    package var asciiLowercased: String {
        String(decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
