// UnixTime+Reading: an instant from what people write: a date, or date and time of RFC 3339 §5.6.

extension UnixTime {
    /// Reads `2026-11-21`, which is its first moment in UTC, or `2026-11-21T09:30:00Z` with a fraction (cut off after milliseconds) or
    /// an offset in place of `Z`. Nil for anything else, and for a day that is not in the calendar. A leap second is the next second.
    public init?(dateOrTime text: String) {
        var rest = Array(text.utf8)[...]
        guard let year = rest.takeNumber(digits: 4), rest.take("-"), let month = rest.takeNumber(digits: 2), rest.take("-"),
            let day = rest.takeNumber(digits: 2), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year)
        else { return nil }
        let midnight = Self.days(to: year, month, day) * 86_400_000
        guard !rest.isEmpty else {
            self.init(milliseconds: midnight)
            return
        }
        guard rest.take("T") || rest.take("t") || rest.take(" "), let hour = rest.takeNumber(digits: 2), rest.take(":"),
            let minute = rest.takeNumber(digits: 2), rest.take(":"), let second = rest.takeNumber(digits: 2), hour < 24, minute < 60,
            second <= 60, let fraction = rest.takeFraction(), let offset = rest.takeOffset(), rest.isEmpty
        else { return nil }
        let time = ((hour * 60 + minute - offset) * 60 + second) * 1000
        self.init(milliseconds: midnight + time + fraction)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since the epoch, counted from 0000-03-01 in eras of 400 years, as ``CalendarTime`` counts them back.
    private static func days(to year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard first == UInt8(ascii: letter) else { return false }
        removeFirst()
        return true
    }

    fileprivate mutating func takeNumber(digits: Int) -> Int64? {
        guard count >= digits, let number = Int64(digits: prefix(digits)) else { return nil }
        removeFirst(digits)
        return number
    }

    /// Milliseconds; 0 where no fraction stands.
    fileprivate mutating func takeFraction() -> Int64? {
        guard take(".") else { return 0 }
        let digits = prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...18).contains(digits.count) else { return nil }
        removeFirst(digits.count)
        let padded = Array(digits.prefix(3)) + [UInt8](repeating: UInt8(ascii: "0"), count: Swift.max(3 - digits.count, 0))
        return Int64(digits: padded[...])
    }

    /// Minutes east of UTC.
    fileprivate mutating func takeOffset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = takeNumber(digits: 2), take(":"), let minutes = takeNumber(digits: 2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }
}
