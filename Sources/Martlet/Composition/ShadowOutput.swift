// ShadowOutput: where the words for people go while standard output may carry the report, and what a summary looks like.

import Shadow

/// What `martlet shadow` says beside its report.
struct ShadowOutput: Sendable {
    let reportsToFile: Bool
    let json: Bool

    /// A line for people.
    func announce(_ line: String) {
        if reportsToFile, !json { Terminal.print(line) } else { Terminal.note(line) }
    }

    /// A summary: a table for people, or a line of JSON.
    func summarise(_ summary: Tally.Summary) {
        if json { return Terminal.print(String(decoding: summary.json, as: UTF8.self)) }
        announce(Self.text(summary))
    }

    /// The summary as text.
    static func text(_ summary: Tally.Summary) -> String {
        var lines = ["\(summary.answered) requests were answered by the old service, \(summary.unanswered) were not."]
        lines.append(
            "\(summary.compared) were compared: \(summary.equal) are equal, \(summary.expected) differ as docs/django.md says, "
                + "\(summary.surprising) differ otherwise.")
        for skip in Tally.Skip.allCases {
            if let count = summary.skipped[skip] { lines.append("\(count) were not compared: \(skip.rawValue).") }
        }
        guard !summary.rows.isEmpty else { return lines.joined(separator: "\n") }
        let rows = summary.rows.map { row in
            let found = row.example
            return [
                "\(row.count)", "\(row.method) \(row.endpoint)", found.kind.rawValue, found.place.isEmpty ? "(content)" : found.place,
                found.reason == nil ? "NO" : "yes", "\(found.old) → \(found.new)",
            ]
        }
        lines += ["", Terminal.table(["count", "request", "kind", "place", "documented", "the first one: old → Martlet"], rows)]
        if summary.others > 0 { lines.append("\(summary.others) more differences had no room here.") }
        return lines.joined(separator: "\n")
    }
}
