// ResourceCatalogue: the APIs that tokens may be for (RFC 8707). A grant may be for several; a token says one of them in `aud`, and
// several only where the operator allows a client to combine them.

/// The APIs that a service makes tokens for.
package struct ResourceCatalogue: Sendable {
    /// Their addresses; nil for any that a client names.
    private let known: [String]?

    /// With the operator's list; nil for any.
    package init(known: [String]?) { self.known = known }

    /// What a client gets of what it asked for. Throws `invalid_target` for what is no address of an API (RFC 8707 §2: an absolute URI
    /// without fragment), and for one that is not known or not this client's.
    package func granted(_ asked: [String], to client: Client) throws(OAuthError) -> [String] {
        var resources: [String] = []
        for resource in asked where !resources.contains(where: { $0.utf8.elementsEqual(resource.utf8) }) {
            guard Self.isAddress(resource) else {
                throw OAuthError(.invalidTarget, "resource must be an absolute URI without a fragment.")
            }
            guard Self.contains(known, resource), client.metadata.resources.isEmpty || Self.contains(client.metadata.resources, resource)
            else { throw OAuthError(.invalidTarget, "The client may not have tokens for this resource.") }
            resources.append(resource)
        }
        return resources
    }

    /// Names of APIs, each once, all of them among those that somebody may have. Throws `invalid_target`.
    static func named(_ asked: [String], among allowed: [String]) throws(OAuthError) -> [String] {
        var names: [String] = []
        for name in asked where !names.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
            guard contains(allowed, name) else {
                throw OAuthError(.invalidTarget, "The client may not have tokens for this audience.")
            }
            names.append(name)
        }
        return names
    }

    private static func contains(_ list: [String]?, _ resource: String) -> Bool {
        list.map { list in list.contains { $0.utf8.elementsEqual(resource.utf8) } } ?? true
    }

    /// RFC 8707 §2: an absolute URI without fragment.
    static func isAddress(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...1024).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) && !"\"#<>\\^`{|}".utf8.contains($0) }),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return false }
        let scheme = bytes[..<colon]
        return colon != bytes.startIndex && bytes.index(after: colon) != bytes.endIndex
            && scheme.allSatisfy { $0.isLetterOrDigit || "+-.".utf8.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self)
    }
}
