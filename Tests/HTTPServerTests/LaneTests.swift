// Lanes and parking: where work runs, what happens past a lane's bound, and what becomes of work nobody waits for.

import HTTP
import HTTPServer
import Synchronization
import Testing

struct LaneTests {
    @Test("work hops from lane to lane and the answer comes back")
    func hops() throws {
        let route = Route(.get, "/", lane: .worker) { _ in
            .continue(on: .hashing) {
                .continue(on: .outbound) { .continue(on: .loop) { .continue(on: .worker) { .respond(.text(.ok, "done")) } } }
            }
        }
        try Fixture.with([route]) { fixture in
            let answer = try Client(fixture.address).get("/")
            #expect(answer.body == "done")
        }
    }

    @Test("a lane that is full answers 503 with Retry-After", arguments: [Lane.worker, .hashing, .outbound])
    func overflow(lane: Lane) throws {
        var sizes = Lanes.Configuration()
        (sizes.workers, sizes.workerQueue, sizes.hashers, sizes.hashingQueue, sizes.outbound, sizes.outboundQueue) = (1, 1, 1, 1, 1, 1)
        let gate = Gate()
        let route = Route(.get, "/", lane: lane) { _ in
            gate.pass()
            return .respond(Response(.ok))
        }
        try Fixture.with([route], lanes: sizes) { fixture in
            defer { gate.open() }
            let running = try Client(fixture.address)
            try running.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 })
            let queued = try Client(fixture.address)
            try queued.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { fixture.lanes.gauge(lane)?.queued == 1 })
            let refused = try Client(fixture.address).get("/")
            #expect(refused.status == 503)
            #expect(refused.body == "overloaded")
            #expect(refused.fields["retry-after"].flatMap(Int.init) ?? 0 >= 1)
            #expect(fixture.lanes.gauge(lane)?.refused == 1)
            gate.open()
            #expect(try running.answer().status == 200)
            #expect(try queued.answer().status == 200)
        }
    }

    @Test("a thread without work ends, and its lane goes on with the next request")
    func idleThreads() throws {
        var sizes = Lanes.Configuration()
        sizes.idleTime = 20
        let route = Route(.get, "/", lane: .hashing) { _ in .respond(Response(.ok)) }
        try Fixture.with([route], lanes: sizes) { fixture in
            for _ in 0..<3 {
                let answer = try Client(fixture.address).get("/")
                #expect(answer.status == 200)
                #expect(eventually { fixture.lanes.gauge(.hashing)?.threads == 0 })
            }
        }
    }

    @Test("hashing is refused when the estimated wait is too long, before the queue is full")
    func estimatedWait() throws {
        var sizes = Lanes.Configuration()
        (sizes.hashers, sizes.hashingWait) = (1, 20)
        let gate = Gate()
        let route = Route(.get, "/", lane: .hashing) { _ in
            gate.pass()
            return .respond(Response(.ok))
        }
        try Fixture.with([route], lanes: sizes) { fixture in
            defer { gate.open() }
            let clients = try (0..<3).map { _ in try Client(fixture.address) }
            for (number, client) in clients.enumerated() {
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                if number == 0 { #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 }) }
                if number == 1 { #expect(eventually { fixture.lanes.gauge(.hashing)?.queued == 1 }) }
            }
            // One job of an estimated 30 ms is already waiting.
            #expect(try clients[2].answer().status == 503)
        }
    }

    @Test("clients take turns at hashing: one with a long queue does not delay the next one")
    func fairness() throws {
        var sizes = Lanes.Configuration()
        sizes.hashers = 1
        let gate = Gate()
        let order = Mutex<[String]>([])
        let route = Route(.get, "/", lane: .hashing) { request in
            gate.pass()
            order.withLock { $0.append(request.client.description) }
            return .respond(Response(.ok))
        }
        let trust: (inout Server.Configuration) -> Void = { $0.proxies = TrustedProxies(["127.0.0.1"]) ?? .none }
        try Fixture.with([route], lanes: sizes, adjust: trust) { fixture in
            defer { gate.open() }
            var clients = [Client]()
            for number in 0..<8 {
                let client = try Client(fixture.address)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \(number < 7 ? "1.1.1.1" : "2.2.2.2")\r\n\r\n")
                #expect(eventually { gate.arrivals.load(ordering: .relaxed) + (fixture.lanes.gauge(.hashing)?.queued ?? 0) == number + 1 })
                clients.append(client)
            }
            gate.open()
            for client in clients { #expect(try client.answer().status == 200) }
            let place = order.withLock { $0.firstIndex(of: "2.2.2.2") } ?? .max
            #expect(place <= 2, "six of the other client's were queued before it")
        }
    }

    @Test("queued work of a client that is gone is not done")
    func dropped() throws {
        var sizes = Lanes.Configuration()
        sizes.workers = 1
        let gate = Gate()
        let routes = [
            Route(.get, "/gate", lane: .worker) { _ in
                gate.pass()
                return .respond(Response(.ok))
            },
            Route(.get, "/count", lane: .worker) { _ in
                gate.arrivals.add(100, ordering: .relaxed)
                return .respond(Response(.ok))
            },
        ]
        try Fixture.with(routes, lanes: sizes) { fixture in
            defer { gate.open() }
            let first = try Client(fixture.address)
            try first.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { gate.arrivals.load(ordering: .relaxed) == 1 })
            let second = try Client(fixture.address)
            try second.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { fixture.lanes.gauge(.worker)?.queued == 1 })
            second.reset()
            #expect(eventually { fixture.server.counters.connectionsOpen == 1 })
            gate.open()
            #expect(try first.answer().status == 200)
            #expect(eventually { fixture.lanes.gauge(.worker)?.queued == 0 && fixture.lanes.gauge(.worker)?.busy == 0 })
            #expect(gate.arrivals.load(ordering: .relaxed) == 1)
        }
    }

    @Test("a parked request is resumed from another thread, once")
    func resume() throws {
        let held = Mutex<Resumption?>(nil)
        let park: @Sendable (Request) -> Outcome = { _ in
            .park(deadline: 60_000, orElse: { .text(.ok, "late") }, start: { resumption in held.withLock { $0 = resumption } })
        }
        try Fixture.with([Route(.get, "/loop", handler: park), Route(.get, "/worker", lane: .worker, handler: park)]) { fixture in
            let client = try Client(fixture.address)
            for path in ["/loop", "/worker"] {
                try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(eventually { held.withLock { $0 != nil } })
                let resumption = held.withLock { held in
                    defer { held = nil }
                    return held
                }
                resumption?.resume { .respond(.text(.ok, "resumed")) }
                resumption?.resume { .respond(.text(.ok, "twice")) }
                #expect(try client.answer().body == "resumed")
            }
        }
    }

    @Test("a delayed request goes on when its time is over, and holds up nobody else")
    func delay() throws {
        let routes = [
            Route(.get, "/loop") { _ in .delay(milliseconds: 30) { .continue(on: .worker) { .respond(.text(.ok, "loop")) } } },
            Route(.get, "/worker", lane: .worker) { _ in .delay(milliseconds: 30) { .respond(.text(.ok, "worker")) } },
            Route(.get, "/late") { _ in .delay(milliseconds: 200) { .respond(.text(.ok, "late")) } },
            Route(.get, "/past") { _ in .delay(milliseconds: -5) { .respond(.text(.ok, "past")) } },
        ]
        try Fixture.with(routes) { fixture in
            let start = ContinuousClock.now
            let waiting = try Client(fixture.address)
            try waiting.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\nGET /past HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { fixture.server.counters.requestsInFlight == 1 })
            let client = try Client(fixture.address)
            for path in ["loop", "worker", "past"] { #expect(try client.get("/\(path)").body == path) }
            #expect(ContinuousClock.now - start >= .milliseconds(60))
            #expect(try waiting.answer().body == "late")
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            #expect(try waiting.answer().body == "past")
        }
    }

    @Test("a request resumed before it is parked is answered, whatever lane it came from")
    func resumedAtOnce() throws {
        let park: @Sendable (Request) -> Outcome = { _ in
            .park(deadline: 60_000, orElse: { .text(.ok, "late") }, start: { $0.resume { .respond(.text(.ok, "now")) } })
        }
        try Fixture.with([Route(.get, "/loop", handler: park), Route(.get, "/worker", lane: .worker, handler: park)]) { fixture in
            let client = try Client(fixture.address)
            for _ in 0..<50 {
                #expect(try client.get("/loop").body == "now")
                #expect(try client.get("/worker").body == "now")
            }
        }
    }

    @Test("a parked request that nobody resumes is answered at its deadline, and a late resumption is ignored")
    func parkDeadline() throws {
        let held = Mutex<Resumption?>(nil)
        let route = Route(.get, "/") { _ in
            .park(deadline: 20, orElse: { .text(.ok, "late") }, start: { resumption in held.withLock { $0 = resumption } })
        }
        try Fixture.with([route]) { fixture in
            let client = try Client(fixture.address)
            #expect(try client.get("/").body == "late")
            held.withLock { $0?.resume { .respond(.text(.ok, "too late")) } }
            #expect(try client.get("/").body == "late")
        }
    }
}
