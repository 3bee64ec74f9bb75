// What libcurl makes of a server that behaves well, and of one that does not.

import MartletThreads
import MartletVerifier
import MartletVerifierCurl
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CurlFetcherTests {
    /// What a server says, and what the fetcher makes of it.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: String
        var expected: Expected

        enum Expected: Sendable {
            case response(Int, [String], String)
            case failure(FetchFailure)
            case unreachable
        }

        init(_ reason: String, _ answer: String, _ expected: Expected) {
            testDescription = reason
            self.answer = answer
            self.expected = expected
        }
    }

    static let rows = [
        Row(
            "fields of one name are all kept", "HTTP/1.1 200 OK\nETag: \"a\"\nX-B:  1 \t\nx-b: 2\nContent-Length: 2\n\nhi",
            .response(200, ["etag=\"a\"", "x-b=1", "x-b=2", "content-length=2"], "hi")),
        Row("not modified", "HTTP/1.1 304 Not Modified\nETag: \"a\"\n\n", .response(304, ["etag=\"a\""], "")),
        Row(
            "an error's content comes too", "HTTP/1.1 404 Not Found\nContent-Length: 4\n\ngone",
            .response(404, ["content-length=4"], "gone")),
        Row(
            "a redirect is an answer", "HTTP/1.1 302 Found\nLocation: /there\nContent-Length: 0\n\n",
            .response(302, ["location=/there", "content-length=0"], "")),
        Row(
            "interim answers are read past",
            "HTTP/1.1 100 Continue\nX-A: 1\n\nHTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\n!",
            .response(200, ["content-length=1"], "!")),
        Row(
            "chunks are joined and trailers are no header fields",
            "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-T\n\n3\nabc\n2\nde\n0\nX-T: late\n\n",
            .response(200, ["transfer-encoding=chunked", "trailer=X-T"], "abcde")),
        Row(
            "content is not decompressed", "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n\nraw",
            .response(200, ["content-encoding=gzip", "content-length=3"], "raw")),
        Row("content up to the hang-up", "HTTP/1.1 200 OK\n\nall", .response(200, [], "all")),
        Row(
            "content of exactly the bound", "HTTP/1.1 200 OK\nContent-Length: 64\n\n" + String(repeating: "a", count: 64),
            .response(200, ["content-length=64"], String(repeating: "a", count: 64))),
        Row("content one byte past the bound", "HTTP/1.1 200 OK\n\n" + String(repeating: "a", count: 65), .failure(.tooLarge)),
        Row("a length past the bound, with nothing after it", "HTTP/1.1 200 OK\nContent-Length: 65\n\n", .failure(.tooLarge)),
        Row(
            "a hundred fields", "HTTP/1.1 200 OK\n" + String(repeating: "A: b\n", count: 100) + "\n",
            .response(200, Array(repeating: "a=b", count: 100), "")),
        Row("more than a hundred fields", "HTTP/1.1 200 OK\n" + String(repeating: "A: b\n", count: 101) + "\n", .failure(.tooLarge)),
        Row("a head past 64 KiB", "HTTP/1.1 200 OK\nA: " + String(repeating: "a", count: 65_536) + "\n\n", .failure(.tooLarge)),
        Row("interim answers without end", String(repeating: "HTTP/1.1 103 Early Hints\n\n", count: 4000), .failure(.tooLarge)),
        Row("half of the content", "HTTP/1.1 200 OK\nContent-Length: 9\n\nhalf", .unreachable),
        Row("half of the head", "HTTP/1.1 200 OK\nContent-", .unreachable),
        Row("nothing", "", .unreachable),
        Row("something else than HTTP", "220 mail.example ESMTP\n", .unreachable),
    ]

    @Test(arguments: rows) func `an answer is taken or refused`(row: Row) throws {
        try ScriptedServer.run { peer in
            if peer.head() != nil { peer.send(row.answer) }
        } _: { server in
            let request = FetchRequest(url: try server.url(), maximumBody: 64)
            switch row.expected {
            case .response(let status, let headers, let body):
                let response = try CurlFetcher().get(request)
                #expect(response.status == status)
                #expect(response.headers.map { "\($0.name)=\($0.value)" } == headers)
                #expect(String(decoding: response.body, as: UTF8.self) == body)
            case .failure(let failure):
                #expect(throws: failure) { try CurlFetcher().get(request) }
            case .unreachable:
                #expect(isUnreachable(request))
            }
        }
    }

    @Test func `the request says what it was told, who asks, and nothing of compression`() throws {
        let heads = ScriptedServer.Heads()
        try ScriptedServer.run { peer in
            guard let head = peer.head() else { return }
            heads.append(head)
            peer.send("HTTP/1.1 200 OK\nContent-Length: 0\n\n")
        } _: { server in
            let headers = [
                (name: "accept", value: "application/json"), (name: "if-none-match", value: "\"a\""), (name: "x-empty", value: ""),
            ]
            _ = try CurlFetcher().get(FetchRequest(url: try server.url("/a/../b?c=%20d"), headers: headers))
            let lines = heads.all.joined().split(separator: "\r\n").map(String.init)
            #expect(lines.first == "GET /a/../b?c=%20d HTTP/1.1")
            #expect(
                lines.dropFirst().sorted()
                    == [
                        "Host: 127.0.0.1:\(server.port)", "User-Agent: Martlet", "accept: application/json", "if-none-match: \"a\"",
                        "x-empty:",
                    ].sorted())
        }
    }

    @Test(arguments: [("x", "a\r\nb: c"), ("x", "a\nb"), ("x", "a\0b"), ("x y", "a"), ("x:", "a"), ("", "a")])
    func `a header field that would be two is not sent`(name: String, value: String) throws {
        try ScriptedServer.run {
            _ = $0.head()
        } _: { server in
            let request = FetchRequest(url: try server.url(), headers: [(name: name, value: value)])
            #expect(isUnreachable(request))
            #expect(server.connections == 0)
        }
    }

    @Test func `an endless body is cut off at its bound`() throws {
        let sent = Mutex(0)
        try ScriptedServer.run { peer in
            guard peer.head() != nil, peer.send("HTTP/1.1 200 OK\n\n") else { return }
            let part = [UInt8](repeating: 0x61, count: 65_536)
            while sent.withLock({ $0 }) < 1 << 30, peer.sendRaw(part) { sent.withLock { $0 += part.count } }
        } _: { server in
            let request = FetchRequest(url: try server.url(), timeout: 60_000, maximumBody: 1 << 20)
            #expect(throws: FetchFailure.tooLarge) { try CurlFetcher().get(request) }
        }
        // What was not read stands in the buffers of two sockets.
        #expect(sent.withLock { $0 } < 1 << 26)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\nContent-Length: 5\n\nab"])
    func `an answer that stands still is given up when its time is over`(beginning: String) throws {
        try ScriptedServer.run { peer in
            guard peer.head() != nil else { return }
            peer.send(beginning)
            _ = peer.head()
        } _: { server in
            #expect(throws: FetchFailure.timedOut) { try CurlFetcher().get(FetchRequest(url: try server.url(), timeout: 150)) }
        }
    }

    @Test func `a closed port is unreachable`() throws {
        _ = ScriptedServer.proxiedHeads
        let (file, port) = try listeningSocket()
        close(file)
        let url = try #require(SecureURL("http://127.0.0.1:\(port)/"))
        #expect(isUnreachable(FetchRequest(url: url)))
    }

    @Test func `a cancelled request ends long before its time`() throws {
        let isCancelled = Atomic(false)
        try ScriptedServer.run { peer in
            guard peer.head() != nil else { return }
            isCancelled.store(true, ordering: .relaxed)
            _ = peer.head()
        } _: { server in
            let request = FetchRequest(url: try server.url(), timeout: 60_000) { isCancelled.load(ordering: .relaxed) }
            let start = ContinuousClock.now
            #expect(throws: FetchFailure.cancelled) { try CurlFetcher().get(request) }
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test func `a request that was cancelled before is not sent`() throws {
        try ScriptedServer.run {
            _ = $0.head()
        } _: { server in
            let request = FetchRequest(url: try server.url()) { true }
            #expect(throws: FetchFailure.cancelled) { try CurlFetcher().get(request) }
            #expect(server.connections == 0)
        }
    }

    @Test func `a connection is used again, also after an error status`() throws {
        try ScriptedServer.run { peer in
            while let head = peer.head() {
                let status = head.hasPrefix("GET /bad ") ? "500 Bad" : "200 OK"
                peer.send("HTTP/1.1 \(status)\nContent-Length: 2\n\nok")
            }
        } _: { server in
            let fetcher = CurlFetcher()
            for target in ["/", "/bad", "/"] {
                let response = try fetcher.get(FetchRequest(url: try server.url(target)))
                #expect(response.body == Array("ok".utf8))
            }
            #expect(server.connections == 1)
        }
    }

    @Test func `what one exchange was told does not reach the next`() throws {
        let heads = ScriptedServer.Heads()
        try ScriptedServer.run { peer in
            while let head = peer.head() {
                heads.append(head)
                peer.send("HTTP/1.1 200 OK\nContent-Length: 9\n\nnine byte")
            }
        } _: { server in
            let fetcher = CurlFetcher()
            let secret = [(name: "authorization", value: "Bearer x")]
            #expect(throws: FetchFailure.tooLarge) {
                try fetcher.get(FetchRequest(url: try server.url(), headers: secret, maximumBody: 1))
            }
            _ = try fetcher.get(FetchRequest(url: try server.url()))
            #expect(heads.all.map { $0.contains("authorization") } == [true, false])
        }
    }

    @Test func `a kept connection that the server closed is replaced`() throws {
        try ScriptedServer.run { peer in
            if peer.head() != nil { peer.send("HTTP/1.1 200 OK\nContent-Length: 2\n\nok") }
        } _: { server in
            let fetcher = CurlFetcher()
            for _ in 0..<3 { _ = try fetcher.get(FetchRequest(url: try server.url())) }
            #expect(server.connections == 3)
        }
    }

    @Test func `exchanges go on side by side`() throws {
        let count = 4
        let waiting = Monitor(0)
        try ScriptedServer.run { peer in
            guard peer.head() != nil else { return }
            waiting.withLock { $0 += 1 }
            waiting.broadcast()
            // Nobody is answered before all have asked.
            guard waiting.wait(milliseconds: 10_000, until: { $0 == count ? true : nil }) != nil else { return }
            peer.send("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
        } _: { server in
            let fetcher = CurlFetcher()
            let url = try server.url()
            let good = Mutex(0)
            let threads = (0..<count).map { _ in
                Thread {
                    if (try? fetcher.get(FetchRequest(url: url)))?.body == Array("ok".utf8) { good.withLock { $0 += 1 } }
                }
            }
            for thread in threads { thread?.join() }
            #expect(good.withLock { $0 } == count)
        }
    }

    @Test func `an address of another machine goes to the environment's proxy, as a tunnel`() throws {
        let heads = ScriptedServer.proxiedHeads
        let url = try #require(SecureURL("https://auth.invalid/keys"))
        #expect(isUnreachable(FetchRequest(url: url, headers: [(name: "authorization", value: "Bearer x")])))
        let head = try #require(heads.all.first { $0.hasPrefix("CONNECT auth.invalid:443 ") })
        #expect(!head.contains("Bearer"))
    }

    private func isUnreachable(_ request: FetchRequest) -> Bool {
        do throws(FetchFailure) {
            _ = try CurlFetcher().get(request)
            return false
        } catch {
            if case .unreachable(let detail) = error { return !detail.isEmpty }
            return false
        }
    }
}
