// CacheLifetime: how long an answer says that it may be used (RFC 9111 §5.2.2). Only what a private cache needs of it; how long
// keys really live is the key source's policy, which brings this between its own bounds.
import MartletEncoding

/// What an answer says about its own freshness.
package enum CacheLifetime: Sendable, Hashable {
    /// It says nothing.
    case silent
    /// So many seconds are left of `max-age`; 0 when it may not be kept, or what it says cannot be understood.
    case seconds(Int64)

    /// Reads `cache-control` and `age` from an answer's fields.
    package init(_ headers: [(name: String, value: String)]) {
        var maximumAge: Int64?
        for field in headers where field.name == "cache-control" {
            for directive in Self.directives(field.value) {
                switch directive.name {
                case "no-store", "no-cache":
                    self = .seconds(0)
                    return
                // RFC 9111 §4.2.1: of two, the first; one that is no number counts as stale.
                case "max-age" where maximumAge == nil: maximumAge = Self.seconds(directive.argument) ?? 0
                default: break
                }
            }
        }
        guard let maximumAge else {
            self = .silent
            return
        }
        // RFC 9111 §5.1: an Age that is no number is ignored.
        let age = headers.first { $0.name == "age" }.flatMap { Self.seconds(Array($0.value.utf8)) } ?? 0
        self = .seconds(max(0, maximumAge - age))
    }

    /// Names in lower case, arguments without their quotes. A comma within quotes does not end a directive.
    private static func directives(_ text: String) -> [(name: String, argument: [UInt8])] {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == UInt8(ascii: ","), !isQuoted { parts.append([]) } else { parts[parts.count - 1].append(byte) }
        }
        return parts.map { part in
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = trimmed(sides.first ?? []).map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            let argument = trimmed(sides.count > 1 ? sides[1] : [])
            return (String(decoding: name, as: UTF8.self), argument.filter { $0 != UInt8(ascii: "\"") })
        }
    }

    /// RFC 9111 §1.2.2: a number that is too large is taken for a large one.
    private static func seconds(_ digits: [UInt8]) -> Int64? {
        let digits = trimmed(digits[...])
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return min(Int64(digits: digits[...]) ?? largest, largest)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    private static let largest: Int64 = 1 << 31
}
