// ScopeSet: the scopes of a request, a grant or a token.

/// Some scopes, each once, in the order they were named.
package struct ScopeSet: Sendable, Hashable {
    package private(set) var names: [String]

    /// More scopes than a consent page can ask about.
    package static let maximumCount = 64

    /// No scope.
    package static let none = ScopeSet([])

    /// Scopes that are known to be well-formed.
    package init(_ names: [String]) {
        self.names = []
        for name in names where !contains(name) { self.names.append(name) }
    }

    /// Scopes as they were kept with a grant.
    package init(stored text: String) {
        self.init(text.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) })
    }

    /// Reads a space-separated list (RFC 6749 §3.3). Throws `invalid_scope` where a name has other than visible ASCII, or a quote or a
    /// backslash, and where there are too many.
    package init(parsing text: String) throws(OAuthError) {
        let parts = text.utf8.split(separator: UInt8(ascii: " "))
        guard parts.count <= Self.maximumCount, parts.allSatisfy({ $0.allSatisfy(Self.isAllowed) }) else {
            throw OAuthError(.invalidScope, "The scope is not a list of scope names with one space between.")
        }
        self.init(parts.map { String(decoding: $0, as: UTF8.self) })
    }

    /// Space-separated.
    package var text: String { names.joined(separator: " ") }

    package var isEmpty: Bool { names.isEmpty }

    package func contains(_ name: String) -> Bool { names.contains { $0.utf8.elementsEqual(name.utf8) } }

    /// Whether every one of these scopes is in `other`.
    package func isSubset(of other: ScopeSet) -> Bool { names.allSatisfy(other.contains) }

    /// Those that are in `other`, too.
    package func intersection(_ other: ScopeSet) -> ScopeSet { ScopeSet(names.filter(other.contains)) }

    /// Those that are not in `other`.
    package func subtracting(_ other: ScopeSet) -> ScopeSet { ScopeSet(names.filter { !other.contains($0) }) }

    /// These and those of `other`.
    package func union(_ other: ScopeSet) -> ScopeSet { ScopeSet(names + other.names) }

    /// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
    private static func isAllowed(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C }
}
