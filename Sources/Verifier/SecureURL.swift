// SecureURL: an address that keys and revocations may be fetched from: https, or http on the machine itself. What this type
// holds has a host, no user and no fragment, and only visible ASCII, so it can stand in a request as it is.

/// An absolute URL (RFC 3986) that is safe to fetch trust from.
public struct SecureURL: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port: `https://auth.example:8443`. Scheme and host in lower case.
    public let origin: String
    /// Path and query as they were written; begins with `/`.
    public let target: String

    /// The whole URL.
    public var description: String { origin + target }

    /// Whether the connection is encrypted; if not, it goes to this machine itself.
    public var isEncrypted: Bool { origin.hasPrefix("https:") }

    /// Reads a URL. Nil when it is not absolute, names a user or a fragment, holds anything but visible ASCII, is longer than
    /// 2,048 bytes, or is http to a host that is not loopback.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.forbidden.contains($0) })
        else { return nil }
        let lowered = String(decoding: text.utf8.map(Self.lowercased), as: UTF8.self)
        let scheme: String
        if lowered.hasPrefix("https://") {
            scheme = "https://"
        } else if lowered.hasPrefix("http://") {
            scheme = "http://"
        } else {
            return nil
        }
        let rest = text.utf8.dropFirst(scheme.utf8.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let authority = rest[..<end].map(Self.lowercased)
        guard let host = Self.host(of: authority[...]), scheme == "https://" || Self.isLoopback(host) else { return nil }
        origin = scheme + String(decoding: authority, as: UTF8.self)
        let path = String(decoding: rest[end...], as: UTF8.self)
        target = path.hasPrefix("/") ? path : "/" + path
    }

    /// Where a `Location` of an answer from here leads (RFC 9110 §10.2.2): an absolute URL, or a path on the same host. Nil for
    /// anything else, and for a way from https to http.
    public func resolving(location: String) -> SecureURL? {
        if location.hasPrefix("/"), !location.hasPrefix("//") { return SecureURL(origin + location) }
        guard let url = SecureURL(location), url.isEncrypted || !isEncrypted else { return nil }
        return url
    }

    /// Another path on the same host.
    func replacing(target: String) -> SecureURL? { SecureURL(origin + target) }

    /// The host of `host`, `host:port` or `[v6]:port`; nil when it is none of them.
    private static func host(of authority: ArraySlice<UInt8>) -> [UInt8]? {
        let host: ArraySlice<UInt8>
        let port: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[...close]
            port = authority[(close + 1)...]
            guard host.dropFirst().dropLast().allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                return nil
            }
        } else {
            let colon = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = authority[..<colon]
            port = authority[colon...]
            guard host.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") })
            else { return nil }
        }
        guard !host.isEmpty, port.isEmpty || (2...6).contains(port.count) && port.dropFirst().allSatisfy(isDigit) else { return nil }
        if port.first.map({ $0 != UInt8(ascii: ":") }) ?? false { return nil }
        return Array(host)
    }

    private static func isLoopback(_ host: [UInt8]) -> Bool {
        let text = String(decoding: host, as: UTF8.self)
        if text == "localhost" || text == "[::1]" { return true }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy(isDigit) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) }
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static let forbidden = Array("#\"<>\\^`{|}".utf8)
    private static let maximumLength = 2048
}
