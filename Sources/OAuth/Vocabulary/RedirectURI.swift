// RedirectURI: where an answer may be sent. Compared byte by byte (RFC 9700 §2.1, §4.1.3); a loopback address may have another port than
// was registered (RFC 8252 §7.3), and nothing else may differ.

/// A redirect URI that a client registered.
package struct RedirectURI: Sendable, Hashable {
    /// As it was registered.
    package let text: String
    /// Without its port; nil when this is no loopback address.
    private let loopback: String?

    /// Bytes of a redirect URI, at most.
    package static let maximumLength = 2048

    /// Reads a URI that is to be registered. Throws `invalid_redirect_uri` unless it is absolute, of characters that RFC 3986 has, without
    /// fragment (RFC 6749 §3.1.2) or user information, and either https, or http on this machine, or of a scheme of its owner's own: a
    /// domain name backwards, for native apps (RFC 8252 §7.1), which lets `javascript:` and its like out.
    package init(registering text: String) throws(OAuthError) {
        let bytes = Array(text.utf8)
        let scheme = bytes.prefix { $0 != UInt8(ascii: ":") }
        guard bytes.count <= Self.maximumLength, scheme.count < bytes.count, bytes.allSatisfy(Self.isURICharacter),
            Self.isScheme(scheme)
        else { throw Self.refusal("is no absolute URI without a fragment") }
        switch String(decoding: scheme, as: UTF8.self) {
        case "https":
            guard Self.hasHost(bytes.dropFirst(8), after: bytes.prefix(8)) else {
                throw Self.refusal("has no host, or has user information")
            }
            loopback = nil
        case "http":
            guard let address = Self.withoutPort(text) else {
                throw Self.refusal("must be https: http is for 127.0.0.1, [::1] and localhost")
            }
            loopback = address
        default:
            guard scheme.contains(UInt8(ascii: ".")) else {
                throw Self.refusal("must be https, http on a loopback address, or of a scheme that is a domain name backwards")
            }
            loopback = nil
        }
        self.text = text
    }

    /// Whether an answer asked for at `presented` may be sent there.
    package func matches(_ presented: String) -> Bool {
        if presented.utf8.elementsEqual(text.utf8) { return true }
        guard let loopback, presented.utf8.allSatisfy(Self.isURICharacter), let other = Self.withoutPort(presented) else { return false }
        return other.utf8.elementsEqual(loopback.utf8)
    }

    private static func refusal(_ what: String) -> OAuthError {
        OAuthError(.invalidRedirectURI, "A redirect URI \(what).")
    }

    /// `http://` and a loopback host, without the port; nil for anything else.
    private static func withoutPort(_ text: String) -> String? {
        for host in ["http://127.0.0.1", "http://[::1]", "http://localhost"] where text.utf8.starts(with: host.utf8) {
            var rest = text.utf8.dropFirst(host.utf8.count)
            if rest.first == UInt8(ascii: ":") {
                let port = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                guard let number = UInt16(String(port) ?? ""), number > 0 else { return nil }
                rest = rest.dropFirst(port.count + 1)
            }
            guard rest.isEmpty || rest.first == UInt8(ascii: "/") || rest.first == UInt8(ascii: "?") else { return nil }
            return host + (String(rest) ?? "")
        }
        return nil
    }

    private static func hasHost(_ rest: ArraySlice<UInt8>, after start: ArraySlice<UInt8>) -> Bool {
        guard start.elementsEqual("https://".utf8) else { return false }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let first = authority.first, first != UInt8(ascii: ":") else { return false }
        return !authority.contains(UInt8(ascii: "@"))
    }

    /// RFC 3986 §3.1, in lower case: one spelling, so that bytes can be compared.
    private static func isScheme(_ scheme: ArraySlice<UInt8>) -> Bool {
        guard let first = scheme.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return scheme.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }

    /// RFC 3986 §2, without `#`, which begins a fragment.
    private static func isURICharacter(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"#<>\\^`{|}".utf8.contains(byte)
    }
}
