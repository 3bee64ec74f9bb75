// Decimals, hexadecimal digits and percent-escapes.

import MartletEncoding
import Testing

struct SmallTextTests {
    @Test(
        "a whole number is 1 to 18 digits and nothing else",
        arguments: [
            ("0", 0), ("7", 7), ("007", 7), ("600", 600), ("999999999999999999", 999_999_999_999_999_999), ("000000000000000001", 1),
            ("", nil),
            ("+5", nil), ("-5", nil), (" 5", nil), ("5 ", nil), ("1_0", nil), ("1.0", nil), ("1e3", nil), ("0x1", nil), ("٣", nil),
            ("５", nil),
            ("1000000000000000000", nil), ("0000000000000000001", nil), ("9223372036854775808", nil), ("5\u{0}", nil),
        ] as [(String, Int64?)])
    func digits(text: String, expected: Int64?) {
        let bytes = Array(("x" + text).utf8)
        #expect(Int64(digits: bytes.dropFirst()) == expected)
    }

    @Test(
        "a number is written in decimal, filled with zeros to its width",
        arguments: [
            (0, 1, "0"), (0, 3, "000"), (7, 2, "07"), (123, 2, "123"), (-5, 1, "-5"), (-5, 3, "-005"), (.max, 1, "9223372036854775807"),
            (.min, 1, "-9223372036854775808"),
        ] as [(Int64, Int, String)])
    func appending(number: Int64, width: Int, expected: String) {
        var bytes = Array("n=".utf8)
        bytes.appendDecimal(number, width: width)
        #expect(String(decoding: bytes, as: UTF8.self) == "n=" + expected)
    }

    @Test("every byte has two lower-case hexadecimal digits, which read back")
    func hex() {
        let text = Array(Hex.encode(Array(0...255)).utf8)
        #expect(text.count == 512)
        for byte in 0..<256 {
            let (high, low) = (Hex.value(of: text[2 * byte]), Hex.value(of: text[2 * byte + 1]))
            #expect(high.flatMap { high in low.map { Int(high) << 4 | Int($0) } } == byte)
        }
        #expect(Hex.encode([0x0A, 0xFF]) == "0aff")
        #expect(Hex.encode([]) == "")
    }

    @Test("only 0–9, a–f and A–F are hexadecimal digits")
    func hexDigits() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max { #expect((Hex.value(of: byte) != nil) == digits.contains(byte)) }
        #expect(Hex.value(of: UInt8(ascii: "F")) == 15)
        #expect(Hex.value(of: UInt8(ascii: "f")) == 15)
    }

    @Test(
        "percent-escapes are decoded once",
        arguments: [
            ("", false, ""), ("a%20b", false, "a b"), ("%C3%a9", false, "é"), ("%2541", false, "%41"), ("a+b", false, "a+b"),
            ("a+b", true, "a b"),
            ("a%2Bb", true, "a+b"), ("%00", false, "\u{0}"), ("%", false, nil), ("%4", false, nil), ("a%4", false, nil),
            ("%zz", false, nil),
            ("%4z", false, nil), ("%%41", false, nil), ("%+1", true, nil), ("% 1", false, nil), ("%u0041", false, nil),
        ] as [(String, Bool, String?)])
    func percent(text: String, plusIsSpace: Bool, expected: String?) {
        let bytes = Array(("/" + text).utf8)
        #expect(PercentEncoding.decode(bytes.dropFirst(), plusIsSpace: plusIsSpace) == expected.map { Array($0.utf8) })
    }

    @Test("escapes may name bytes that are no UTF-8, which is the reader's to judge")
    func anyByte() {
        #expect(PercentEncoding.decode(Array("%FF%c0".utf8)[...]) == [0xFF, 0xC0])
    }
}
