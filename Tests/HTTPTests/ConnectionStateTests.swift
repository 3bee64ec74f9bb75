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
