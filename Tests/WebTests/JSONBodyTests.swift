// A request's JSON body, and the refusals that come of one.

import HTTP
import MartletEncoding
import Store
import Testing

@testable import Web

struct JSONBodyTests {
    @Test(
        "a body that cannot be read is refused with the contract's status and code",
        arguments: [
            (["Content-Type: text/plain"], "{}", 415, "unsupported_media_type"), ([], "{}", 415, "unsupported_media_type"),
            (["Content-Type: application/x-www-form-urlencoded"], "a=1", 415, "unsupported_media_type"),
            (["Content-Type: application/jsonp"], "{}", 415, "unsupported_media_type"), ([], "", 415, "unsupported_media_type"),
            (["Content-Type: application/json"], "", 400, "invalid_json"), (["Content-Type: application/json"], "{", 400, "invalid_json"),
            (["Content-Type: application/json"], #"{"a":1,"a":2}"#, 400, "invalid_json"),
            (["Content-Type: application/json"], "{}x", 400, "invalid_json"),
            (["Content-Type: application/json"], "[]", 400, "invalid_request"),
            (["Content-Type: application/json"], "\"a\"", 400, "invalid_request"),
            (["Content-Type: application/json"], "null", 400, "invalid_request"),
        ] as [([String], String, Int, String)])
    func refused(fields: [String], body: String, status: Int, code: String) throws {
        let refusal = try refusal(fields, body) { _ in }
        #expect(refusal.map { Int($0.status.code) } == status)
        #expect(refusal?.code == code)
    }

    @Test("what is wrong with the JSON is told with its place", arguments: [("{\n  \"a\" 1}", "line 2, column 7")])
    func place(body: String, place: String) throws {
        let refusal = try refusal(["Content-Type: application/json"], body) { _ in }
        #expect(refusal?.detail.contains(place) == true)
    }

    @Test(
        "parameters and case of the media type do not matter",
        arguments: ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"])
    func mediaTypes(type: String) throws {
        #expect(try refusal(["Content-Type: \(type)"], "{}") { _ in } == nil)
    }

    @Test("members are read by type; null is missing, others are ignored")
    func members() throws {
        let body = try JSONBody(try request("POST", "/", json: #"{"s":"x","b":true,"l":["a"],"n":null,"e":"","more":{"x":1}}"#))
        #expect(try body.string("s") == "x" && body.bool("b") == true && body.strings("l") == ["a"])
        #expect(try body.string("n") == nil && body.bool("n") == nil && body.strings("n") == nil && body.string("none") == nil)
        #expect(body.has("n") && !body.has("none"))
        #expect(try body.string("e") == "")
        #expect(try JSONBody(try request("POST", "/"), mayBeEmpty: true).string("s") == nil)
    }

    @Test("a member of the wrong type is 400 validation_failed, and says which", arguments: ["1", "true", "{}", "[]", #"["a",1]"#])
    func wrongType(json: String) throws {
        let body = #"{"m":\#(json)}"#
        let refusal = try refusal(["Content-Type: application/json"], body) { body throws(Refusal) in _ = try body.string("m") }
        #expect(refusal?.status == .badRequest && refusal?.code == "validation_failed")
        let fields = try JSONDocument(parsing: try #require(refusal?.fields)).root
        #expect(fields["m"]?.elements?.first?["code"]?.string == "wrong_type")
        let list = try self.refusal(["Content-Type: application/json"], #"{"m":["a",1]}"#) { body throws(Refusal) in
            _ = try body.strings("m")
        }
        #expect(list?.code == "validation_failed")
        let bool = try self.refusal(["Content-Type: application/json"], #"{"m":"true"}"#) { body throws(Refusal) in _ = try body.bool("m") }
        #expect(bool?.code == "validation_failed")
    }

    @Test("what is required must be there and not be empty", arguments: ["{}", #"{"m":null}"#, #"{"m":""}"#])
    func required(body: String) throws {
        let refusal = try refusal(["Content-Type: application/json"], body) { body throws(Refusal) in _ = try body.required("m") }
        #expect(refusal?.code == "validation_failed")
    }

    @Test(
        "limits of a list are whole numbers from 1 to 200",
        arguments: [
            ("", 50), ("?limit=1", 1), ("?limit=200", 200), ("?limit=0", nil), ("?limit=201", nil), ("?limit=-1", nil), ("?limit=x", nil),
            ("?limit=", nil), ("?limit=1e2", nil), ("?limit=+5", nil), ("?limit=5&limit=6", nil), ("?limit=99999999999999999999", nil),
        ] as [(String, Int?)])
    func page(query: String, expected: Int?) throws {
        let request = try request("GET", "/x\(query)")
        do throws(Refusal) {
            let page = try Page(request)
            #expect(page.limit == expected)
            #expect(page.cursor == nil)
        } catch {
            #expect(expected == nil)
            #expect(error.status == .badRequest)
        }
    }

    @Test("a cursor is passed on as it was decoded")
    func cursor() throws {
        #expect(try Page(try request("GET", "/x?cursor=a%2Bb&limit=3")).cursor == "a+b")
    }

    private func refusal(_ fields: [String], _ body: String, _ read: (JSONBody) throws(Refusal) -> Void) throws -> Refusal? {
        let request = try request("POST", "/", fields, body: body)
        do throws(Refusal) {
            try read(try JSONBody(request))
            return nil
        } catch {
            return error
        }
    }
}
