// TrustedProxies: whose word about the client's address is taken. The chain is read from the right, and the first
// address that is not a trusted proxy's is the client: everything further left is what the client itself may have written.

import MartletEncoding

/// The proxies in front of the service.
package struct TrustedProxies: Sendable {
    /// The one field that proxies are believed in; the other is ignored.
    package enum Field: String, Sendable {
        case xForwardedFor = "x-forwarded-for"
        case forwarded
    }

    private struct Network: Sendable {
        var address: ClientAddress
        var bits: Int

        func contains(_ other: ClientAddress) -> Bool {
            switch (address, other) {
            case (.v4(let network), .v4(let address)):
                return bits == 0 || (network ^ address) >> UInt32(32 - bits) == 0
            case (.v6(let networkHigh, let networkLow), .v6(let high, let low)):
                if bits <= 64 { return bits == 0 || (networkHigh ^ high) >> UInt64(64 - bits) == 0 }
                return networkHigh == high && (networkLow ^ low) >> UInt64(128 - bits) == 0
            default: return false
            }
        }
    }

    private let networks: [Network]
    private let field: Field
    private let trustsLocalPeers: Bool

    /// No proxy is trusted.
    package static let none = TrustedProxies(networks: [], field: .xForwardedFor, trustsLocalPeers: false)

    /// Whether nobody is trusted.
    package var isEmpty: Bool { networks.isEmpty && !trustsLocalPeers }

    /// Proxies from CIDRs (`10.0.0.0/8`, `2001:db8::/32`, or an address alone).
    /// - Parameter trustsLocalPeers: whether a peer on a Unix-domain socket is a proxy.
    /// - Returns: nil when one of the texts is no CIDR.
    package init?(_ cidrs: [String], field: Field = .xForwardedFor, trustsLocalPeers: Bool = false) {
        var networks = [Network]()
        for cidr in cidrs {
            let parts = cidr.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = parts.first.flatMap({ ClientAddress(Array($0.utf8)) }) else { return nil }
            let most = if case .v4 = address { 32 } else { 128 }
            var bits = most
            if parts.count == 2 {
                guard let given = Int64(digits: Array(parts[1].utf8)[...]), given <= Int64(most) else { return nil }
                bits = Int(given)
            }
            networks.append(Network(address: address, bits: bits))
        }
        self.init(networks: networks, field: field, trustsLocalPeers: trustsLocalPeers)
    }

    private init(networks: [Network], field: Field, trustsLocalPeers: Bool) {
        self.networks = networks
        self.field = field
        self.trustsLocalPeers = trustsLocalPeers
    }

    /// The client behind a peer's request. A word in the chain that is no address ends it: the proxy that wrote it is then the client.
    package func client(peer: ClientAddress, head: RequestHead) -> ClientAddress {
        guard trusts(peer) else { return peer }
        var client = peer
        for word in chain(head).reversed() {
            guard let address = Self.address(word) else { return client }
            client = address
            guard trusts(address) else { return client }
        }
        return client
    }

    /// Whether a peer is one of the proxies.
    package func trusts(_ address: ClientAddress) -> Bool {
        if address == .local { return trustsLocalPeers }
        return networks.contains { $0.contains(address) }
    }

    private func chain(_ head: RequestHead) -> [ArraySlice<UInt8>] {
        switch field {
        case .xForwardedFor:
            return head.values(of: .xForwardedFor)
                .flatMap { $0.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) }
                .map { $0.trimmed }
        case .forwarded:
            // RFC 7239 §4: elements by comma, pairs by semicolon. A quoted string that holds either is no address anyway.
            return head.values(of: .forwarded)
                .flatMap { $0.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) }
                .map { element in
                    let pair = element.split(separator: UInt8(ascii: ";")).map { $0.trimmed }
                        .first { $0.prefix(4).equalsIgnoringCase("for=") }
                    return pair?.dropFirst(4) ?? []
                }
        }
    }

    /// An address, perhaps quoted, in brackets, or with a port (RFC 7239 §6).
    private static func address(_ word: ArraySlice<UInt8>) -> ClientAddress? {
        var word = word
        if word.count >= 2, word.first == UInt8(ascii: "\""), word.last == UInt8(ascii: "\"") { word = word.dropFirst().dropLast() }
        if word.first == UInt8(ascii: "[") { return ClientAddress(word.dropFirst().prefix { $0 != UInt8(ascii: "]") }) }
        if word.count(where: { $0 == UInt8(ascii: ":") }) == 1 { word = word.prefix { $0 != UInt8(ascii: ":") } }
        return ClientAddress(word)
    }
}
