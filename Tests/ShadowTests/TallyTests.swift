// What is counted, what is reported once and what each time.

import MartletEncoding
import Shadow
import Testing

struct TallyTests {
    private func difference(_ place: String, reason: String? = nil) -> Difference {
        var difference = Difference(.shape, place, old: "text", new: "absent")
        difference.reason = reason
        return difference
    }

    @Test("a surprise is reported each time, what is documented once")
    func reported() {
        let tally = Tally()
        let found = [difference("/a"), difference("/b", reason: "So it is.")]
        #expect(tally.note(found, method: "POST", endpoint: "/x/") == found)
        #expect(tally.note(found, method: "POST", endpoint: "/x/") == [found[0]])
        #expect(tally.note(found, method: "POST", endpoint: "/y/") == found)
        #expect(tally.note([found[1]], method: "POST", endpoint: "/x/") == [])
        #expect(tally.note([], method: "POST", endpoint: "/x/") == [])
        let summary = tally.summary
        #expect((summary.equal, summary.expected, summary.surprising, summary.compared) == (1, 1, 3, 5))
        #expect(summary.rows.map { "\($0.endpoint)\($0.example.place) \($0.count)" } == ["/x//a 2", "/y//a 1", "/x//b 3", "/y//b 1"])
    }

    @Test("rows are bounded, whatever comes")
    func bounded() {
        let tally = Tally()
        for number in 0..<3000 { _ = tally.note([difference("/\(number)")], method: "POST", endpoint: "/x/") }
        #expect(tally.summary.rows.count == 1000)
        #expect(tally.summary.others == 2000)
        #expect(tally.summary.surprising == 3000)
    }

    @Test("the summary is JSON for scripts")
    func json() throws {
        let tally = Tally()
        tally.note(answered: true)
        tally.note(.notMapped)
        _ = tally.note([difference("/a")], method: "POST", endpoint: "/x/")
        let root = try JSONDocument(parsing: tally.summary.json).root
        #expect(root["answered"]?.integer == 1 && root["skipped"]?["token_not_mapped"]?.integer == 1 && root["surprising"]?.integer == 1)
        let row = try #require(root["differences"]?.elements?.first)
        #expect(row["place"]?.string == "/a" && row["count"]?.integer == 1 && row["expected"]?.isNull == true)
    }
}
