// Forms as FormData sends them: which fields come out of which bytes. What Django makes of the same is in Tests/Interop/django.

import Testing

@testable import Web

struct MultipartFormTests {
    private static let head = "Content-Disposition: form-data; name="

    @Test(
        "what is between delimiters at the beginnings of lines is the fields, and nothing else is",
        arguments: [
            ("--b\r\n\(head)\"a\"\r\n\r\n1\r\n--b--\r\n", ["a": "1"], "one"),
            ("--b\r\n\(head)\"a\"\r\n\r\n1\r\n--b\r\n\(head)\"a\"\r\n\r\n2\r\n--b--", ["a": "2"], "the last of a name"),
            ("--b\r\n\(head)a\r\n\r\n\r\n--b--", ["a": ""], "nothing in it, and a token as name"),
            ("--b  \r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION:form-data;NAME=\"a\"\r\n\r\n1\r\n--b--", ["a": "1"], "in capitals"),
            ("--b\r\n\(head)\"a;\\\"b\\\\\"\r\n\r\n1\r\n--b--", ["a;\"b\\": "1"], "signs in a name"),
            ("--b\r\n\(head)\"a\"\r\n\r\nx--b--\r\n--b--", ["a": "x--b--"], "a delimiter within a line is content"),
            ("--b\r\n\(head)\"a\"\r\n\r\n1\r\n2\r\n\r\n3\r\n--b--", ["a": "1\r\n2\r\n\r\n3"], "lines"),
            ("hello\r\n--b\r\n\(head)\"a\"\r\n\r\n1\r\n--b--\r\n--b\r\n\(head)\"c\"\r\n\r\n1\r\n--b--", ["a": "1"], "before and after"),
            ("--b\r\n\(head)\"a\"\r\n\r\n1", ["a": "1"], "cut off"),
            ("--b\r\n\(head)\"a\"; filename=\"f\"\r\n\r\n1\r\n--b--", [:], "a file"),
            ("--b\r\n\(head)\"a\"\r\n1\r\n--b--", [:], "no empty line"), ("--b\r\n\r\n1\r\n--b--", [:], "no name"),
            ("--b\r\nContent-Disposition: form-data; name\r\n\r\n1\r\n--b--", [:], "a name without value"),
            ("--b", [:], "a delimiter alone"), ("--b--", [:], "its end alone"), ("", [:], "nothing"), ("\r\n--", [:], "half a delimiter"),
            ("--c\r\n\(head)\"a\"\r\n\r\n1\r\n--c--", [:], "another boundary"),
        ] as [(String, [String: String], String)])
    func fields(body: String, fields: [String: String], reason: String) {
        #expect(MultipartForm.fields(of: Array(body.utf8), boundary: Array("b".utf8)) == fields, "\(reason)")
    }

    @Test(
        "a boundary is a token or a quoted string of 201 signs of ASCII at most, the last no blank",
        arguments: [
            ("multipart/form-data; boundary=b", "b"), ("multipart/form-data;charset=utf-8;Boundary=\"a b;c\"", "a b;c"),
            ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"),
            ("multipart/form-data; boundary=b ; x=y", "b"), ("multipart/form-data; x=\"boundary=c\"; boundary=b", "b"),
            ("multipart/form-data", nil), ("multipart/form-data; boundary=", nil), ("multipart/form-data; boundary=\"b \"", nil),
            ("multipart/form-data; boundary=\"b", "b"), ("multipart/form-data; boundary=\"é\"", nil), ("multipart/form-data;;;", nil),
            ("multipart/form-data; boundary=" + String(repeating: "b", count: 202), nil), ("boundary=b", nil),
        ] as [(String, String?)])
    func boundary(contentType: String, boundary: String?) {
        #expect(MultipartForm.boundary(of: contentType) == boundary.map { Array($0.utf8) })
    }

    @Test("no bytes are a trap")
    func anything() {
        let signs = Array("-b\r\n;=\": name\\".utf8)
        var state: UInt64 = 1
        for length in 0..<400 {
            let body = (0..<length).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return signs[Int(state >> 33) % signs.count]
            }
            _ = MultipartForm.fields(of: body, boundary: Array("b".utf8))
            _ = MultipartForm.boundary(of: String(decoding: body, as: UTF8.self))
        }
    }
}
