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

    @Test("another server's answer keeps its own date and gets no request id; the length of what it left out is the one it told")
    func relayed() {
        var headers = Headers()
        headers.append(relayed: "Date", Array("Sun, 06 Nov 1994 08:00:00 GMT".utf8))
        headers.append(relayed: "x-latin", [0xE9, 0x0D, 0x0A, 0x41])
        for name in ["no name", "", "a:b", "a\r\nb"] { headers.append(relayed: name, [0x41]) }
        var response = Response(.ok, headers: headers, body: .bytes([65, 66]))
        response.relayed = Response.Relayed(toldLength: nil)
        #expect(
            bytes(response)
                == Array("HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:00:00 GMT\r\nx-latin: ".utf8) + [0xE9, 0x41]
                + Array("\r\ncontent-length: 2\r\n\r\nAB".utf8))
        var dateless = Response(.ok)
        dateless.relayed = Response.Relayed(toldLength: nil)
        #expect(serialized(dateless) == "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n")
        let table: [(code: Int, isHead: Bool, told: Int?, length: String?)] = [
            (200, true, 99, "99"), (200, true, nil, nil), (304, false, 7, "7"), (304, true, nil, nil), (204, false, 3, nil),
            (204, true, 3, nil),
            (200, false, 99, "0"),
        ]
        for row in table {
            var response = Response(Status(row.code))
            response.relayed = Response.Relayed(toldLength: row.told)
            let text = serialized(response, isHead: row.isHead)
            #expect(text.contains("content-length") == (row.length != nil), "\(row)")
            if let length = row.length { #expect(text.hasSuffix("content-length: \(length)\r\n\r\n"), "\(row)") }
        }
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
        String(decoding: bytes(response, isHead: isHead, persistence: persistence), as: UTF8.self)
    }

    private func bytes(
        _ response: Response, isHead: Bool = false, persistence: ResponseSerializer.Persistence = .implied
    ) -> [UInt8] {
        var serializer = ResponseSerializer()
        guard let id = RequestID(callers: "me".utf8) else { return [] }
        return [UInt8](unsafeUninitializedCapacity: ResponseSerializer.capacity(response)) { memory, count in
            count = serializer.write(
                response, id: id, isHead: isHead, persistence: persistence, at: UnixTime(seconds: 784_111_777),
                into: UnsafeMutableRawBufferPointer(memory))
        }
    }
}
