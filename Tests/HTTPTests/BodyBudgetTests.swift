// What all connections together hold of requests' content, and when they have it back.

import HTTP
import MartletEncoding
import Testing

struct BodyBudgetTests {
    @Test("content past the budget is 503 and the connection's last, however it is framed", arguments: [true, false])
    func refused(chunked: Bool) {
        let budget = BodyBudget(bytes: 10_000)
        var first = begun(budget, of: 9000)
        #expect(word(first.next(at: 0)) == "wait")
        var second = begun(budget, of: 9000, chunked: chunked)
        #expect(word(second.next(at: 0)) == "refuse 503 overloaded 1")
        let closes = second.closesAfterAnswer
        #expect(closes)
        feed(&first, String(repeating: "x", count: 1000))
        #expect(word(first.next(at: 0)) == "request 9000", "what is refused takes nothing from others")
    }

    @Test("4 KiB always pass: a flood of large bodies stops no login")
    func small() {
        let budget = BodyBudget(bytes: 8000)
        var large = begun(budget, of: 9000)
        #expect(word(large.next(at: 0)) == "wait" && budget.held == 8000)
        var small = begun(budget, of: 4096, sent: 4096)
        #expect(word(small.next(at: 0)) == "request 4096")
    }

    @Test("the budget has its bytes back when the request is gone, was refused, or its connection ended, and not before")
    func givenBack() {
        let budget = BodyBudget(bytes: 10_000)
        do {
            var state = begun(budget, of: 9000, sent: 9000)
            #expect(word(state.next(at: 0)) == "request 9000")
            var share = state.takeBodyShare()
            state.responseSent(at: 0)
            #expect(budget.held == 9000, "an answer is not yet the end of whoever has the request")
            share = nil
            #expect(share == nil && budget.held == 0)
        }
        do {
            var state = begun(budget, of: 9000)
            #expect(word(state.next(at: 0)) == "wait" && budget.held == 8000)
            state.timePassed(at: 60_000)
            #expect(word(state.next(at: 60_000)) == "refuse 408 request_timeout 0" && budget.held == 0)
        }
        do {
            var state = begun(budget, of: 9000)
            #expect(word(state.next(at: 0)) == "wait" && budget.held == 8000)
        }
        #expect(budget.held == 0)
    }

    /// A connection that was sent the head and some of the content of a POST.
    private func begun(_ budget: BodyBudget, of length: Int, sent: Int = 8000, chunked: Bool = false) -> ConnectionState {
        var state = ConnectionState(limits: Limits(), bodies: budget, at: 0)
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
        feed(&state, "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
        #expect(word(state.next(at: 0)) == "route")
        state.routed(bodyLimit: 64 << 10, at: 0)
        feed(&state, (chunked ? "\(Hex.encode([UInt8(length >> 8), UInt8(length & 255)]))\r\n" : "") + String(repeating: "x", count: sent))
        return state
    }

    private func feed(_ state: inout ConnectionState, _ text: String) {
        Array(text.utf8).withUnsafeBytes { state.received($0, at: 0) }
    }

    private func word(_ action: ConnectionState.Action) -> String {
        switch action {
        case .wait: "wait"
        case .route: "route"
        case .request(_, let body): "request \(body.count)"
        case .refuse(let refusal): "refuse \(refusal.status.code) \(refusal.code) \(refusal.retryAfter ?? 0)"
        case .sendContinue, .halfClose, .close: "else"
        }
    }
}
