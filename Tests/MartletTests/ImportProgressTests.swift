// What an import stores of itself with each batch, and what it shows.

import ArgumentParser
import DjangoData
import MartletEncoding
import Testing

@testable import Martlet

@Suite("import progress")
struct ImportProgressTests {
    @Test("survives being stored, with more roles than an object of JSON may have members")
    func stored() throws {
        var progress = ImportProgress(run: "django \"1\" é")
        progress.position = DjangoPosition(text: "'0f8fad5b")
        progress.errorsPath = "/tmp/errors"
        progress.errorsLength = 1234
        progress.stage = .tokens
        progress.tally.add(.read, 5000)
        progress.tally.add(.weakPassword)
        for group in 0..<1000 { progress.tally.add(.roles, "group \(group)", Int64(group)) }
        #expect(ImportProgress(text: progress.text) == progress)
        #expect(ImportProgress(text: ImportProgress(run: "new").text) == ImportProgress(run: "new"))
    }

    @Test("of another program reads as none", arguments: ["", "{}", "[]", #"{"run":"a","stage":"later","tally":[],"errors_length":0}"#])
    func foreign(text: String) {
        #expect(ImportProgress(text: text) == nil)
    }

    @Test("a line of the file of errors is one JSON object")
    func line() throws {
        let row = SkippedRow(key: "7", username: "a\n\u{1B}[2J", reason: .badUsername, detail: "control characters")
        #expect(row.line.count { $0 == 0x0A } == 1 && row.line.last == 0x0A && !row.line.contains(0x1B))
        #expect(try JSONDocument(parsing: row.line).root["username"]?.string == row.username)
    }

    @Test("quantities are as people read them")
    func quantities() {
        #expect([0, 999, 1000, 1_234_567, -1000].map { Quantity.count($0) } == ["0", "999", "1,000", "1,234,567", "-1,000"])
        let durations = [0.2, 59, 60, 3599, 7500].map { Quantity.duration(seconds: $0) }
        #expect(durations == ["1 s", "59 s", "1 min 0 s", "59 min 59 s", "2 h 5 min"])
    }

    @Test("a report shows nothing that a terminal would obey or that fills it, wherever a name stands")
    func report() {
        let odd =
            "a\u{1B}]0;x\u{7}\n\u{7F}\u{9B}\u{202E}\u{2066}\u{2069}\u{200E}\u{200F}\u{61C}\u{2028}"
            + String(repeating: "n", count: 1_000_000)
        var tally = ImportTally()
        tally.add(.read, 1)
        tally.add(.badUsername)
        tally.add(.noted)
        for section in [ImportTally.Section.roles, .schemes, .leftOutGroups, .skipped] { tally.add(section, odd) }
        let row = SkippedRow(key: odd, username: odd, reason: .badUsername, detail: odd)
        var preview = ImportPreview.Outcome()
        preview.groups = [(odd, 1, odd), (odd, 1, nil)]
        preview.cases = DjangoRepeats(values: 1, accounts: 2, examples: [odd])
        preview.emails = preview.cases
        let report = ImportReport(
            source: "sqlite:a\u{1B}[2J", tally: tally, examples: [row], opaqueTokens: 0, notes: [odd], errorsPath: "a\u{9B}", seconds: 1,
            preview: preview)
        let text = report.lines.joined()
        #expect(text.contains("a\\u{1B}]0;x\\u{7}\\u{A}\\u{7F}\\u{9B}\\u{202E}\\u{2066}\\u{2069}\\u{200E}\\u{200F}\\u{61C}\\u{2028}nnn"))
        #expect(
            !text.unicodeScalars.contains {
                $0.properties.isBidiControl || [.control, .lineSeparator].contains($0.properties.generalCategory)
            })
        #expect(report.lines.allSatisfy { $0.unicodeScalars.count < 1500 })
    }

    @Test(
        "a group that gave no role is told with the reason",
        arguments: [("x,admin", "a comma"), (" Editors", "white space"), ("ADMIN", "reads as admin")])
    func leftOut(group: String, words: String) throws {
        var tally = ImportTally()
        tally.add(.leftOutGroups, group, 2)
        let report = ImportReport(source: "", tally: tally, examples: [], opaqueTokens: 0, notes: [], errorsPath: nil, seconds: 1)
        let line = try #require(report.lines.first { $0.contains("\"\(group)\"") })
        #expect(line.contains(words) && line.contains("2 members") && line.contains("--group-role GROUP=ROLE"))
    }

    @Test("--group-role changes nothing for accounts that are there, which is said", arguments: [true, false])
    func groupRoles(isGiven: Bool) {
        var tally = ImportTally()
        #expect(!report(tally).contains("--group-role"))
        tally.add(.present)
        #expect(report(tally).contains("--group-role") == isGiven)
        func report(_ tally: ImportTally) -> String {
            ImportReport(
                source: "", tally: tally, examples: [], opaqueTokens: 0, notes: [], errorsPath: nil, seconds: 1, hasGroupRoles: isGiven
            ).lines.joined()
        }
    }

    @Test(
        "the command's options are refused in words that fit",
        arguments: [
            (["--database", "sqlite:x", "--dump", "y"], "exclude each other"), ([], "is needed"),
            (["--dump", "y", "--group-role", "a=b,admin"], "lower-case letters"),
            (["--dump", "y", "--group-role", "a= admin"], "lower-case"),
            (["--dump", "y", "--group-role", "a"], "GROUP=ROLE"),
        ])
    func options(arguments: [String], words: String) {
        #expect {
            try ImportCommand.Django.parse(arguments)
        } throws: { ImportCommand.Django.message(for: $0).contains(words) }
        #expect(throws: Never.self) { try ImportCommand.Django.parse(["--dump", "y", "--group-role", "x,admin=admin"]) }
    }
}
