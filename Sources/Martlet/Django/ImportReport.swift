// ImportReport: what an import did, or would do, in lines for people and as one JSON object.

import DjangoData
import MartletEncoding

struct ImportReport {
    var source: String
    var tally: ImportTally
    var examples: [SkippedRow]
    var opaqueTokens: Int64
    var notes: [String]
    var errorsPath: String?
    var seconds: Double
    /// Rows that an earlier process had done.
    var resumedAfter: Int64 = 0
    /// Whether groups were given roles for this run (`--group-role`).
    var hasGroupRoles = false
    /// Nil after an import.
    var preview: ImportPreview.Outcome?

    var json: [UInt8] {
        JSONWriter.object(capacity: 1024) { writer in
            writer.member("source", source)
            writer.member("dry_run", preview != nil)
            tally.write(to: &writer)
            writer.member("opaque_tokens", opaqueTokens)
            writer.member("resumed_after", resumedAfter)
            writer.member("errors", errorsPath)
            writer.member("notes", notes)
            writer.member("milliseconds", Int64(seconds * 1000))
            if let preview { write(preview, to: &writer) }
        }
    }

    var lines: [String] {
        let (does, made) = preview == nil ? ("", "made") : (" Nothing was written.", "would be made")
        var lines = [
            "Read \(amount(tally[.read], "row")) of \(source.printable(most: .max)): \(amount(tally[.created], "account")) \(made), "
                + "\(Quantity.count(tally[.present])) there already, \(Quantity.count(tally.skipped)) skipped.\(does)"
        ]
        if tally[.present] > 0 {
            lines.append("  Accounts that were there stay as they are: what changed in Django since is not carried over.")
            if hasGroupRoles { lines.append("  Their roles stay as well: --group-role is for the accounts that are made.") }
        }
        let passwords = tally.sorted(.schemes) + [("no password", tally[.withoutPassword])].filter { $0.1 > 0 }
        list("Passwords", passwords, into: &lines)
        list("Roles", tally.sorted(.roles), into: &lines)
        let leftOut = tally.sorted(.leftOutGroups)
        for (group, members) in leftOut.prefix(Self.longestList) {
            guard let why = ImportRules.problem(ofGroup: group) else { continue }
            lines.append(
                """
                  The group "\(group.printable())" gave its \(amount(members, "member")) no role: \(why.printable()). \
                --group-role GROUP=ROLE gives them one.
                """)
        }
        if leftOut.count > Self.longestList { lines.append("  \(leftOut.count - Self.longestList) other groups gave no role.") }
        if tally[.inactive] > 0 { lines.append("  Disabled: \(Quantity.count(tally[.inactive])).") }
        if tally[.exact] > 0 {
            lines.append(
                """
                  Found by their exact username only, because it differs from another's in case alone or has characters that Martlet's \
                own do not have: \(Quantity.count(tally[.exact])), and those that they differ from.
                """)
        }
        if tally[.unverified] > 0 {
            lines.append("  E-mail addresses left unverified, since another account proved them: \(Quantity.count(tally[.unverified])).")
        }
        if let preview { lines += Self.lines(preview) }
        if tally[.noted] + tally[.expired] + tally[.unreadable] > 0 {
            lines.append(
                """
                  Blacklisted tokens: \(Quantity.count(tally[.noted])) stay refused, \(Quantity.count(tally[.expired])) have expired anyway, \
                \(Quantity.count(tally[.unreadable])) cannot be read.
                """)
        }
        if opaqueTokens > 0 {
            lines.append(
                "  Opaque tokens (authtoken_token) cannot be taken over: \(Quantity.count(opaqueTokens)); who has one logs in again.")
        }
        lines += notes.map { "  \($0.printable(most: 1000))" }
        lines += skippedLines
        return lines
    }

    private var skippedLines: [String] {
        guard tally.skipped > 0 else { return [] }
        var lines: [String] = []
        list("Skipped", tally.sorted(.skipped), into: &lines)
        lines += examples.map { row in
            "    \(row.key.printable()) \((row.username ?? "").printable()): \(row.detail.printable(most: 200))"
        }
        if tally.skipped > Int64(examples.count) {
            lines.append("    …" + (errorsPath == nil ? " --errors FILE lists them all." : ""))
        }
        if let errorsPath { lines.append("  All of them stand in \(errorsPath.printable(most: .max)).") }
        return lines
    }

    private func list(_ what: String, _ counts: [(name: String, count: Int64)], into lines: inout [String]) {
        guard !counts.isEmpty else { return }
        let shown = counts.prefix(Self.longestList).map { "\($0.name.printable()) \(Quantity.count($0.count))" }
        let rest = counts.count > shown.count ? " and \(Quantity.count(Int64(counts.count - shown.count))) others" : ""
        lines.append("  \(what): \(shown.joined(separator: ", "))\(rest).")
    }

    private static func lines(_ preview: ImportPreview.Outcome) -> [String] {
        var lines: [String] = []
        func repeats(_ what: String, _ repeats: DjangoRepeats) {
            guard repeats.values > 0 else { return }
            let names = repeats.examples.map { $0.printable() }.joined(separator: ", ")
            lines.append(
                "  \(what): \(Quantity.count(repeats.values)), of \(Quantity.count(repeats.accounts)) accounts (\(names)"
                    + (repeats.values > Int64(repeats.examples.count) ? " …)." : ")."))
        }
        repeats("Usernames that differ in case alone", preview.cases)
        if let emails = preview.emails { repeats("E-mail addresses that several accounts have", emails) }
        if preview.namesakes > 0 {
            lines.append("  Usernames that accounts of Martlet have already: \(Quantity.count(preview.namesakes)).")
        }
        for group in preview.groups.prefix(longestList) {
            let role =
                group.role.map { "the role \($0.printable())" }
                ?? "no role, \((ImportRules.problem(ofGroup: group.name) ?? "").printable())"
            lines.append("  Group \(group.name.printable()), \(amount(group.members, "member")): \(role).")
        }
        if preview.groups.count > longestList { lines.append("  And \(preview.groups.count - longestList) other groups.") }
        lines.append("  The import would take about \(Quantity.duration(seconds: preview.seconds)).")
        return lines
    }

    private func write(_ preview: ImportPreview.Outcome, to writer: inout JSONWriter) {
        for (name, repeats) in [("usernames_in_several_cases", preview.cases), ("repeated_emails", preview.emails)] {
            guard let repeats else { continue }
            writer.name(name)
            writer.object { object in
                object.member("values", repeats.values)
                object.member("accounts", repeats.accounts)
                object.member("examples", repeats.examples)
            }
        }
        writer.member("namesakes", preview.namesakes)
        writer.name("groups")
        writer.array { array in
            for group in preview.groups {
                array.object { object in
                    object.member("name", group.name)
                    object.member("members", group.members)
                    object.member("role", group.role)
                }
            }
        }
        writer.member("estimated_seconds", Int64(preview.seconds.rounded(.up)))
    }

    private static let longestList = 20
}

/// `1 row`, `2 rows`.
private func amount(_ count: Int64, _ noun: String) -> String { "\(Quantity.count(count)) \(noun)\(count == 1 ? "" : "s")" }
