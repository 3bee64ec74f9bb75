// The server on real sockets: what a client sees.

import HTTP
import HTTPServer
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ServerTests {
    @Test("a connection serves one request after another, and says when it closes")
    func keepAlive() throws {
        try Fixture.with([hello]) { fixture in
            let client = try Client(fixture.address)
            for _ in 0..<3 {
                let answer = try client.get("/hello")
                #expect(answer.status == 200)
                #expect(answer.body == "hello")
                #expect(answer.fields["connection"] == nil)
            }
            #expect(try client.get("/hello", "Connection: close\r\n").fields["connection"] == "close")
            #expect(try client.isClosed())
            #expect(fixture.server.counters.responsesByGroup == [0, 4, 0, 0, 0])
            #expect(fixture.server.counters.connectionsAccepted == 1)
        }
    }

    @Test("pipelined answers keep their order over slow and fast lanes")
    func pipelining() throws {
        let routes = [
            hello,
            Route(.get, "/slow/{n}", lane: .worker) { request in
                usleep(2000)
                return .respond(.text(.ok, request.parameter("n") ?? ""))
            },
        ]
        try Fixture.with(routes) { fixture in
            let client = try Client(fixture.address)
            let requests = (0..<40).map { $0 % 2 == 0 ? "/hello" : "/slow/\($0)" }
            try client.send(requests.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 0..<40 { #expect(try client.answer().body == (number % 2 == 0 ? "hello" : "\(number)")) }
        }
    }

    @Test("a refusal is rendered, carries the request's id, and can be read before the close")
    func refusal() throws {
        try Fixture.with([hello]) { fixture in
            let client = try Client(fixture.address)
            let missing = try client.get("/nothing", "X-Request-Id: mine\r\n")
            #expect(missing.status == 404)
            #expect(missing.fields["x-request-id"] == "mine")
            #expect(missing.fields["x-test-id"] == "mine")
            // Far more than is read before the refusal: a close at once would be a reset.
            try client.send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 100_000))
            let wrong = try client.answer()
            #expect(wrong.status == 413)
            #expect(wrong.fields["connection"] == "close")
            #expect(try client.isClosed())
        }
    }

    @Test("405 carries Allow, HEAD a length and no content")
    func methods() throws {
        try Fixture.with([hello]) { fixture in
            let client = try Client(fixture.address)
            try client.send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.answer().fields["allow"] == "GET, HEAD, OPTIONS")
            let options = try client.answer()
            #expect(options.status == 204)
            #expect(options.fields["allow"] == "GET, HEAD, OPTIONS")
            try client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(throws: Client.Failure.self, "a length of five and not a byte") { try client.answer() }
        }
    }

    @Test("cross-origin fields stand on every answer to a listed origin, errors included")
    func cors() throws {
        try Fixture.with([hello], adjust: { $0.cors = CORSPolicy(origins: ["https://app.example"]) ?? .none }) { fixture in
            let client = try Client(fixture.address)
            for path in ["/hello", "/nothing"] {
                let answer = try client.get(path, "Origin: https://app.example\r\n")
                #expect(answer.fields["access-control-allow-origin"] == "https://app.example")
                #expect(try client.get(path).fields["access-control-allow-origin"] == nil)
            }
            try client.send(
                "OPTIONS /hello HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n\r\n")
            let preflight = try client.answer()
            #expect(preflight.status == 204)
            #expect(preflight.fields["access-control-allow-headers"] == "authorization, content-type, dpop, if-match, x-request-id")
        }
    }

    @Test("a head that is too slow is 408, an idle connection is closed, and a body that is too slow is 408")
    func slowPeers() throws {
        var limits = Limits()
        limits.headTime = 50
        limits.bodyTime = 50
        limits.idleTime = 400
        try Fixture.with([hello], limits: limits) { fixture in
            let head = try Client(fixture.address)
            try head.send("GET /he")
            #expect(try head.answer().status == 408)
            let body = try Client(fixture.address)
            try body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            #expect(try body.answer().status == 408)
            let idle = try Client(fixture.address)
            #expect(try idle.isClosed())
            #expect(fixture.server.counters.requestTimeouts == 2)
        }
    }

    @Test("a reader that takes nothing of its answers is dropped")
    func stuckReader() throws {
        var limits = Limits()
        limits.writeStallTime = 50
        let large = Response(.ok, body: .bytes([UInt8](repeating: 65, count: 1 << 20)))
        try Fixture.with([Route(.get, "/large") { _ in .respond(large) }], limits: limits) { fixture in
            let client = try Client(fixture.address, receiveBuffer: 4096)
            try client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 20))
            #expect(eventually { fixture.server.counters.writeStalls == 1 && fixture.server.counters.connectionsOpen == 0 })
            withExtendedLifetime(client) {}
        }
    }

    @Test("a peer that asks on and on and reads nothing is not read from either, and finds every answer once it reads")
    func deafPeer() throws {
        let page = Response(.ok, body: .bytes([UInt8](repeating: 65, count: 16 * 1024)))
        try Fixture.with([Route(.get, "/page") { _ in .respond(page) }]) { fixture in
            let client = try Client(fixture.address, receiveBuffer: 4096)
            let request = "GET /page HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 8000) + "\r\n\r\n"
            // More than the system's buffers of a connection hold.
            let sent = try client.sendWhileTaken(request, times: 8192)
            #expect(sent < 8192, "the server took everything")
            let answered = fixture.server.counters.responsesByGroup[1]
            let read = fixture.server.counters.bytesIn
            #expect(read - answered * request.utf8.count < 128 * 1024, "read and not answered")
            for _ in 0..<sent { #expect(try client.answer().status == 200) }
        }
    }

    @Test("what a peer sent before it closed its sending side is bounded too: it comes at once, and reading cannot wait")
    func deafHalfClosedPeer() throws {
        let gate = Gate()
        let slow = Route(.get, "/slow", lane: .worker) { _ in
            gate.pass()
            return .respond(.text(.ok, "slow"))
        }
        // A Unix-domain socket tells of the end while the bytes before it are still unread.
        let path = "/tmp/martlet-test-\(UInt64.random(in: 0...UInt64.max)).sock"
        try Fixture.with([hello, slow], address: "unix:\(path)") { fixture in
            let client = try Client(fixture.address)
            try client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 })
            let request = "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 4000) + "\r\n\r\n"
            let sent = try client.sendWhileTaken(request, times: 20_000)
            client.shutdownSending()
            #expect(sent * request.utf8.count > 64 * 1024, "the system's buffers hold more than the server")
            #expect(eventually { fixture.server.counters.bytesIn > sent * request.utf8.count }, "everything is read at once")
            gate.open()
            #expect(try client.answer().body == "slow")
            var answers = 0
            while let answer = try? client.answer() {
                #expect(answer.body == "hello")
                answers += 1
            }
            #expect(answers > 0 && answers * request.utf8.count < 64 * 1024, "\(answers)")
        }
    }

    @Test("what is refused before there was a head has an id as well")
    func refusalWithoutHead() throws {
        try Fixture.with([hello]) { fixture in
            let client = try Client(fixture.address)
            try client.send("\u{16}\u{3}\u{1}")
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer.fields["x-request-id"]?.isEmpty == false)
            #expect(answer.fields["x-request-id"] == answer.fields["x-test-id"])
        }
    }

    @Test("a slow reader gets the whole of its last answer, however long the close waits for it")
    func slowReader() throws {
        var limits = Limits()
        limits.lingerTime = 1
        limits.headTime = 1
        let large = Response(.ok, body: .bytes([UInt8](repeating: 65, count: 8 << 20)))
        try Fixture.with([Route(.get, "/large") { _ in .respond(large) }], limits: limits) { fixture in
            for isHalfClosed in [false, true] {
                let client = try Client(fixture.address, receiveBuffer: 4096)
                try client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                if isHalfClosed { client.shutdownSending() }
                #expect(eventually { fixture.server.counters.responsesByGroup[1] == (isHalfClosed ? 2 : 1) })
                // Once another connection's deadline was noticed, so would this one's have been.
                for _ in 0..<2 {
                    let other = try Client(fixture.address)
                    try other.send("GET")
                    #expect(try other.answer().status == 408)
                }
                let answer = try client.answer()
                #expect(answer.body.utf8.count == 8 << 20)
            }
        }
    }

    @Test("one connection more than allowed is closed at once, and its place is free again later")
    func connectionCap() throws {
        var limits = Limits()
        limits.connections = 2
        try Fixture.with([hello], limits: limits) { fixture in
            let first = try Client(fixture.address)
            do {
                let second = try Client(fixture.address)
                #expect(try first.get("/hello").status == 200)
                #expect(try second.get("/hello").status == 200)
                #expect(try Client(fixture.address).isClosed())
                #expect(fixture.server.counters.connectionsRefused == 1)
            }
            #expect(eventually { fixture.server.counters.connectionsOpen == 1 })
            #expect(try Client(fixture.address).get("/hello").status == 200)
        }
    }

    @Test("draining answers what is at hand, closes what is idle, and takes nobody new")
    func drain() throws {
        let gate = Gate()
        let fixture = try Fixture([
            hello,
            Route(.get, "/slow", lane: .worker) { _ in
                gate.pass()
                return .respond(.text(.ok, "slow"))
            },
        ])
        let idle = try Client(fixture.address)
        #expect(try idle.get("/hello").status == 200)
        let busy = try Client(fixture.address)
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 })
        // The answer at hand is held back until the drain has closed the idle connection.
        let drained = Mutex<Bool?>(nil)
        let drainer = fixture.server
        inBackground { drained.withLock { $0 = drainer.drain(within: 5000) } }
        #expect(try idle.isClosed())
        gate.open()
        let answer = try busy.answer()
        #expect(answer.body == "slow")
        #expect(answer.fields["connection"] == "close")
        #expect(eventually { drained.withLock { $0 } == true })
        #expect(throws: Client.Failure.self) { try Client(fixture.address) }
        fixture.lanes.shutDown()
        try fixture.loops.shutDown()
    }

    @Test("draining does not wait for ever")
    func drainDeadline() throws {
        let fixture = try Fixture([Route(.get, "/park") { _ in .park(deadline: 60_000, orElse: { Response(.ok) }, start: { _ in }) }])
        let client = try Client(fixture.address)
        try client.send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { fixture.server.counters.requestsInFlight == 1 })
        #expect(!fixture.server.drain(within: 100))
        #expect(fixture.server.counters.connectionsOpen == 0)
        fixture.lanes.shutDown()
        try fixture.loops.shutDown()
    }

    @Test("a unix socket serves; a live one is not taken over, a stale one is")
    func unixSocket() throws {
        let path = "/tmp/martlet-test-\(UInt64.random(in: 0...UInt64.max)).sock"
        try Fixture.with([hello], address: "unix:\(path)") { fixture in
            let answer = try Client(fixture.address).get("/hello")
            #expect(answer.body == "hello")
            #expect(throws: ListenError.inUse(path)) { try Fixture([hello], address: "unix:\(path)") }
        }
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        unlink(path)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        close(stale)
        try Fixture.with([hello], address: "unix:\(path)") { fixture in
            let answer = try Client(fixture.address).get("/hello")
            #expect(answer.body == "hello")
        }
    }

    @Test("what a large answer holds is given back when it is sent, or its reader is gone, and not before", arguments: [true, false])
    func holding(reads: Bool) throws {
        let held = Counted()
        let large = Route(.get, "/large") { _ in
            var response = Response(.ok, body: .bytes([UInt8](repeating: 65, count: 16 << 20)))
            held.count.add(1, ordering: .relaxed)
            response.holding = Holding { held.count.subtract(1, ordering: .relaxed) }
            return .respond(response)
        }
        try Fixture.with([large, hello]) { fixture in
            let client = try Client(fixture.address)
            try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            // More than the sockets take: the rest waits for the reader.
            #expect(eventually { held.count.load(ordering: .relaxed) == 1 })
            _ = try Client(fixture.address).get("/hello")
            #expect(held.count.load(ordering: .relaxed) == 1)
            if reads { #expect(try client.answer().body.utf8.count == 16 << 20) } else { client.reset() }
            #expect(eventually { held.count.load(ordering: .relaxed) == 0 })
        }
    }

    @Test("the content that all connections hold together is bounded, also what waits for a handler whose client has left")
    func bodyBudget() throws {
        var limits = Limits()
        limits.bodies = 100_000
        let gate = Gate()
        let routes = [
            Route(.post, "/echo") { .respond(.text(.ok, "\($0.body.count)")) },
            Route(.post, "/slow", lane: .worker) { request in
                gate.pass()
                return .respond(.text(.ok, "\(request.body.count)"))
            },
        ]
        func post(_ path: String, _ length: Int, sent: Int) -> String {
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n" + String(repeating: "x", count: sent)
        }
        try Fixture.with(routes, limits: limits) { fixture in
            defer { gate.open() }
            func isAccepted() throws -> Bool {
                let client = try Client(fixture.address)
                try client.send(post("/echo", 30_000, sent: 30_000))
                let answer = try client.answer()
                guard answer.status == 503 else { return answer.body == "30000" }
                #expect(answer.body == "overloaded" && answer.fields["retry-after"] == "1" && answer.fields["connection"] == "close")
                #expect(try client.isClosed())
                return false
            }
            #expect(try isAccepted())
            let unfinished = try Client(fixture.address)
            try unfinished.send(post("/echo", 60_000, sent: 40_000))
            let waiting = try Client(fixture.address)
            try waiting.send(post("/slow", 40_000, sent: 40_000))
            #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 })
            #expect(eventually { (try? isAccepted()) == false })
            // A login still passes.
            let small = try Client(fixture.address)
            try small.send(post("/echo", 4096, sent: 4096))
            #expect(try small.answer().body == "4096")
            waiting.reset()
            #expect(eventually { fixture.server.counters.requestsInFlight == 0 })
            #expect(try !isAccepted(), "the handler has it still")
            unfinished.reset()
            #expect(eventually { (try? isAccepted()) == true })
        }
    }

    private final class Counted: Sendable {
        let count = Atomic(0)
    }

    @Test("the access log names the route and not the path")
    func accessLog() throws {
        let log = Mutex<[String]>([])
        let adjust: (inout Server.Configuration) -> Void = { configuration in
            configuration.accessLog = { summary in
                log.withLock { $0.append("\(summary.method.name) \(summary.pattern ?? "-") \(summary.status.code) \(summary.client)") }
            }
        }
        try Fixture.with([Route(.get, "/u/{id}") { _ in .respond(Response(.ok)) }], adjust: adjust) { fixture in
            let client = try Client(fixture.address)
            _ = try client.get("/u/7?token=secret")
            _ = try client.get("/x?token=secret")
            #expect(log.withLock { $0 } == ["GET /u/{id} 200 127.0.0.1", "GET - 404 127.0.0.1"])
        }
    }

    @Test(
        "addresses to listen on",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:80", "[::1]:80"), ("localhost:0", "localhost:0"), ("unix:/run/a", "unix:/run/a"),
            ("::1:80", nil), (":80", nil), ("a", nil), ("a:", nil), ("a:65536", nil), ("a:+1", nil), ("unix:a", nil), ("[::1", nil),
        ])
    func listenAddresses(text: String, expected: String?) {
        #expect(ListenAddress(text)?.description == expected)
    }

    private let hello = Route(.get, "/hello") { _ in .respond(.text(.ok, "hello")) }
}
