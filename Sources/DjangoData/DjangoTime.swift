// DjangoTime: the texts in which Django's instants stand: as its SQLite backend writes them (`2026-11-21 09:30:00.123456`, in UTC),
// as PostgreSQL answers timestamptz in UTC (`2026-11-21 09:30:00.123456+00`), and as DjangoJSONEncoder does (`2026-11-21T09:30:00.123Z`).

package import MartletEncoding

/// Instants of Django's.
package enum DjangoTime {
    /// The instant of a text, to the millisecond; nil for anything else. Without an offset it is UTC.
    package static func parse(_ text: String) -> UnixTime? {
        var text = text
        return text.withUTF8 { parse($0) }
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> UnixTime? {
        guard text.count >= 19, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let year = number(text, 0, 4), let month = number(text, 5, 2), let day = number(text, 8, 2), let hour = number(text, 11, 2),
            let minute = number(text, 14, 2), let second = number(text, 17, 2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        var milliseconds = 0
        if at < text.count, text[at] == UInt8(ascii: ".") {
            let start = at + 1
            at = start
            while at < text.count, let digit = number(text, at, 1) {
                if at < start + 3 { milliseconds = milliseconds * 10 + digit }
                at += 1
            }
            guard (start + 1...start + 9).contains(at) else { return nil }
            for _ in min(at - start, 3)..<3 { milliseconds *= 10 }
        }
        guard let offset = offset(text, at) else { return nil }
        let seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return UnixTime(seconds: Int64(seconds)).adding(milliseconds: Int64(milliseconds))
    }

    /// Seconds east of UTC of nothing, `Z`, `+01`, `+0100`, `+01:00` or `+01:00:00`; nil for anything else.
    private static func offset(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        guard start < text.count else { return 0 }
        if text[start] == UInt8(ascii: "Z") { return start + 1 == text.count ? 0 : nil }
        let isWest = text[start] == UInt8(ascii: "-")
        guard isWest || text[start] == UInt8(ascii: "+"), let hours = number(text, start + 1, 2) else { return nil }
        var seconds = hours * 3600
        var at = start + 3
        for unit in [60, 1] where at < text.count {
            if text[at] == UInt8(ascii: ":") { at += 1 }
            guard let value = number(text, at, 2), value < 60 else { return nil }
            seconds += value * unit
            at += 2
        }
        guard at == text.count, hours < 24 else { return nil }
        return isWest ? -seconds : seconds
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
        guard start + count <= text.count else { return nil }
        var value = 0
        for index in start..<start + count {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
        }
        return value
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days are counted from March on, so that the leap day is the last of its year, in eras of 400 years of 146,097 days.
    private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // 400 years later, so that nothing is negative.
        let shifted = (month <= 2 ? year - 1 : year) + 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (shifted / 400 - 1) * 146_097 + dayOfEra - 719_468
    }
}
