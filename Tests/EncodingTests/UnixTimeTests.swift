// Instants, their calendar, and the two texts of them: RFC 3339 and the IMF-fixdate of RFC 9110 §5.6.7.

import MartletEncoding
import Testing

struct UnixTimeTests {
    @Test(
        "known instants",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "1969-12-31T23:59:59.000Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
            (784_111_777, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "2000-03-01T00:00:00.000Z", "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z", "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_740_787_199, "2025-02-28T23:59:59.000Z", "Fri, 28 Feb 2025 23:59:59 GMT"),
            (1_740_787_200, "2025-03-01T00:00:00.000Z", "Sat, 01 Mar 2025 00:00:00 GMT"),
            (1_798_761_599, "2026-12-31T23:59:59.000Z", "Thu, 31 Dec 2026 23:59:59 GMT"),
            (2_147_483_648, "2038-01-19T03:14:08.000Z", "Tue, 19 Jan 2038 03:14:08 GMT"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-11_644_473_600, "1601-01-01T00:00:00.000Z", "Mon, 01 Jan 1601 00:00:00 GMT"),
            (-2_203_891_201, "1900-02-28T23:59:59.000Z", "Wed, 28 Feb 1900 23:59:59 GMT"),
            (-2_203_891_200, "1900-03-01T00:00:00.000Z", "Thu, 01 Mar 1900 00:00:00 GMT"),
        ] as [(Int64, String, String)])
    func knownInstants(seconds: Int64, rfc3339: String, httpDate: String) {
        let time = UnixTime(seconds: seconds)
        #expect(time.rfc3339 == rfc3339)
        #expect(String(decoding: HTTPDate.bytes(time), as: UTF8.self) == httpDate)
    }

    @Test(
        "what people write is read: a date, or date and time with an offset",
        arguments: [
            ("1970-01-01", 0), ("2000-02-29", 951_782_400_000), ("2100-03-01", 4_107_542_400_000), ("0000-01-01", -62_167_219_200_000),
            ("1900-02-28T23:59:59Z", -2_203_891_201_000), ("1994-11-06T08:49:37Z", 784_111_777_000),
            ("1994-11-06t08:49:37.5z", 784_111_777_500), ("1994-11-06 08:49:37.123999Z", 784_111_777_123),
            ("1994-11-06T09:49:37+01:00", 784_111_777_000), ("1994-11-05T21:19:37-11:30", 784_111_777_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)])
    func reading(text: String, milliseconds: Int64) {
        #expect(UnixTime(dateOrTime: text)?.milliseconds == milliseconds)
    }

    @Test("what is written is read again")
    func readingWhatIsWritten() {
        for day in stride(from: Int64(-719_000), through: 2_932_000, by: 7919) {
            let time = UnixTime(milliseconds: day * 86_400_000 + day &* 7919 % 86_400_000)
            #expect(UnixTime(dateOrTime: time.rfc3339) == time, "\(time.rfc3339)")
        }
    }

    @Test(
        "what is no date or time is not read",
        arguments: [
            "", "2027", "2027-1-31", "2027-02-29", "2100-02-29", "2027-04-31", "2027-00-01", "2027-13-01", "2027-01-00", "27-01-01",
            "2027-01-31T", "2027-01-31T18:00", "2027-01-31T18:00:00", "2027-01-31T24:00:00Z", "2027-01-31T18:60:00Z",
            "2027-01-31T18:00:61Z", "2027-01-31T18:00:00.Z", "2027-01-31T18:00:00+1", "2027-01-31T18:00:00Zx", " 2027-01-31", "+027-01-31",
            "2027-01-31T18:00:00+01:60", "1769817600",
        ])
    func unreadable(text: String) {
        #expect(UnixTime(dateOrTime: text) == nil)
    }

    @Test("days follow each other for eight hundred years, weekdays and leap years as the calendar has them")
    func days() {
        var (year, month, day, weekday) = (1600, 1, 1, 6)
        for number in 0..<(2 * 146_097) {
            let date = UnixTime(milliseconds: (Int64(number) - 135_140) * 86_400_000 + 86_399_999).calendar
            guard (date.year, date.month, date.day, date.weekday) == (year, month, day, weekday),
                (date.hour, date.minute, date.second, date.millisecond) == (23, 59, 59, 999)
            else {
                Issue.record("\(date) is not \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            weekday = (weekday + 1) % 7
            day += 1
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(year == 2400)
    }

    @Test(
        "milliseconds are kept, and seconds are rounded down also before 1970",
        arguments: [
            (1, 0, "00.001"), (999, 0, "00.999"), (1000, 1, "01.000"), (-1, -1, "59.999"), (-999, -1, "59.001"), (-1000, -1, "59.000"),
            (-1001, -2, "58.999"),
        ]
            as [(Int64, Int64, String)])
    func rounding(milliseconds: Int64, seconds: Int64, text: String) {
        let time = UnixTime(milliseconds: milliseconds)
        #expect(time.seconds == seconds)
        #expect(time.rfc3339.hasSuffix(":\(text)Z"))
    }

    @Test("years beyond four digits are held to the first and last instant that have them")
    func clamping() {
        #expect(UnixTime(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
        #expect(UnixTime(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(UnixTime(seconds: 253_402_300_800).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(HTTPDate.bytes(UnixTime(milliseconds: .max)).count == 29)
        #expect(HTTPDate.bytes(UnixTime(milliseconds: .min)).count == 29)
    }

    @Test("arithmetic stops at the ends of the range")
    func saturation() {
        #expect(UnixTime(seconds: .max).milliseconds == .max)
        #expect(UnixTime(seconds: .min).milliseconds == .min)
        #expect(UnixTime(milliseconds: .max).adding(milliseconds: 1).milliseconds == .max)
        #expect(UnixTime(milliseconds: .min).adding(milliseconds: -1).milliseconds == .min)
        #expect(UnixTime(milliseconds: .max).adding(seconds: .max).milliseconds == .max)
        #expect(UnixTime(milliseconds: 5).adding(seconds: -1).milliseconds == -995)
        #expect(UnixTime(milliseconds: .min).adding(seconds: .max).milliseconds == -1)
    }

    @Test("the seconds of the first and last instant can be asked for")
    func secondsOfTheEnds() {
        #expect(UnixTime(milliseconds: .max).seconds == 9_223_372_036_854_775)
        #expect(UnixTime(milliseconds: .min).seconds == -9_223_372_036_854_776)
    }

    @Test("instants are ordered by time")
    func order() {
        #expect(UnixTime(milliseconds: -1) < UnixTime(milliseconds: 0))
        #expect(UnixTime(seconds: 2) > UnixTime(milliseconds: 1999))
        #expect(UnixTime(seconds: 2) == UnixTime(milliseconds: 2000))
    }
}
