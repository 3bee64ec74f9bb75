// The grammar of RFC 8259, as strictly as signed JSON needs it: which texts are read, and of the others the rule that
// they break and the byte at which they do.

import MartletEncoding
import Testing

struct JSONGrammarTests {
    @Test(
        "texts that are JSON",
        arguments: [
            "{}", "[]", "\"\"", "0", "-0", "7", "-7", "10", "123456789012345678901234567890", "1.0", "-0.5", "0.0", "1e5", "1E5", "1e+5",
            "1e-5", "0e0", "-0e-0", "1.25e400", "true", "false", "null", " \t\r\n1 \t\r\n", "[1,2]", "[ 1 , 2 ]", "{\"a\":1}",
            " { \"a\" : 1 , \"b\" : [ ] } ", "{\"\":0}", "[[],{}]", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\u00e9\"",
            "\"\\uD83D\\uDE00\"", "\"\\ud83d\\ude00\"", "\"\\uFFFF\"", "\"é\"", "\"😀\"", "\"\u{7F}\"", "\"\u{2028}\"", "\"/\"",
            "{\"a\":1,\"A\":2}", "{\"a\":{\"a\":{\"a\":1}}}", "[\"a\",\"a\"]", "{\"a\":1,\"a \":2}", "{\"é\":1,\"e\u{301}\":2}",
        ])
    func accepted(text: String) throws {
        let bytes = Array(text.utf8)
        let document = try JSONDocument(parsing: bytes)
        #expect(document.bytes == bytes)
    }

    @Test(
        "texts that are not, with the rule and the offset of the byte that breaks it",
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("\u{FEFF}{}", .unexpectedByte, 0), ("\u{A0}1", .unexpectedByte, 0),
            ("\u{B}1", .unexpectedByte, 0), ("\u{C}1", .unexpectedByte, 0),
            // Values
            ("tru", .unexpectedEnd, 3), ("trux", .unexpectedByte, 0), ("True", .unexpectedByte, 0), ("nul", .unexpectedEnd, 3),
            ("falsy", .unexpectedByte, 0), ("NaN", .unexpectedByte, 0), ("Infinity", .unexpectedByte, 0), ("-Infinity", .invalidNumber, 1),
            ("undefined", .unexpectedByte, 0), ("'a'", .unexpectedByte, 0), ("a", .unexpectedByte, 0), ("truefalse", .trailingBytes, 4),
            ("// c\n1", .unexpectedByte, 0), ("/* c */1", .unexpectedByte, 0), ("1 // c", .trailingBytes, 2),
            // Numbers
            ("01", .trailingBytes, 1), ("-01", .trailingBytes, 2), ("[01]", .expectedCommaOrEnd, 2), ("+1", .unexpectedByte, 0),
            ("1.", .unexpectedEnd, 2), ("[1.]", .invalidNumber, 3), (".5", .unexpectedByte, 0), ("-.5", .invalidNumber, 1),
            ("-", .unexpectedEnd, 1), ("--1", .invalidNumber, 1), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
            ("[1e]", .invalidNumber, 3), ("1e5.0", .trailingBytes, 3), ("1.2.3", .trailingBytes, 3), ("0x10", .trailingBytes, 1),
            ("1_000", .trailingBytes, 1), ("1,5", .trailingBytes, 1), ("00", .trailingBytes, 1), ("١", .unexpectedByte, 0),
            // Objects
            ("{", .unexpectedEnd, 1), ("}", .unexpectedByte, 0), ("{]", .expectedName, 1), ("{a:1}", .expectedName, 1),
            ("{'a':1}", .expectedName, 1), ("{1:1}", .expectedName, 1), ("{\"a\"}", .expectedColon, 4), ("{\"a\" 1}", .expectedColon, 5),
            ("{\"a\"", .unexpectedEnd, 4), ("{\"a\":", .unexpectedEnd, 5), ("{\"a\":}", .unexpectedByte, 5),
            ("{\"a\"::1}", .unexpectedByte, 5),
            ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1,}", .expectedName, 7), ("{,}", .expectedName, 1),
            ("{\"a\":1,,\"b\":2}", .expectedName, 7),
            ("{\"a\":1 \"b\":2}", .expectedCommaOrEnd, 7), ("{\"a\":1]", .expectedCommaOrEnd, 6), ("{\"a\":1}}", .trailingBytes, 7),
            ("{}{}", .trailingBytes, 2), ("{} x", .trailingBytes, 3), ("{null:1}", .expectedName, 1),
            // Arrays
            ("[", .unexpectedEnd, 1), ("]", .unexpectedByte, 0), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
            ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1,,2]", .unexpectedByte, 3), ("[1 2]", .expectedCommaOrEnd, 3),
            ("[1}", .expectedCommaOrEnd, 2), ("[]]", .trailingBytes, 2), ("[1;2]", .expectedCommaOrEnd, 2),
            // Strings
            ("\"", .unexpectedEnd, 1), ("\"a", .unexpectedEnd, 2), ("\"\\", .unexpectedEnd, 2), ("\"a\"b", .trailingBytes, 3),
            ("\"\\x41\"", .invalidEscape, 1), ("\"\\'\"", .invalidEscape, 1), ("\"\\0\"", .invalidEscape, 1),
            ("\"\\U0041\"", .invalidEscape, 1),
            ("\"\\u\"abc\"", .invalidEscape, 1), ("\"\\u00g0\"", .invalidEscape, 1), ("\"\\u+041\"", .invalidEscape, 1),
            ("\"\\u 041\"", .invalidEscape, 1), ("\"\\u{41}\"", .invalidEscape, 1), ("\"a\u{0}b\"", .controlByteInString, 2),
            ("\"a\nb\"", .controlByteInString, 2), ("\"a\tb\"", .controlByteInString, 2), ("\"\u{1F}\"", .controlByteInString, 1),
            // Surrogates
            ("\"\\uD800\"", .invalidEscape, 1), ("\"\\uDC00\"", .invalidEscape, 1), ("\"\\uDFFF\"", .invalidEscape, 1),
            ("\"\\uD800x\"", .invalidEscape, 1), ("\"\\uD800\\n\"", .invalidEscape, 1), ("\"\\uD800\\u0041\"", .invalidEscape, 1),
            ("\"\\uD800\\uD800\"", .invalidEscape, 1), ("\"\\uDE00\\uD83D\"", .invalidEscape, 1), ("\"ab\\uDBFF\"", .invalidEscape, 3),
            // Duplicates
            ("{\"a\":1,\"a\":1}", .duplicateMember, 7), ("{\"a\":1,\"\\u0061\":2}", .duplicateMember, 7),
            ("{\"\\u0061\":1,\"a\":2}", .duplicateMember, 12), ("{\"\":1,\"\":2}", .duplicateMember, 6),
            ("{\"\\/\":1,\"/\":2}", .duplicateMember, 8), ("{\"😀\":1,\"\\uD83D\\uDE00\":2}", .duplicateMember, 10),
            ("{\"\\u00E9\":1,\"\\u00e9\":2}", .duplicateMember, 12), ("[{\"a\":{\"b\":1,\"c\":2,\"b\":3}}]", .duplicateMember, 19),
        ] as [(String, JSONError.Reason, Int)])
    func refused(text: String, reason: JSONError.Reason, offset: Int) {
        let error = failure(Array(text.utf8))
        #expect(error?.reason == reason)
        #expect(error?.offset == offset)
    }

    @Test(
        "bytes that are no UTF-8 (Unicode table 3-7), each inside a string",
        arguments: [
            ([0x80], "a continuation byte alone"), ([0xC3], "a sequence cut short"), ([0xC3, 0x28], "a wrong continuation"),
            ([0xC0, 0x80], "NUL in two bytes"), ([0xC1, 0xBF], "overlong, two bytes"), ([0xE0, 0x80, 0x80], "overlong, three bytes"),
            ([0xE0, 0x9F, 0xBF], "overlong, three bytes, the highest"), ([0xED, 0xA0, 0x80], "a surrogate"),
            ([0xED, 0xBF, 0xBF], "the last surrogate"), ([0xF0, 0x80, 0x80, 0x80], "overlong, four bytes"),
            ([0xF0, 0x8F, 0xBF, 0xBF], "overlong, four bytes, the highest"), ([0xF4, 0x90, 0x80, 0x80], "above U+10FFFF"),
            ([0xF5, 0x80, 0x80, 0x80], "a first byte that never is"), ([0xFE], "FE"), ([0xFF], "FF"), ([0xE2, 0x82], "two of three"),
            ([0xF0, 0x9F, 0x98], "three of four"), ([0xE2, 0x28, 0xA1], "a wrong second"), ([0xE2, 0x82, 0x28], "a wrong third"),
            ([0xF0, 0x9F, 0x28, 0x80], "a wrong third of four"), ([0xF0, 0x9F, 0x98, 0x28], "a wrong fourth"),
        ] as [([UInt8], String)])
    func invalidUTF8(bytes: [UInt8], what: String) {
        let quote = UInt8(ascii: "\"")
        let error = failure([quote, UInt8(ascii: "a")] + bytes + [quote])
        #expect(error?.reason == .invalidUTF8, "\(what)")
        #expect(error?.offset == 2, "\(what)")
        #expect(failure([quote] + bytes)?.reason == .invalidUTF8, "\(what), at the end of the text")
        #expect(failure(bytes)?.reason == .unexpectedByte, "\(what), outside a string")
    }

    @Test(
        "the first and last scalars of every length are read",
        arguments: [0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF] as [UInt32])
    func scalars(value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        let document = try JSONDocument(parsing: Array("\"\(Character(scalar))\"".utf8))
        #expect(document.root.string?.unicodeScalars.elementsEqual([scalar]) == true)
    }

    @Test("sixteen levels are read and seventeen are not", arguments: [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")])
    func depth(open: String, close: String) {
        let levels = open == "[{\"a\":" ? 2 : 1
        func nested(_ depth: Int) -> [UInt8] {
            let count = depth / levels
            let rest = depth % levels == 0 ? "0" : "[0]"
            return Array((String(repeating: open, count: count) + rest + String(repeating: close, count: count)).utf8)
        }
        #expect(failure(nested(16)) == nil)
        #expect(failure(nested(17))?.reason == .tooDeep)
    }

    @Test("a text of brackets alone is refused at the seventeenth, however long it is")
    func bomb() {
        let error = failure([UInt8](repeating: UInt8(ascii: "["), count: 1 << 20))
        #expect(error?.reason == .tooDeep)
        #expect(error?.offset == 16)
    }

    @Test("depth counts what is open, not what was")
    func siblings() {
        let flat = "[" + (0..<100).map { _ in "[[]]" }.joined(separator: ",") + "]"
        #expect(failure(Array(flat.utf8)) == nil)
    }

    @Test("256 members are read and 257 are not")
    func members() {
        func object(_ count: Int) -> [UInt8] {
            Array(("{" + (0..<count).map { "\"m\($0)\":0" }.joined(separator: ",") + "}").utf8)
        }
        #expect(failure(object(256)) == nil)
        let refused = failure(object(257))
        #expect(refused?.reason == .tooManyMembers)
        #expect(refused?.offset == object(257).count - "\"m256\":0}".utf8.count)
        let twice = "[" + String(decoding: object(200), as: UTF8.self) + "," + String(decoding: object(200), as: UTF8.self) + "]"
        #expect(failure(Array(twice.utf8)) == nil, "the limit is each object's own")
    }

    @Test("a text of 16 MiB is read and one byte more is not")
    func size() {
        var text = [UInt8](repeating: 0x20, count: 1 << 24)
        text[text.count - 1] = UInt8(ascii: "1")
        #expect(failure(text) == nil)
        #expect(failure(text + [0x20])?.reason == .tooLarge)
    }

    @Test(
        "a place is told by line and column, from 1",
        arguments: [("x", 1, 1), ("{\n  \"a\" 1}", 2, 7), ("[1,\n\n2,\nx]", 4, 1), ("[1\n", 2, 1)])
    func place(text: String, line: Int, column: Int) {
        let error = failure(Array(text.utf8))
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.description.hasPrefix("line \(line), column \(column): ") == true)
    }

    @Test("no mutation of a text makes the reader fail otherwise than by refusing, and what it reads it reads whole")
    func mutations() throws {
        let seeds = [
            #"{"iss":"https://a.example","aud":["b","c"],"exp":1800000000.5,"n":-1.2e-3,"x":{"y":[true,false,null,{}]}}"#,
            #"["\u00e9\ud83d\ude00\n\"\\","é😀",[[[[[[[[]]]]]]]],"",{"":""}]"#, #" [ 0 , -0 , 1E+9 , 12345678901234567890 ] "#,
        ].map { Array($0.utf8) }
        let pieces = ["\"", "\\", "\\u", "\\uD800", "{", "}", "[", "]", ",", ":", "e", "-", ".", "0", "\u{0}", "é"].map { Array($0.utf8) }
        var random = SplitMix(seed: 20_261_121)
        var read = 0
        for round in 0..<60_000 {
            var text = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &random)
                case 1: text.remove(at: place)
                case 2: text.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
                case 3: text.removeSubrange(place...)
                default: text.insert(contentsOf: text[place...].prefix(8), at: place)
                }
            }
            guard let document = try? JSONDocument(parsing: text) else { continue }
            read += 1
            visit(document.root)
        }
        #expect(read > 1000, "mutations that leave JSON behind are part of the test")
    }

    /// Reads a value in every way there is.
    private func visit(_ value: JSONValue) {
        _ = (value.string, value.integer, value.numericDate, value.bool, value.strings, value.equals("a"), value.json)
        for (name, member) in value.members {
            #expect(value[name] != nil)
            visit(member)
        }
        for element in value.elements ?? [] { visit(element) }
    }

    private func failure(_ bytes: [UInt8]) -> JSONError? {
        do {
            _ = try JSONDocument(parsing: bytes)
            return nil
        } catch {
            return error
        }
    }
}
