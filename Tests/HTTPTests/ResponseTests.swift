// An answer's bytes.

import HTTP
import MartletEncoding
import Testing

struct ResponseTests {
    @Test("an answer carries its length, the date and the request id")
    func whole() {
        let text = serialized(.json(.ok, Array("{}".utf8)))
        #expect(
            text == "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "x-request-id: me\r\ncontent-length: 2\r\n\r\n{}")
    }

    @Test("HEAD tells the length and sends nothing")
    func head() {
        let text = serialized(.json(.ok, Array("{}".utf8)), isHead: true)
        #expect(text.hasSuffix("content-length: 2\r\n\r\n"))
    }

    @Test("204 and 304 have neither content nor length", arguments: [204, 304])
    func noContent(code: Int) {
        let text = serialized(Response(Status(code), body: .bytes([65])))
        #expect(text.hasSuffix("x-request-id: me\r\n\r\n"))
    }

    @Test("an empty answer says that it is")
    func empty() {
        #expect(serialized(Response(.created)).hasSuffix("content-length: 0\r\n\r\n"))
    }

    @Test("the connection's end is announced")
    func persistence() {
        #expect(serialized(Response(.ok), persistence: .close).contains("\r\nconnection: close\r\n"))
        #expect(serialized(Response(.ok), persistence: .keepAlive).contains("\r\nconnection: keep-alive\r\n"))
        #expect(!serialized(Response(.ok)).contains("connection"))
    }

    @Test("a value made from data cannot begin another field")
    func injection() {
        let response = Response(.found).adding(.location, "/a\r\nset-cookie: b\n\0c")
        #expect(response.headers[.location] == "/aset-cookie: bc")
        #expect(serialized(response).contains("\r\nlocation: /aset-cookie: bc\r\n"))
    }

    @Test("header fields keep their order, and set replaces all of a name")
    func headers() {
        var headers = Headers([(.setCookie, "a=1"), (.etag, "x"), (.setCookie, "b=2")])
        #expect(headers.values(.setCookie) == ["a=1", "b=2"])
        headers.set(.setCookie, "c=3")
        #expect(headers.values(.setCookie) == ["c=3"])
        #expect(headers[.etag] == "x")
        #expect(headers[.allow] == nil)
    }

    private func serialized(
        _ response: Response, isHead: Bool = false, persistence: ResponseSerializer.Persistence = .implied
    ) -> String {
        var serializer = ResponseSerializer()
        guard let id = RequestID(callers: "me".utf8) else { return "" }
        let bytes = [UInt8](unsafeUninitializedCapacity: ResponseSerializer.capacity(response)) { memory, count in
            count = serializer.write(
                response, id: id, isHead: isHead, persistence: persistence, at: UnixTime(seconds: 784_111_777),
                into: UnsafeMutableRawBufferPointer(memory))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
