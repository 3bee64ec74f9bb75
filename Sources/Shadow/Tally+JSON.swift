// The summary as JSON, for scripts.

import MartletEncoding

extension Tally.Summary {
    /// One object: counts, what was skipped by reason, rows.
    package var json: [UInt8] {
        JSONWriter.object { writer in
            writer.member("answered", answered)
            writer.member("unanswered", unanswered)
            writer.member("compared", compared)
            writer.member("equal", equal)
            writer.member("expected", expected)
            writer.member("surprising", surprising)
            writer.name("skipped")
            writer.object { writer in
                for skip in Tally.Skip.allCases { writer.member(skip.code, skipped[skip] ?? 0) }
            }
            writer.name("differences")
            writer.array { writer in
                for row in rows {
                    writer.object { writer in
                        writer.member("method", row.method)
                        writer.member("path", row.endpoint)
                        writer.member("kind", row.example.kind.rawValue)
                        writer.member("place", row.example.place)
                        writer.member("count", row.count)
                        writer.member("old", row.example.old)
                        writer.member("new", row.example.new)
                        writer.member("expected", row.example.reason)
                    }
                }
            }
            writer.member("others", others)
        }
    }
}
