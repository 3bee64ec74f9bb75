// UpstreamAddress: where a service is that requests are passed on to. Unlike what trust is fetched from it may be plain http on another
// host: it is the operator's own network that the requests took before.

/// Scheme, host and port of a service.
package struct UpstreamAddress: Sendable, Hashable, CustomStringConvertible {
    /// `http://django:8000`
    package let origin: String

    /// Host and port, as `Host` has them.
    package var authority: String { String(origin.drop { $0 != "/" }.dropFirst(2)) }

    package var description: String { origin }

    /// Nil unless the text is `http://host[:port]` or `https://host[:port]`; one slash at its end is taken.
    package init?(_ text: String) {
        let text = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard text.utf8.count <= 300, let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return nil }
        let authority = text.dropFirst(scheme.count)
        let host: Substring
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            host = authority[...close]
            guard host.dropFirst().dropLast().utf8.allSatisfy({ Self.hexDigits.contains($0) || $0 == UInt8(ascii: ":") }) else {
                return nil
            }
        } else {
            host = authority.prefix { $0 != ":" }
            guard host.utf8.allSatisfy(Self.hostBytes.contains) else { return nil }
        }
        let port = authority.dropFirst(host.count)
        let digits = port.dropFirst().utf8
        guard !host.isEmpty, host != "[]",
            port.isEmpty || port.first == ":" && (1...5).contains(digits.count) && digits.allSatisfy(Self.digits.contains)
        else { return nil }
        origin = text
    }

    private static let digits = Set("0123456789".utf8)
    private static let hexDigits = Set("0123456789abcdefABCDEF.".utf8)
    private static let hostBytes = Set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_".utf8)
}
