// Member names: duplicates are found however they are spelled, and names that only look alike are different.
// What hostile names cost is counted in instructions (Benchmarks/budget).

import MartletEncoding
import Testing

struct JSONMemberNameTests {
    @Test("a name that comes again is found among many, however it is spelled", arguments: ["a", "eight888", "a name that is a long one"])
    func duplicates(name: String) {
        let spellings = [name, Self.escaped(name), Self.escaped(String(name.prefix(1))) + name.dropFirst()]
        for first in spellings {
            for second in spellings {
                for others in [0, 1, 100, 254] {
                    let between = (0..<others).map { "other-\($0)" }
                    #expect(Self.reason([first] + between + [second]) == .duplicateMember)
                    #expect(Self.reason([first] + between + [second + "."]) == nil)
                }
            }
        }
    }

    @Test(
        "names that look alike are different",
        arguments: [("", "\\u0000"), ("a", "a\\u0000"), ("\\u0000a", "a"), ("1234567", "12345678"), ("a", "A")])
    func alike(one: String, other: String) {
        #expect(Self.reason([one, other]) == nil)
    }

    @Test(
        "escapes of every length of UTF-8 are decoded",
        arguments: ["\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}", "\u{10ffff}"])
    func escapes(character: Character) throws {
        let text = "\"" + Self.escaped(String(character) + "x") + "\""
        #expect(try JSONDocument(parsing: Array(text.utf8)).root.string == String(character) + "x")
    }

    private static func reason(_ names: [String]) -> JSONError.Reason? {
        let text = object(names.count) { names[$0] }
        do throws(JSONError) {
            _ = try JSONDocument(parsing: Array(text.utf8))
            return nil
        } catch { return error.reason }
    }

    private static func object(_ count: Int, name: (Int) -> String) -> String {
        "{" + (0..<count).map { "\"\(name($0))\":1" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
