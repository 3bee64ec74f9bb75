// What a JSON value says when it is asked: strings, whole numbers, NumericDates, members and their order.

import MartletEncoding
import Testing

struct JSONValueTests {
    @Test(
        "a string is what its escapes say",
        arguments: [
            (#""""#, ""), (#""a\/b""#, "a/b"), (#""\"\\\b\f\n\r\t""#, "\"\\\u{8}\u{C}\n\r\t"), (#""\u0041\u00E9\u20ac""#, "Aé€"),
            (#""\uD83D\uDE00!""#, "😀!"), (#""x\u0000y""#, "x\u{0}y"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\\u0041""#, "\\u0041"),
            (#""é""#, "é"),
        ])
    func strings(json: String, expected: String) throws {
        let value = try parse(json)
        // Bytes, because Swift calls strings equal that are only canonically so.
        #expect(value.string?.utf8.elementsEqual(expected.utf8) == true)
        #expect(value.equals(expected))
        #expect(!value.equals(expected + "x"))
        #expect(value.json.elementsEqual(json.utf8))
    }

    @Test("names and strings are compared by bytes: a composed letter is not a decomposed one")
    func bytes() throws {
        let value = try parse("{\"\u{E9}\":\"\u{E9}\"}")
        #expect(value["\u{E9}"]?.equals("\u{E9}") == true)
        #expect(value["e\u{301}"] == nil)
        #expect(value["\u{E9}"]?.equals("e\u{301}") == false)
    }

    @Test("a string that is not native to Swift is compared like any other")
    func foreignString() throws {
        let name = String("xmember".dropFirst())
        #expect(try parse(#"{"member":1}"#)[name]?.integer == 1)
        #expect(try parse(#"{"m\u0065mber":1}"#)[name]?.integer == 1)
    }

    @Test(
        "an integer is a number written as one, of up to 18 digits",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("999999999999999999", 999_999_999_999_999_999),
            ("-999999999999999999", -999_999_999_999_999_999), ("1000000000000000000", nil), ("9223372036854775808", nil), ("1.0", nil),
            ("1e2", nil), ("\"1\"", nil), ("true", nil), ("null", nil), ("[1]", nil),
        ] as [(String, Int64?)])
    func integers(json: String, expected: Int64?) throws {
        #expect(try parse(json).integer == expected)
    }

    @Test(
        "a NumericDate may have a fraction, which is cut off, and any of JSON's spellings (RFC 7519 §2)",
        arguments: [
            ("1800000000", 1_800_000_000), ("1800000000.999", 1_800_000_000), ("1.8e9", 1_800_000_000), ("1.8E+9", 1_800_000_000),
            ("18000000000e-1", 1_800_000_000), ("18000000005e-1", 1_800_000_000), ("0", 0), ("-0", 0), ("0.9", 0), ("-0.9", 0),
            ("-1.9", -1),
            ("0.5e1", 5), ("0.05e1", 0), ("0.001e5", 100), ("12e-2", 0), ("1e17", 100_000_000_000_000_000), ("1e18", nil), ("1e400", nil),
            ("1e99999", nil), ("1e-9999", 0), ("0e9999", 0), ("-1e17", -100_000_000_000_000_000), ("1e-99999", nil),
            ("999999999999999999.9", 999_999_999_999_999_999), ("1000000000000000000", nil), ("\"1800000000\"", nil), ("null", nil),
            ("0.\(String(repeating: "0", count: 100))1", nil),
        ] as [(String, Int64?)])
    func numericDates(json: String, expected: Int64?) throws {
        #expect(try parse(json).numericDate == expected)
    }

    @Test("members come in their order, with their names unescaped")
    func members() throws {
        let value = try parse(#"{"b":[1,[2,{"x":3}]],"\u0061":{"b":0},"c":"s"}"#)
        #expect(value.members.map(\.name) == ["b", "a", "c"])
        #expect(value["a"]?["b"]?.integer == 0)
        #expect(value["b"]?.elements?[1].elements?[1]["x"]?.integer == 3)
        #expect(value["x"] == nil, "a member of a member is not this object's")
        #expect(value["c"]?.string == "s")
    }

    @Test("a value of another kind answers nothing")
    func kinds() throws {
        let object = try parse(#"{"a":1}"#)
        #expect((object.isObject, object.isArray, object.isNull) == (true, false, false))
        #expect(object.elements == nil && object.string == nil && object.bool == nil && object.strings == nil)
        let array = try parse(#"["a",1]"#)
        #expect((array.isObject, array.isArray) == (false, true))
        #expect(array.members.isEmpty && array["a"] == nil && array.strings == nil)
        #expect(try parse(#"["a","b"]"#).strings == ["a", "b"])
        #expect(try parse("[]").strings == [])
        #expect(try parse("null").isNull)
        #expect(try parse("true").bool == true)
        #expect(try parse("false").bool == false)
        #expect(try parse("1").bool == nil && !parse("\"null\"").isNull && !parse("\"true\"").equals("tru"))
    }

    @Test("the JSON of a value is its own bytes, wherever it stands")
    func rawJSON() throws {
        let value = try parse(#" { "a" : [ 1 , "x" ] , "b":-1.50e+1 } "#)
        #expect(value["a"]?.json.elementsEqual(#"[ 1 , "x" ]"#.utf8) == true)
        #expect(value["b"]?.json.elementsEqual("-1.50e+1".utf8) == true)
        #expect(value["a"]?.elements?[1].json.elementsEqual(#""x""#.utf8) == true)
    }

    private func parse(_ text: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(text.utf8)).root
    }
}
