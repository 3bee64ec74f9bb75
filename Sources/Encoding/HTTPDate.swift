// HTTPDate: the IMF-fixdate of RFC 9110 §5.6.7, as the 29 bytes that a Date header carries.

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    /// The 29 ASCII bytes for an instant, to the second.
    public static func bytes(_ time: UnixTime) -> [UInt8] {
        let date = time.calendar
        var text = [UInt8]()
        text.reserveCapacity(29)
        text.append(contentsOf: name(date.weekday, in: weekdays))
        text.append(contentsOf: ", ".utf8)
        text.appendDecimal(date.day, width: 2)
        text.append(UInt8(ascii: " "))
        text.append(contentsOf: name(date.month - 1, in: months))
        text.append(UInt8(ascii: " "))
        text.appendDecimal(date.year, width: 4)
        text.append(UInt8(ascii: " "))
        text.appendDecimal(date.hour, width: 2)
        text.append(UInt8(ascii: ":"))
        text.appendDecimal(date.minute, width: 2)
        text.append(UInt8(ascii: ":"))
        text.appendDecimal(date.second, width: 2)
        text.append(contentsOf: " GMT".utf8)
        return text
    }

    private static func name(_ index: Int, in names: String) -> Substring.UTF8View {
        names.utf8.dropFirst(index * 3).prefix(3)
    }

    private static let weekdays = "SunMonTueWedThuFriSat"
    private static let months = "JanFebMarAprMayJunJulAugSepOctNovDec"
}
