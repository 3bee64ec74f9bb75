// RevocationDocument, written: the publisher's half. The same revocations give the same bytes in whatever order they come.
// Sessions and tokens, of which there may be very many, share their times: `until` is rounded up to whole minutes, which
// keeps an entry a little longer than needed and never shorter.
import MartletEncoding

extension RevocationDocument {
    /// The payload as JSON. `until` of sessions and tokens becomes a whole minute, of clients and keys a whole second, later
    /// rather than earlier; `issuedBefore` is written for clients only, since nothing else is taken back by it.
    package var payload: [UInt8] {
        var kinds: [RevocationDigest.Kind: [Row]] = [:]
        for entry in entries { kinds[entry.kind, default: []].append(Row(entry)) }
        return JSONWriter.object(capacity: 22 * entries.count + 512) { writer in
            writer.member("iss", issuer)
            writer.member("iat", issuedAt)
            writer.member("exp", expiresAt)
            writer.member("lineage", lineage)
            writer.member("seq", sequence)
            if let after { writer.member("after", after) }
            guard !kinds.isEmpty else { return }
            writer.name("revoked")
            writer.object { writer in
                for kind in RevocationDigest.Kind.allCases {
                    guard let rows = kinds[kind]?.sorted() else { continue }
                    writer.name(kind.rawValue)
                    writer.array { writer in
                        switch kind {
                        case .session, .token: Self.writeGroups(rows, to: &writer)
                        case .client, .key: Self.writeObjects(rows, to: &writer)
                        }
                    }
                }
            }
        }
    }

    private static func writeGroups(_ rows: [Row], to writer: inout JSONWriter) {
        var start = 0
        while start < rows.count {
            let until = rows[start].until
            var end = start
            var hashes: [UInt8] = []
            while end < rows.count, rows[end].until == until, end - start < maximumGroup {
                rows[end].appendHash(to: &hashes)
                end += 1
            }
            writer.array { writer in
                writer.number(until)
                writer.raw(quoted(hashes))
            }
            start = end
        }
    }

    private static func writeObjects(_ rows: [Row], to writer: inout JSONWriter) {
        for row in rows {
            var hash: [UInt8] = []
            row.appendHash(to: &hash)
            writer.object { writer in
                writer.name("h")
                writer.raw(quoted(hash))
                if let issuedBefore = row.issuedBefore { writer.member("iat_before", issuedBefore) }
                writer.member("until", row.until)
            }
        }
    }

    private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "\"")] + Base64URL.encodedBytes(bytes) + [UInt8(ascii: "\"")]
    }

    /// An entry as it is written: in order of time, then of its digest.
    private struct Row: Comparable {
        let until: Int64
        let digest: RevocationDigest
        let issuedBefore: Int64?

        init(_ entry: RevocationEntry) {
            let isGrouped = entry.kind == .session || entry.kind == .token
            until = RevocationDocument.seconds(of: entry.until, roundedUpTo: isGrouped ? 60 : 1)
            digest = entry.digest
            issuedBefore = entry.kind == .client ? entry.issuedBefore.map { min(max($0, 0), RevocationDocument.latest) } : nil
        }

        static func < (left: Row, right: Row) -> Bool {
            (left.until, left.digest.high, left.digest.low, left.issuedBefore ?? .max)
                < (right.until, right.digest.high, right.digest.low, right.issuedBefore ?? .max)
        }

        func appendHash(to bytes: inout [UInt8]) {
            withUnsafeBytes(of: digest.high.bigEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: digest.low.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// Within what a reader takes, which a time may be far beyond.
    private static func seconds(of time: UnixTime, roundedUpTo step: Int64) -> Int64 {
        let last = min(max(time.adding(milliseconds: 999).seconds, 0), latest)
        return min((last + step - 1) / step * step, latest)
    }

    /// Hashes in one group, so that no string of the document is over 90 KiB.
    private static let maximumGroup = 4096
}
