// What somebody typed is never repeated, wherever it was typed and wherever it comes back.

import MartletEncoding
import Shadow
import Testing

struct RedactionTests {
    static let typed = ["hunter2", "pw", "correct horse battery staple", "ada@example.com", "é€😀", "a\"b\\c", "Zm9vYmFyZm9vYmFyZm9vYmFy"]

    /// Requests that carry a text, each in another place.
    static func requests(_ text: String) -> [RelayedRequest] {
        func quoted(_ text: String) -> String {
            String(decoding: JSONWriter.object { $0.member("p", text) }.dropFirst(5).dropLast(), as: UTF8.self)
        }
        let escaped = text.utf8.map { "%" + Hex.encode([$0]) }.joined()
        return [
            post("/x/", "{\"password\":\(quoted(text))}"), post("/x/", "{\"a\":[{\"b\":\(quoted(text))}]}"), post("/x/", quoted(text)),
            post("/x/", "u=1&password=\(escaped)", type: "application/x-www-form-urlencoded"),
            post("/x/", "", [RelayedField("authorization", "Token \(text)")]), post("/x/", "", [RelayedField("authorization", text)]),
            post("/x/", "", [RelayedField("cookie", "a=1; b=\(text)")]), post("/x/?a=1&b=\(escaped)", ""),
            post("/reset/\(escaped)/now", ""),
        ]
    }

    @Test("an echo is told by its length alone", arguments: typed)
    func echo(text: String) throws {
        for request in Self.requests(text) {
            let answers = ["old", "new"].map { side in
                let body = JSONWriter.object { writer in
                    writer.member("detail", "\(side): \(text)!")
                    writer.member("code", text + side)
                    writer.member(text, ["\(side) \(text.uppercased())"])
                    writer.member("other", "\(text) of \(side)")
                    writer.member("token", token("{\"\(side)\":\"\(Base64URL.encode(Array(text.utf8)))\"}"))
                }
                return RelayedAnswer(
                    status: 400,
                    fields: [
                        RelayedField("content-type", "application/json"), RelayedField("www-authenticate", "\(side) realm=\"\(text)\""),
                        RelayedField("set-cookie", "c=\(text); Path=/\(side)/\(text)"), RelayedField("allow", "\(side), \(text)"),
                        RelayedField("location", "/\(side)?\(text)"),
                    ], body: body)
            }
            var found = try Comparison(request).differences(old: answers[0], new: answers[1])
            #expect(found.count > 3)
            var other = answers[1]
            other.status = 401
            found += try Comparison(request).differences(old: answers[0], new: other)
            for line in found {
                let told = String(
                    decoding: ReportLine(time: UnixTime(seconds: 0), id: "1", method: "POST", endpoint: "/x/", difference: line).json,
                    as: UTF8.self)
                #expect(!told.lowercased().contains(text.lowercased()), "\(told)")
            }
        }
    }

    @Test("a part of what was typed is an echo, too")
    func parts() throws {
        let request = post("/x/", #"{"password":"correct horse battery staple"}"#)
        let found = try Comparison(request).differences(
            old: json(400, #"{"detail":"Too long: 'correct hor…'"}"#), new: json(400, #"{"detail":"Too common."}"#))
        #expect(found == [Difference(.message, "/detail", old: "text of 24 characters", new: "\"Too common.\"")])
    }

    @Test(
        "what looks like a secret is not repeated, whoever made it; sentences are",
        arguments: [
            ("Token is invalid or expired", true), ("This field may not be blank.", true), ("Expected available in 42 seconds.", true),
            ("Write to ada@example.com.", false), ("Your code is 471100.", false), ("See abcdefghijklmnopqrstuvwxyz0", false),
            ("Use the one-time word kX9qL-mZp instead.", false), ("The algorithm must be RS256 or Ed25519.", false),
            ("OAuth2 and SHA256 are known.", true),
            (String(repeating: "word ", count: 100), false), ("\u{1B}[31mred", false),
        ])
    func secrets(text: String, isTold: Bool) throws {
        let body = String(decoding: JSONWriter.object { $0.member("detail", text) }, as: UTF8.self)
        let found = try Comparison(post("/x/", "{}")).differences(old: json(400, body), new: json(400, #"{"detail":"x"}"#))
        #expect(found.first?.old == (isTold ? "\"\(text)\"" : "text of \(text.count) characters"))
    }
}
