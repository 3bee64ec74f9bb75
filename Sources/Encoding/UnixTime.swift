// UnixTime: an instant as whole milliseconds since 1970-01-01T00:00:00Z, and its RFC 3339 text.
// Tokens speak whole seconds (RFC 7519 §2 NumericDate), the store and the bodies' timestamps milliseconds.
// Where "now" comes from is the caller's business: time is an argument everywhere below the composition.

/// An instant in UTC, to the millisecond. Leap seconds do not exist here, as in POSIX.
public struct UnixTime: Sendable, Hashable, Comparable {
    /// Milliseconds since the epoch.
    public let milliseconds: Int64

    /// An instant from milliseconds since the epoch.
    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// An instant from whole seconds since the epoch; beyond the range of `Int64` milliseconds it is the nearest instant in range.
    @inlinable
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the epoch, rounded down, as `iat` and `exp` want them.
    @inlinable
    public var seconds: Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : (milliseconds + 1) / 1000 - 1
    }

    /// Whether `left` is the earlier one.
    @inlinable
    public static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `seconds` later (earlier when negative), saturating at the ends of the range.
    @inlinable
    public func adding(seconds: Int64) -> UnixTime {
        adding(milliseconds: UnixTime(seconds: seconds).milliseconds)
    }

    /// The instant `milliseconds` later (earlier when negative), saturating at the ends of the range.
    @inlinable
    public func adding(milliseconds more: Int64) -> UnixTime {
        let (sum, overflow) = milliseconds.addingReportingOverflow(more)
        return UnixTime(milliseconds: overflow ? (more < 0 ? .min : .max) : sum)
    }

    /// The date and time of day of this instant in the proleptic Gregorian calendar, UTC.
    public var calendar: CalendarTime { CalendarTime(self) }

    /// RFC 3339 §5.6 text in UTC with milliseconds, such as `2026-11-21T09:30:00.250Z`; years outside 0000–9999 are clamped.
    public var rfc3339: String {
        let time = calendar
        var text = [UInt8]()
        text.reserveCapacity(24)
        text.appendDecimal(time.year, width: 4)
        text.append(UInt8(ascii: "-"))
        text.appendDecimal(time.month, width: 2)
        text.append(UInt8(ascii: "-"))
        text.appendDecimal(time.day, width: 2)
        text.append(UInt8(ascii: "T"))
        text.appendDecimal(time.hour, width: 2)
        text.append(UInt8(ascii: ":"))
        text.appendDecimal(time.minute, width: 2)
        text.append(UInt8(ascii: ":"))
        text.appendDecimal(time.second, width: 2)
        text.append(UInt8(ascii: "."))
        text.appendDecimal(time.millisecond, width: 3)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }
}

/// A calendar reading of an instant, UTC.
public struct CalendarTime: Sendable, Hashable {
    /// 0…9999; an instant outside is clamped to its ends.
    public let year: Int
    /// 1…12.
    public let month: Int
    /// 1…31.
    public let day: Int
    /// 0…23.
    public let hour: Int
    /// 0…59.
    public let minute: Int
    /// 0…59.
    public let second: Int
    /// 0…999.
    public let millisecond: Int
    /// 0 (Sunday) … 6.
    public let weekday: Int

    /// Reads an instant.
    public init(_ time: UnixTime) {
        let clamped = min(max(time.milliseconds, Self.earliest), Self.latest)
        let days = Int((clamped >= 0 ? clamped : clamped - (86_400_000 - 1)) / 86_400_000)
        let rest = Int(clamped) - days * 86_400_000
        // Days are counted from 0000-03-01, so that the leap day is the last of its year, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1000 % 60
        millisecond = rest % 1000
        weekday = ((days % 7) + 11) % 7
    }

    private static let earliest: Int64 = -62_167_219_200_000  // 0000-01-01T00:00:00Z
    private static let latest: Int64 = 253_402_300_799_999  // 9999-12-31T23:59:59.999Z
}
