// What an import stores of itself with each batch, and what it shows.

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

    @Test("a report shows nothing that a terminal would obey")
    func report() {
        var tally = ImportTally()
        tally.add(.read, 1)
        tally.add(.badUsername)
        tally.add(.roles, "group\u{1B}]0;x\u{7}")
        let row = SkippedRow(key: "1", username: "a\u{1B}[2Jb", reason: .badUsername, detail: "control characters")
        let report = ImportReport(
            source: "sqlite:x", tally: tally, examples: [row], opaqueTokens: 0, notes: [], errorsPath: nil, seconds: 1)
        #expect(!report.lines.joined().utf8.contains { $0 < 0x20 })
    }
}
