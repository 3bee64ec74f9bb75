// What JSONWriter writes: exact bytes where they matter, and JSON that reads back to the same values.

import MartletEncoding
import Testing

struct JSONWriterTests {
    @Test("members come in the order of the calls, with commas between and nowhere else")
    func order() {
        let bytes = JSONWriter.object { writer in
            writer.member("b", "x")
            writer.member("a", 1)
            writer.member("c", true)
            writer.member("d", String?.none)
            writer.member("e", ["p", "q"])
            writer.member("f", [String]())
            writer.member("g", UnixTime(milliseconds: 250))
            writer.member("h", UnixTime?.none)
            writer.name("i")
            writer.object { _ in }
            writer.name("j")
            writer.array { writer in
                writer.number(-1)
                writer.null()
                writer.bool(false)
                writer.raw(Array("[1]".utf8))
                writer.object { $0.member("k", Int64.min) }
            }
            writer.member("l", String?.some("y"))
        }
        let expected =
            #"{"b":"x","a":1,"c":true,"d":null,"e":["p","q"],"f":[],"g":"1970-01-01T00:00:00.250Z","h":null,"i":{},"#
            + #""j":[-1,null,false,[1],{"k":-9223372036854775808}],"l":"y"}"#
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test(
        "what RFC 8259 §7 wants escaped is escaped, and nothing else",
        arguments: [
            ("a\"b\\c/d", #""a\"b\\c/d""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("é😀", "\"é😀\""),
            ("\u{2028}", "\"\u{2028}\""), ("", "\"\""),
        ])
    func escapes(text: String, expected: String) {
        var writer = JSONWriter()
        writer.string(text)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test("every scalar below U+3000, and one of each plane, reads back, as a name and as a value")
    func readsBack() throws {
        let scalars = (Array(0..<0x3000) + (1...16).map { $0 << 16 | 0xFFFD }).compactMap { Unicode.Scalar(UInt32($0)) }
        for start in stride(from: 0, to: scalars.count, by: 64) {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[start..<min(start + 64, scalars.count)])
            let string = String(text)
            let bytes = JSONWriter.object { $0.member(string, string) }
            let root = try JSONDocument(parsing: bytes).root
            #expect(root[string]?.equals(string) == true)
            #expect(root.members.first?.name.utf8.elementsEqual(string.utf8) == true)
        }
    }

    @Test(
        "numbers read back where they have up to 18 digits",
        arguments: [0, 1, -1, 600, 1_800_000_000, 999_999_999_999_999_999, -999_999_999_999_999_999] as [Int64])
    func numbers(number: Int64) throws {
        let bytes = JSONWriter.object { $0.member("n", number) }
        #expect(try JSONDocument(parsing: bytes).root["n"]?.integer == number)
    }
}
