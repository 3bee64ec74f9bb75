// Base64url (RFC 4648 §5): what is written reads back, and a value has one spelling only.

import MartletEncoding
import Testing

struct Base64URLTests {
    @Test(
        "the vectors of RFC 4648 §10, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test("the two letters that differ from base64 are those of the URL alphabet")
    func alphabet() {
        #expect(Base64URL.encode([0xFB, 0xEF, 0xBE]) == "----")
        #expect(Base64URL.encode([0xFF, 0xFF, 0xFF]) == "____")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
    }

    @Test("bytes of every length read back, and take ⌈4n/3⌉ letters", arguments: 0...66)
    func roundTrip(length: Int) {
        for pattern in [{ _ in 0 }, { _ in 255 }, { UInt8(truncatingIfNeeded: $0 * 151 + 7) }] as [(Int) -> UInt8] {
            let bytes = (0..<length).map(pattern)
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.count == (length * 4 + 2) / 3)
            #expect(Base64URL.decode(text) == bytes)
            #expect(Base64URL.encodedBytes(bytes) == Array(text.utf8))
        }
    }

    @Test("a slice is read from where it begins")
    func slice() {
        let text = Array("..Zm9vYg..".utf8)
        #expect(Base64URL.decode(text[2..<8]) == Array("foob".utf8))
    }

    @Test("no text of one letter more than a multiple of four is read", arguments: [1, 5, 9, 13, 65])
    func impossibleLength(length: Int) {
        #expect(Base64URL.decode(String(repeating: "A", count: length)) == nil)
    }

    @Test(
        "padding and white space are no part of it",
        arguments: ["Zg=", "Zg==", "Zm8=", "Zm9v=", "=", "====", "Zg\n", " Zg", "Zm 8", "Zm9v\r\n"])
    func padding(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("of all spellings of the last group only the one with clear spare bits is read")
    func spareBits() {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for (value, letter) in letters.enumerated() {
            let two = Base64URL.decode([UInt8(ascii: "Z"), letter][...])
            #expect((two != nil) == (value % 16 == 0), "Z\(Character(Unicode.Scalar(letter)))")
            let three = Base64URL.decode([UInt8(ascii: "Z"), UInt8(ascii: "m"), letter][...])
            #expect((three != nil) == (value % 4 == 0), "Zm\(Character(Unicode.Scalar(letter)))")
        }
    }

    @Test("a byte outside the alphabet is refused at every place", arguments: [2, 3, 4, 6, 7, 8, 11])
    func foreignBytes(length: Int) {
        let good = [UInt8](repeating: UInt8(ascii: "A"), count: length)
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        #expect(Base64URL.decode(good[...]) != nil)
        for place in good.indices {
            for byte in UInt8.min...UInt8.max where !alphabet.contains(byte) {
                var text = good
                text[place] = byte
                if Base64URL.decode(text[...]) != nil { Issue.record("byte \(byte) was read at \(place) of \(length)") }
            }
        }
    }

    @Test("whatever is read is written the same way again")
    func canonical() {
        var random = SplitMix(seed: 4)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 0x2B...0x7B, using: &random) }
            guard let bytes = Base64URL.decode(text[...]) else { continue }
            #expect(Base64URL.encodedBytes(bytes) == text)
        }
    }
}
