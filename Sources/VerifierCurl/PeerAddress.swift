// PeerAddress: the address of a peer, and whether it is one of the public Internet: the question that stands between an address that a
// stranger names and the network that this machine is in. What is not known to be public is not.

/// An IP address.
package enum PeerAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Whether it is globally reachable by the registries of special-purpose addresses (RFC 6890; IANA, IPv4 and IPv6).
    ///
    /// Of IPv6 only what is given out to networks (2000::/3) can be, without the prefixes that carry an IPv4 address in them or that
    /// stand for no network: so neither loopback nor local nor multicast nor mapped nor translated addresses (64:ff9b::/96) are.
    package var isPublic: Bool {
        switch self {
        case .v4(let address): !Self.special4.contains { address >> (32 - $0.bits) == $0.prefix >> (32 - $0.bits) }
        case .v6(let high, _): high >> 61 == 0b001 && !Self.special6.contains { high >> (64 - $0.bits) == $0.prefix >> (64 - $0.bits) }
        }
    }

    private static let special4: [(prefix: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8),  // 0.0.0.0/8 this network
        (0x0A00_0000, 8),  // 10.0.0.0/8 private
        (0x6440_0000, 10),  // 100.64.0.0/10 shared by carriers (CGNAT)
        (0x7F00_0000, 8),  // 127.0.0.0/8 loopback
        (0xA9FE_0000, 16),  // 169.254.0.0/16 link-local, and what clouds tell their machines
        (0xAC10_0000, 12),  // 172.16.0.0/12 private
        (0xC000_0000, 24),  // 192.0.0.0/24 protocol assignments
        (0xC000_0200, 24),  // 192.0.2.0/24 documentation
        (0xC058_6300, 24),  // 192.88.99.0/24 6to4 relays
        (0xC0A8_0000, 16),  // 192.168.0.0/16 private
        (0xC612_0000, 15),  // 198.18.0.0/15 benchmarks
        (0xC633_6400, 24),  // 198.51.100.0/24 documentation
        (0xCB00_7100, 24),  // 203.0.113.0/24 documentation
        (0xE000_0000, 4),  // 224.0.0.0/4 multicast
        (0xF000_0000, 4),  // 240.0.0.0/4 reserved, and broadcast
    ]

    private static let special6: [(prefix: UInt64, bits: UInt64)] = [
        (0x2001_0000_0000_0000, 23),  // 2001::/23 protocol assignments: Teredo, benchmarks, ORCHID
        (0x2001_0DB8_0000_0000, 32),  // 2001:db8::/32 documentation
        (0x2002_0000_0000_0000, 16),  // 2002::/16 6to4
        (0x3FFF_0000_0000_0000, 20),  // 3fff::/20 documentation
    ]
}
