// ClientAddress: who is asking, as a number. Limits count by `rateKey`; logs and sessions show `description`.

/// The address of a client.
package enum ClientAddress: Sendable, Hashable, CustomStringConvertible {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)
    /// A peer on a Unix-domain socket: it has no address.
    case local

    /// An IPv6 address, or the IPv4 one it stands for (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2).
    package init(v6 high: UInt64, _ low: UInt64) {
        self = high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
    }

    /// An address from its text, `192.0.2.1` or `2001:db8::1`, without port, brackets or zone; nil for anything else.
    package init?(_ text: some Collection<UInt8>) {
        let text = Array(text)
        if let address = Self.parseV4(text) {
            self = .v4(address)
        } else if let (high, low) = Self.parseV6(text) {
            self.init(v6: high, low)
        } else {
            return nil
        }
    }

    /// What limits count by: an IPv4 address whole, an IPv6 address by its /64, which one customer owns entirely.
    package var rateKey: UInt64 {
        switch self {
        case .v4(let address): UInt64(address)
        // Global unicast begins above the range of the IPv4 keys; what does not, such as ::1, counts as one.
        case .v6(let high, _): high
        case .local: UInt64.max
        }
    }

    package var description: String {
        switch self {
        case .v4(let address):
            "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .v6(let high, let low):
            Self.text(groups: (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 & 3))) })
        case .local: "local"
        }
    }

    /// RFC 5952 §4: the longest run of zero groups, of two or more, becomes `::`.
    private static func text(groups: [UInt16]) -> String {
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, best.count) { best = start..<end }
            start = end + 1
        }
        let words = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return words.joined(separator: ":") }
        return words[..<best.lowerBound].joined(separator: ":") + "::" + words[best.upperBound...].joined(separator: ":")
    }

    private static func parseV4(_ text: [UInt8]) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            // Leading zeros read as octal elsewhere, so they are refused.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var value: UInt32 = 0
            for byte in part {
                guard byte.isDigit else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard value <= 255 else { return nil }
            address = address << 8 | value
        }
        return address
    }

    private static func parseV6(_ text: [UInt8]) -> (UInt64, UInt64)? {
        guard (2...45).contains(text.count) else { return nil }
        var halves: [[UInt16]] = [[]]
        var rest = text[...]
        if rest.starts(with: "::".utf8) {
            halves.append([])
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let word = rest.prefix { $0 != UInt8(ascii: ":") }
            rest = rest.dropFirst(word.count)
            if word.contains(UInt8(ascii: ".")) {
                guard rest.isEmpty, let tail = parseV4(Array(word)) else { return nil }
                halves[halves.count - 1] += [UInt16(truncatingIfNeeded: tail >> 16), UInt16(truncatingIfNeeded: tail)]
                break
            }
            guard (1...4).contains(word.count), let group = UInt16(String(decoding: word, as: UTF8.self), radix: 16),
                word.first != UInt8(ascii: "+")
            else { return nil }
            halves[halves.count - 1].append(group)
            if rest.isEmpty { break }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard halves.count == 1 else { return nil }
                halves.append([])
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let given = halves.reduce(0) { $0 + $1.count }
        guard halves.count == 1 ? given == 8 : given < 8 else { return nil }
        let groups = halves.count == 1 ? halves[0] : halves[0] + Array(repeating: 0, count: 8 - given) + halves[1]
        let number = { (part: ArraySlice<UInt16>) in part.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        return (number(groups[..<4]), number(groups[4...]))
    }
}
