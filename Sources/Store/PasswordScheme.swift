// PasswordScheme: by what a stored password was hashed, told by how the string begins, so that the store can count what is
// left of other systems' hashes. Reading the string itself is PasswordHashing's, which gives the same names.

/// The name of a hash's scheme.
package struct PasswordScheme: Hashable, Sendable {
    /// `argon2id`; `django.` and Django's name of the hasher; `wrapped.` and the same; `unknown`.
    package let name: String

    /// A scheme by its name, as the store keeps it.
    package init(named name: String) { self.name = name }

    /// The scheme of a stored string; nil for Django's mark of an account without a password.
    package init?(of encoded: String) {
        let text = encoded.utf8
        if text.first == UInt8(ascii: "!") { return nil }
        if text.starts(with: "$argon2id$".utf8) {
            name = "argon2id"
        } else if text.starts(with: Self.wrapped.utf8) {
            name = "wrapped." + Self.field(text.dropFirst(Self.wrapped.utf8.count))
        } else if text.first != UInt8(ascii: "$"), text.contains(UInt8(ascii: "$")) {
            name = "django." + Self.field(text[...])
        } else {
            name = "unknown"
        }
    }

    /// Whether the hash came from another system, so that it costs another time to check than this service's own.
    package var isLegacy: Bool { Self.legacyPrefixes.contains { name.utf8.starts(with: $0.utf8) } }

    /// How the names of legacy schemes begin.
    package static let legacyPrefixes = ["django.", "wrapped."]

    private static func field(_ text: Substring.UTF8View) -> String {
        String(decoding: text.prefix { $0 != UInt8(ascii: "$") }, as: UTF8.self)
    }

    private static let wrapped = "$argon2id-over$v=1$"
}

/// How many accounts have a password of a scheme.
package struct PasswordSchemeCount: Sendable, Hashable {
    /// Nil for accounts without a password.
    package var scheme: PasswordScheme?
    package var accounts: Int64

    package init(scheme: PasswordScheme?, accounts: Int64) {
        self.scheme = scheme
        self.accounts = accounts
    }

    /// The scheme's name; `none` for accounts without a password.
    package var name: String { scheme?.name ?? "none" }

    /// Whether the passwords came from another system.
    package var isLegacy: Bool { scheme?.isLegacy ?? false }
}
