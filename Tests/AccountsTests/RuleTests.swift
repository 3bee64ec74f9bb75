// The rules for names, addresses and passwords, as tables.

import Accounts
import MartletEncoding
import Store
import Testing

struct RuleTests {
    @Test(
        "usernames",
        arguments: [
            ("a", nil), ("ada", nil), ("Ada.Lovelace+x@example-1_2", nil), ("Zoë", nil), ("Ελένη", nil), ("日本語", nil), ("한국어", nil),
            ("अ", nil),
            ("٣", nil), (String(repeating: "a", count: 150), nil), (String(repeating: "é", count: 150), nil), ("", "required"),
            (String(repeating: "a", count: 151), "too_long"), ("a b", "invalid"), (" ada", "invalid"), ("ada ", "invalid"),
            ("a\tb", "invalid"),
            ("a\nb", "invalid"), ("a\u{0}", "invalid"), ("a/b", "invalid"), ("a:b", "invalid"), ("a,b", "invalid"), ("a'b", "invalid"),
            ("a\"b", "invalid"), ("<a>", "invalid"), ("a%b", "invalid"), ("a\\b", "invalid"), ("a\u{7F}", "invalid"),
            ("a\u{A0}b", "invalid"),
            ("e\u{301}", "invalid"), ("a\u{200B}", "invalid"), ("a\u{202E}b", "invalid"), ("a\u{200D}b", "invalid"), ("😀", "invalid"),
            ("½", "invalid"), ("Ⅷ", "invalid"), ("a\u{FEFF}", "invalid"), ("a\u{AD}b", "invalid"), ("$", "invalid"), ("a–b", "invalid"),
        ] as [(String, String?)])
    func usernames(text: String, code: String?) {
        #expect(problem { () throws(FieldProblem) in _ = try Username(parsing: text) }?.code == code)
    }

    @Test(
        "letters that nobody sees, or that are another letter by another name, are no username: two that look the same must not both exist",
        arguments: [
            ("\u{3164}", "Hangul filler"), ("\u{115F}", "Hangul choseong filler"), ("a\u{FFA0}", "halfwidth Hangul filler"),
            ("\u{1112}\u{1161}\u{11AB}", "conjoining jamo, which look like a composed syllable"),
            ("\u{AC00}\u{11A8}", "a syllable and a jamo"),
            ("\u{212A}ate", "the Kelvin sign"), ("\u{212B}", "the Ångström sign"), ("\u{2126}", "the Ohm sign"),
            ("\u{F900}", "a CJK compatibility ideograph"), ("\u{2F800}", "one of the second plane"), ("\u{1F71}", "alpha with oxia"),
        ])
    func lookAlikes(text: String, what: String) {
        #expect(problem { () throws(FieldProblem) in _ = try Username(parsing: text) }?.code == "invalid", "\(what)")
    }

    @Test("a username's key folds ASCII letters and nothing else")
    func usernameKey() throws {
        #expect(try Username(parsing: "Ada@X").key.folded == Username(parsing: "aDA@x").key.folded)
        #expect(try Username(parsing: "ZOË").key.folded != Username(parsing: "zoë").key.folded)
        #expect(try Username(parsing: "ada").key.folded != Username(parsing: "ada.").key.folded)
        #expect(try Username(parsing: "Ada").text == "Ada")
    }

    @Test(
        "e-mail addresses",
        arguments: [
            ("a@b.example", nil), ("Ada.Lovelace+tag@mail.example.com", nil), ("o'neil@b.example", nil),
            ("{x}|~!#$%&*/=?^_`@b.example", nil),
            ("jörg@b.example", nil), ("a@bücher.example", nil), ("a@xn--bcher-kva.example", nil), ("a@1.2", nil),
            (String(repeating: "a", count: 64) + "@b.example", nil),
            ("a@" + (0..<3).map { _ in String(repeating: "b", count: 63) + "." }.joined() + String(repeating: "c", count: 60), nil),
            ("a@" + (0..<3).map { _ in String(repeating: "b", count: 63) + "." }.joined() + String(repeating: "c", count: 61), "too_long"),
            (String(repeating: "a", count: 65) + "@b.example", "invalid"), ("", "invalid"), ("a", "invalid"), ("@b.example", "invalid"),
            ("a@", "invalid"), ("a@b", "invalid"), ("a@b.", "invalid"), ("a@.b", "invalid"), ("a@b..c", "invalid"),
            ("a@b@c.example", "invalid"),
            ("a b@c.example", "invalid"), (" a@b.example", "invalid"), ("a@b.example ", "invalid"), ("a@-b.example", "invalid"),
            ("a@b-.example", "invalid"), ("a@b_c.example", "invalid"), ("a@[192.0.2.1]", "invalid"), ("\"a b\"@c.example", "invalid"),
            ("a<b>@c.example", "invalid"), ("Ada <a@b.example>", "invalid"), ("a,b@c.example", "invalid"),
            ("a\r\nBcc: x@b.example", "invalid"),
            ("a\u{0}@b.example", "invalid"), ("a@b.example\u{7F}", "invalid"),
            ("a@" + String(repeating: "b", count: 64) + ".example", "invalid"),
            ("a@b.ex/ample", "invalid"),
        ] as [(String, String?)])
    func emails(text: String, code: String?) {
        #expect(problem { () throws(FieldProblem) in _ = try EmailAddress(parsing: text) }?.code == code)
    }

    @Test(
        "new passwords",
        arguments: [
            ("12345678", nil), ("        ", nil), (String(repeating: "x", count: 256), nil), (String(repeating: "😀", count: 256), nil),
            ("pässwörter", nil), ("ada", "too_short"), ("1234567", "too_short"), ("ééééééé", "too_short"), ("", "too_short"),
            (String(repeating: "x", count: 257), "too_long"), ("ada.lovelace", "too_similar"), ("ADA.Lovelace", "too_similar"),
            ("Ada@mail.example", "too_similar"), ("password1", "too_common"), ("PassWord1", "too_common"), ("password1!", nil),
            ("ada.lovelace1", nil),
        ] as [(String, String?)])
    func newPasswords(text: String, code: String?) {
        let common = CommonPasswords(sortedLines: Array("password1\nqwertyuiop\n".utf8))
        do {
            let password = try Password(new: text, username: "Ada.lovelace", email: "ada@mail.example", common: common)
            #expect(code == nil)
            #expect(password.bytes == Array(text.utf8))
        } catch .invalid(let problems) {
            #expect(problems.map(\.code) == [code])
        } catch .weakPassword(let problem) {
            #expect(problem.code == code)
            #expect(["too_similar", "too_common"].contains(problem.code))
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("any text of up to 4 KiB may be tried as a password")
    func attempts() {
        #expect(Password(attempt: "")?.bytes == [])
        #expect(Password(attempt: String(repeating: "x", count: 4096)) != nil)
        #expect(Password(attempt: String(repeating: "x", count: 4097)) == nil)
        #expect(Password(attempt: String(repeating: "é", count: 2049)) == nil)
    }

    private func problem(_ body: () throws(FieldProblem) -> Void) -> FieldProblem? {
        do throws(FieldProblem) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}

struct CommonPasswordsTests {
    @Test("every line of the list is found, and its neighbours that are not on it are not")
    func wholeList() throws {
        let text = try Project.bytes("Sources/SystemLibraries/CEmbedded/common-passwords.txt")
        let lines = text.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        let list = CommonPasswords(sortedLines: text)
        let known = Set(lines)
        for line in lines {
            if !list.contains(line) { Issue.record("\(line) is not found") }
            for neighbour in [String(line.dropLast()), line + "\u{0}", line + "a", "\u{1}" + line, String(line.dropFirst())]
            where !known.contains(neighbour) && list.contains(neighbour) {
                Issue.record("\(neighbour) is found and not there")
            }
        }
        #expect(!list.contains("") && !list.contains("\n") && !list.contains("~~~~~~~~~") && !list.contains("!"))
        #expect(!list.contains(lines[0] + "\n" + lines[1]))
    }

    @Test("the list has 10,000 lines of 8 characters or more in lower case, each once, in byte order")
    func form() throws {
        let text = try Project.bytes("Sources/SystemLibraries/CEmbedded/common-passwords.txt")
        #expect(text.last == 0x0A)
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        #expect(lines.count == 10_000)
        for (line, next) in zip(lines, lines.dropFirst()) where !line.lexicographicallyPrecedes(next) {
            Issue.record("\(String(decoding: line, as: UTF8.self)) stands before \(String(decoding: next, as: UTF8.self))")
        }
        for line in lines {
            let word = String(decoding: line, as: UTF8.self)
            if word.unicodeScalars.count < 8 || word != word.asciiLowercased || word.utf8.contains(0x0D) { Issue.record("\(word)") }
        }
    }

    @Test("lists of every small size are searched rightly, with or without a last line end", arguments: 0...9, [true, false])
    func smallLists(size: Int, hasEnd: Bool) {
        let words = (0..<size).map { String(repeating: "b", count: $0 % 3 + 1) + "\($0)" }.sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        let list = CommonPasswords(sortedLines: Array((words.joined(separator: "\n") + (hasEnd && size > 0 ? "\n" : "")).utf8))
        for word in words { #expect(list.contains(word)) }
        for other in ["a", "c", "b", "bb", "b00", ""] { #expect(!list.contains(other)) }
    }
}
