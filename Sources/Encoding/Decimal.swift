// Decimal text of whole numbers as ASCII bytes, both ways, without String in between.
// Reading is digits only: no sign, no space, no overflow (Swift's own Int("+5") would succeed).

extension Array where Element == UInt8 {
    /// Appends `number` in decimal, padded with zeros on the left to `width` digits.
    public mutating func appendDecimal(_ number: Int64, width: Int = 1) {
        let start = count
        var rest = number.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        while count - start < width { append(UInt8(ascii: "0")) }
        if number < 0 { append(UInt8(ascii: "-")) }
        self[start...].reverse()
    }

    /// Appends `number` in decimal, padded with zeros on the left to `width` digits.
    public mutating func appendDecimal(_ number: Int, width: Int = 1) {
        appendDecimal(Int64(number), width: width)
    }
}

extension Int64 {
    /// A number of 1 to 18 ASCII digits and nothing else; nil for anything else.
    public init?(digits: ArraySlice<UInt8>) {
        var value: Int64 = 0
        var count = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), count < 18 else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            count += 1
        }
        guard count > 0 else { return nil }
        self = value
    }
}
