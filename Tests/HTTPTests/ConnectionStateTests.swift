// The connection over time: deadlines, closing, draining, half-closed peers, and how much is held of a pipeline.

import HTTP
import Testing

struct ConnectionStateTests {
    @Test("an idle connection is closed without a word, a started head is 408")
    func deadlines() {
        var idle = ConnectionState(limits: Limits(), at: 0)
        #expect(value(idle.deadline) == 60_000)
        idle.timePassed(at: 59_999)
        #expect(kind(idle.next(at: 59_999)) == "wait")
        idle.timePassed(at: 60_000)
        #expect(kind(idle.next(at: 60_000)) == "close")

        var slow = ConnectionState(limits: Limits(), at: 0)
        feed(&slow, "GET / HT", at: 5000)
        #expect(kind(slow.next(at: 5000)) == "wait")
        feed(&slow, "TP/1.1\r\n", at: 14_000)
        #expect(kind(slow.next(at: 14_000)) == "wait")
        #expect(value(slow.deadline) == 15_000, "bytes that trickle do not move the deadline")
        slow.timePassed(at: 15_000)
        #expect(kind(slow.next(at: 15_000)) == "refuse request_timeout")
    }

    @Test("a body has its own time, and an answer in the making has none")
    func bodyDeadline() {
        var state = ConnectionState(limits: Limits(), at: 0)
        feed(&state, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", at: 1000)
        #expect(kind(state.next(at: 1000)) == "route")
        state.routed(bodyLimit: 10, at: 1000)
        #expect(kind(state.next(at: 1000)) == "wait")
        #expect(value(state.deadline) == 31_000)
        feed(&state, "cde", at: 2000)
        #expect(kind(state.next(at: 2000)) == "request")
        #expect(value(state.deadline) == nil)
        state.responseSent(at: 3000)
        #expect(value(state.deadline) == 63_000)
    }

    @Test("after a refusal the connection half-closes, reads on for a while, and then closes")
    func lingering() {
        var limits = Limits()
        limits.lingerBytes = 100
        for ending in ["peer closes", "time passes", "too many bytes"] {
            var state = ConnectionState(limits: limits, at: 0)
            feed(&state, "nonsense\r\n", at: 0)
            #expect(kind(state.next(at: 0)) == "refuse invalid_request")
            #expect(value(state.closesAfterAnswer))
            state.responseSent(at: 0)
            #expect(kind(state.next(at: 0)) == "halfClose")
            feed(&state, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: 1)
            #expect(kind(state.next(at: 1)) == "wait", "what follows a refusal is not served")
            switch ending {
            case "peer closes": state.inputClosed()
            case "time passes": state.timePassed(at: 2000)
            default: feed(&state, String(repeating: "x", count: 100), at: 2)
            }
            #expect(kind(state.next(at: 2000)) == "close", "\(ending)")
        }
    }

    @Test("one request is in flight at a time, and the pipeline behind it is bounded")
    func pipelineBound() {
        var limits = Limits()
        limits.pipelinedBytes = 50
        var state = ConnectionState(limits: limits, at: 0)
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        feed(&state, get, at: 0)
        _ = state.next(at: 0)
        state.routed(bodyLimit: 0, at: 0)
        #expect(kind(state.next(at: 0)) == "request")
        feed(&state, get, at: 0)
        #expect(kind(state.next(at: 0)) == "wait")
        #expect(value(state.wantsBytes))
        feed(&state, get, at: 0)
        #expect(!value(state.wantsBytes))
        state.responseSent(at: 0)
        #expect(value(state.wantsBytes))
        #expect(kind(state.next(at: 0)) == "route")
    }

    @Test(
        "whatever the connection is at, what it holds is bounded; what comes past that is not heard, and the connection closes",
        arguments: [
            ("", "an idle connection"),
            ("GET / HT", "a begun request line"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX", "a begun field"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody", "a begun body"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbo", "a begun chunk"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a request that is being answered"),
            ("GET / HTTP/1.1\r\n\r\n", "a refusal"),
        ])
    func bufferBound(begin: String, reason: String) {
        let limits = Limits()
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let flood = String(repeating: get, count: 16 * 1024 / get.utf8.count)
        var state = ConnectionState(limits: limits, at: 0)
        feed(&state, begin, at: 0)
        var isAnswering = false
        loop: while !isAnswering {
            switch state.next(at: 0) {
            case .route: state.routed(bodyLimit: 1024, at: 0)
            case .request, .refuse: isAnswering = true
            default: break loop
            }
        }
        // A megabyte, while nobody asks what to do with it.
        for _ in 0..<64 { feed(&state, flood, at: 0) }
        var requests = 0
        var isClosed = false
        if isAnswering { state.responseSent(at: 0) }
        loop: while true {
            switch state.next(at: 0) {
            case .wait: break loop
            case .route: state.routed(bodyLimit: 1024, at: 0)
            case .request:
                requests += 1
                state.responseSent(at: 0)
            case .refuse: state.responseSent(at: 0)
            case .sendContinue, .halfClose: break
            case .close:
                isClosed = true
                break loop
            }
        }
        #expect(isClosed || kind(state.next(at: 0)) == "wait")
        state.timePassed(at: limits.lingerTime)
        #expect(isClosed || kind(state.next(at: limits.lingerTime)) == "close", "a refused peer is listened to for a while")
        let most = max(limits.pipelinedBytes, limits.requestLine + limits.headerSection) + 17 * 1024
        #expect(requests * get.utf8.count <= most, "\(requests) requests were held")
    }

    @Test("reading stops when enough is held of requests that nobody takes, and a head as long as it may be is never too much")
    func readingStops() {
        var limits = Limits()
        limits.pipelinedBytes = 50
        limits.requestLine = 100
        limits.headerSection = 200
        let head = "\r\n\r\n\r\n\r\nGET /" + String(repeating: "a", count: 86) + " HTTP/1.1\r\n"
        let fields = "Host: a\r\nX:" + String(repeating: "x", count: 185) + "\r\n\r\n"
        var state = ConnectionState(limits: limits, at: 0)
        for byte in (head + fields).unicodeScalars {
            #expect(kind(state.next(at: 0)) == "wait")
            #expect(value(state.wantsBytes))
            feed(&state, String(byte), at: 0)
        }
        #expect(kind(state.next(at: 0)) == "route", "each part of the head is as long as it may be")

        var ignored = ConnectionState(limits: limits, at: 0)
        var held = 0
        while value(ignored.wantsBytes), held < 1000 {
            feed(&ignored, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: 0)
            held += 27
        }
        #expect(held < 400)
    }

    @Test("time in which nothing was read from a peer is not counted against it")
    func pause() {
        var state = ConnectionState(limits: Limits(), at: 0)
        feed(&state, "GET / HT", at: 0)
        #expect(kind(state.next(at: 0)) == "wait")
        state.readingResumed(at: 25_000)
        state.timePassed(at: 25_000)
        #expect(kind(state.next(at: 25_000)) == "wait")
        #expect(value(state.deadline) == 35_000)
    }

    @Test("draining closes an idle connection and makes the answer at hand the last")
    func draining() {
        var idle = ConnectionState(limits: Limits(), at: 0)
        idle.drain()
        #expect(kind(idle.next(at: 0)) == "close")

        var busy = ConnectionState(limits: Limits(), at: 0)
        feed(&busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n", at: 0)
        _ = busy.next(at: 0)
        busy.routed(bodyLimit: 0, at: 0)
        #expect(kind(busy.next(at: 0)) == "request")
        #expect(!value(busy.closesAfterAnswer))
        busy.drain()
        #expect(value(busy.closesAfterAnswer))
        busy.responseSent(at: 0)
        #expect(kind(busy.next(at: 0)) == "halfClose")
    }

    @Test("a peer that closed its sending side is still answered")
    func halfClosedPeer() {
        var state = ConnectionState(limits: Limits(), at: 0)
        feed(&state, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: 0)
        state.inputClosed()
        #expect(kind(state.next(at: 0)) == "route")
        state.routed(bodyLimit: 0, at: 0)
        #expect(kind(state.next(at: 0)) == "request")
        #expect(value(state.closesAfterAnswer))
        state.responseSent(at: 0)
        #expect(kind(state.next(at: 0)) == "close")

        var unfinished = ConnectionState(limits: Limits(), at: 0)
        feed(&unfinished, "GET / HT", at: 0)
        unfinished.inputClosed()
        #expect(kind(unfinished.next(at: 0)) == "close")
    }

    private func feed(_ state: inout ConnectionState, _ text: String, at now: Int64) {
        Array(text.utf8).withUnsafeBytes { state.received($0, at: now) }
    }

    /// A property's value on its own: the machine cannot be copied, and an expectation copies what it takes apart.
    private func value<Value>(_ value: Value) -> Value { value }

    private func kind(_ action: ConnectionState.Action) -> String {
        switch action {
        case .wait: "wait"
        case .route: "route"
        case .sendContinue: "continue"
        case .request: "request"
        case .refuse(let refusal): "refuse \(refusal.code)"
        case .halfClose: "halfClose"
        case .close: "close"
        }
    }
}
