// Django's four validators as this service has them: which passwords they refuse, and in which words.

import Accounts
import Testing

struct DjangoPasswordRuleTests {
    private let rules = DjangoPasswordRules(common: CommonPasswords(sortedLines: Array("0123456789\nsunflower\n".utf8)))

    @Test(
        "length, commonness and digits",
        arguments: [
            ("a fine one", []), ("seven77", ["too short"]), ("", ["too short"]), ("SunFlower", ["too common"]),
            ("0123456789", ["too common", "numeric"]), ("1234", ["too short", "numeric"]), ("٣٣٣٣٣٣٣٣", ["numeric"]), ("12345678a", []),
        ] as [(String, [String])])
    func alone(password: String, problems: [String]) {
        #expect(rules.problems(of: password).count == problems.count)
        for (text, word) in zip(rules.problems(of: password), problems) { #expect(text.contains(word)) }
    }

    @Test(
        "a password resembles a name when seven tenths of both are the same characters, whole or a word of it",
        arguments: [
            ("lovelace", "username"), ("LoveLace1", "username"), ("ecalevol", "username"), ("xlovelacexyzuvw", nil),
            ("byron.ada@example.org", "email address"), ("example77", "email address"), ("Augusta-1", "first name"),
            ("de morgan", "last name"), ("nothing alike", nil), (String(repeating: "king", count: 9), nil),
        ] as [(String, String?)])
    func similar(password: String, name: String?) {
        let names = DjangoPasswordRules.Names(
            username: "lovelace", firstName: "Augusta", lastName: "King de Morgan", email: "byron.ada@example.org")
        let problems = rules.problems(of: password, for: names)
        #expect(problems == (name.map { ["The password is too similar to the \($0)."] } ?? []))
    }

    @Test("names that are not there resemble nothing")
    func missing() {
        let names = DjangoPasswordRules.Names(username: "", email: nil)
        #expect(rules.problems(of: "a fine one", for: names) == [])
    }
}
