// PageLink: an address that a page may lead to, send a form to or load an image from. What a link can be told to do is decided by its
// scheme, which no escaping takes care of, so a text becomes one only here.

/// An address on a page.
package struct PageLink: Sendable, Hashable {
    /// The address, as it was given.
    package let text: String
    /// What a Content-Security-Policy calls where it leads to (CSP 3 §2.3.1): `'self'`, an origin, or a scheme.
    package let source: String

    /// A path of this service, or an absolute http or https address. nil for anything else: other schemes above all, but also
    /// `//host/path`, and characters that RFC 3986 §2 does not have, which browsers read in surprising ways.
    package init?(_ text: String) {
        guard Self.isWritten(text) else { return nil }
        if text.hasPrefix("/") {
            guard !text.hasPrefix("//") else { return nil }
            source = "'self'"
        } else {
            guard let source = Self.origin(text, scheme: "https") ?? Self.origin(text, scheme: "http") else { return nil }
            self.source = source
        }
        self.text = text
    }

    /// A path of this service, as its source says it.
    package init(own path: StaticString) {
        text = path.description
        source = "'self'"
    }

    /// A redirect URI that was proven to be a client's: those of ``init(_:)``, or of an app's own scheme, which is a domain name
    /// backwards (RFC 8252 §7.1).
    package init?(redirectURI text: String) {
        if let link = PageLink(text), !text.hasPrefix("/") {
            self = link
            return
        }
        let scheme = text.prefix { $0 != ":" }
        guard Self.isWritten(text), scheme.utf8.count < text.utf8.count, scheme.contains("."),
            scheme.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || "0123456789+-.".utf8.contains($0) })
        else { return nil }
        self.text = text
        source = scheme + ":"
    }

    /// The origin of an address; nil unless it is of this scheme and has a host, and nothing but a port beside it.
    private static func origin(_ text: String, scheme: String) -> String? {
        let start = scheme + "://"
        guard text.hasPrefix(start) else { return nil }
        let authority = text.dropFirst(start.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.hasPrefix("[") {
            // A policy has no way to write the address of an IPv6 host (CSP 3 §2.3.1, host-part): the scheme alone must do.
            return authority.utf8.allSatisfy { "[]:.0123456789abcdefABCDEF".utf8.contains($0) } ? scheme + ":" : nil
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, host.utf8.allSatisfy(isHostByte),
            parts.count == 1 || (!parts[1].isEmpty && parts[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return start + authority
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || "0123456789-._".utf8.contains(byte)
    }

    private static func isWritten(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"<>\\^`{|}".utf8.contains($0) }
    }
}
