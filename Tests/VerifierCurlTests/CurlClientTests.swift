// What goes over the wire for an exchange that is passed on: the method, the target, the fields and the content as they are.

import MartletVerifier
import MartletVerifierCurl
import Testing

@Suite struct CurlClientTests {
    @Test(
        arguments: [
            ("GET", "/a/../b?c=%20d", nil, "GET /a/../b?c=%20d HTTP/1.1", []),
            ("POST", "/login/", "{}", "POST /login/ HTTP/1.1", ["Content-Length: 2"]),
            ("POST", "/", "", "POST / HTTP/1.1", ["Content-Length: 0"]),
            ("PROPFIND", "/", nil, "PROPFIND / HTTP/1.1", []),
            ("DELETE", "/x", "why", "DELETE /x HTTP/1.1", ["Content-Length: 3"]),
            ("OPTIONS", "*", nil, "OPTIONS * HTTP/1.1", []),
        ] as [(String, String, String?, String, [String])])
    func `a request is sent as it is`(method: String, target: String, body: String?, line: String, framing: [String]) throws {
        let heads = ScriptedServer.Heads()
        try ScriptedServer.run { peer in
            heads.append(peer.head())
            peer.send("HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: b=2\nContent-Length: 0\n\n")
        } _: { server in
            var exchange = Self.exchange(server, target)
            exchange.method = method
            exchange.body = body.map { Array($0.utf8) }
            exchange.fields = [("host", Array("app.example".utf8)), ("x-latin", [0x61, 0xE9]), ("x-empty", [])]
            let reply = try CurlClient(keeping: 1).send(exchange)
            #expect(
                reply.fields.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }.prefix(2) == [
                    "set-cookie=a=1", "set-cookie=b=2",
                ])
            let lines = heads.all.joined().split(separator: "\r\n").map(String.init)
            #expect(lines.first == line)
            #expect(lines.dropFirst().sorted() == (["Host: app.example", "x-latin: a\u{FFFD}", "x-empty:"] + framing).sorted())
        }
    }

    @Test func `an answer to HEAD has a length and no content`() throws {
        try ScriptedServer.run { peer in
            if peer.head() != nil { peer.send("HTTP/1.1 200 OK\nContent-Length: 99\n\n") }
        } _: { server in
            var exchange = Self.exchange(server, "/")
            exchange.method = "HEAD"
            let reply = try CurlClient(keeping: 1).send(exchange)
            #expect(reply.body.isEmpty && reply.fields.map(\.name) == ["content-length"])
        }
    }

    @Test func `what may not be done twice goes over a connection of its own`() throws {
        try ScriptedServer.run { peer in
            while peer.head() != nil { peer.send("HTTP/1.1 200 OK\nContent-Length: 0\n\n") }
        } _: { server in
            let client = CurlClient(keeping: 1)
            for isNew in [false, false, true, true] {
                var exchange = Self.exchange(server, "/")
                exchange.isOnNewConnection = isNew
                _ = try client.send(exchange)
            }
            #expect(server.connections == 3)
        }
    }

    private static func exchange(_ server: ScriptedServer, _ target: String) -> CurlExchange {
        CurlExchange(
            origin: "http://127.0.0.1:\(server.port)", target: target, maximumBody: 1024, connectTimeout: 2000, timeout: 5000)
    }
}
