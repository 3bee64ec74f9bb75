// SignInDestination: where somebody goes on who signed in: a page of this service that needs to know who they are, and nothing else.
// `next` is anybody's to write, so it is read by a list of what may be there (no open redirect).

import MartletEncoding

/// A page that sends people to sign in.
package enum SignInDestination: Sendable, Hashable {
    /// An authorization request, as the query that it came by.
    case authorize(query: String)
    /// Another page: path and query.
    case page(String)

    /// Reads a path, decoded once. nil unless it is /oauth2/authorize with a query, or /oauth2/device or /oauth2/logout, perhaps with one,
    /// of characters that RFC 3986 has in a query: no host can stand before those, and no line can end in them.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy(Self.isURICharacter) else { return nil }
        let path = String(text.prefix { $0 != "?" })
        let query = text.utf8.count > path.utf8.count ? String(text.dropFirst(path.count + 1)) : nil
        switch (path, query) {
        case ("/oauth2/authorize", let query?) where !query.isEmpty: self = .authorize(query: query)
        case ("/oauth2/device", _), ("/oauth2/logout", _): self = .page(text)
        default: return nil
        }
    }

    /// Where it is, for `Location`.
    package var path: String {
        switch self {
        case .authorize(let query): "/oauth2/authorize?\(query)"
        case .page(let path): path
        }
    }

    /// A page that leads here afterwards: `page` with `next`. nil where that is longer than servers take.
    package func after(_ page: String) -> String? {
        let text = "\(page)?next=\(Self.escaped(path, where: { !Self.isURICharacter($0) || "%&+".utf8.contains($0) }))"
        return text.utf8.count <= Self.maximumLength ? text : nil
    }

    /// A query as a browser sent it, with every byte escaped that RFC 3986 does not have there. What it says stays the same.
    package static func query(_ sent: some Collection<UInt8>) -> String {
        escaped(String(decoding: sent, as: UTF8.self)) { !isURICharacter($0) }
    }

    /// A request line may have 8,192 bytes by default, method and version included.
    private static let maximumLength = 8000

    private static func escaped(_ text: String, where needsEscape: (UInt8) -> Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if needsEscape(byte) {
                bytes.append(UInt8(ascii: "%"))
                bytes += Hex.encode([byte]).utf8.map { $0 >= UInt8(ascii: "a") ? $0 - 0x20 : $0 }
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isURICharacter(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"#<>\\^`{|}".utf8.contains(byte)
    }
}
