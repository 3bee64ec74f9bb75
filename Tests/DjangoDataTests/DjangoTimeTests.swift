// Instants in the texts that Django, PostgreSQL and JSON dumps have.

import DjangoData
import MartletEncoding
import Testing

@Suite("instants")
struct DjangoTimeTests {
    @Test(
        "are read to the millisecond, in UTC unless an offset is there",
        arguments: [
            ("2026-11-21 09:30:00.123456", "2026-11-21T09:30:00.123Z", "SQLite"),
            ("2026-11-21 09:30:00", "2026-11-21T09:30:00.000Z", "no fraction: a whole second"),
            ("2026-11-21 09:30:00.5+00", "2026-11-21T09:30:00.500Z", "PostgreSQL"),
            ("2026-11-21T09:30:00.123Z", "2026-11-21T09:30:00.123Z", "DjangoJSONEncoder"),
            ("2026-11-21T10:30:00.123+01:00", "2026-11-21T09:30:00.123Z", "a zone east"),
            ("2026-11-21T04:00:00-05:30", "2026-11-21T09:30:00.000Z", "a zone west, with minutes"),
            ("1883-11-18 12:00:00+00:53:28", "1883-11-18T11:06:32.000Z", "local mean time, with seconds"),
            ("2024-02-29 23:59:59.999999", "2024-02-29T23:59:59.999Z", "a leap day"),
            ("1969-12-31 23:59:59.25", "1969-12-31T23:59:59.250Z", "before the epoch"),
            ("0001-01-01 00:00:00", "0001-01-01T00:00:00.000Z", "Python's first"),
            ("9999-12-31 23:59:59", "9999-12-31T23:59:59.000Z", "Python's last"),
        ])
    func read(text: String, expected: String, why: Comment) {
        #expect(DjangoTime.parse(text)?.rfc3339 == expected, why)
    }

    @Test(
        "that are none are refused",
        arguments: [
            "", "2026-11-21", "2026-02-29 00:00:00", "2026-13-01 00:00:00", "2026-00-10 00:00:00", "2026-11-31 00:00:00",
            "2026-11-21 24:00:00", "2026-11-21 09:60:00", "2026-11-21 09:30:00.", "2026-11-21 09:30:00.1234567890", "infinity",
            "-infinity", "0044-03-15 12:00:00 BC", "2026-11-21 09:30:00+", "2026-11-21 09:30:00 UTC", "2026-11-21 09:30:00+24",
            "2026/11/21 09:30:00", "+026-11-21 09:30:00", "2026-11-21 09:30:00Zebra", "1700000000",
        ])
    func refused(text: String) {
        #expect(DjangoTime.parse(text) == nil)
    }
}
