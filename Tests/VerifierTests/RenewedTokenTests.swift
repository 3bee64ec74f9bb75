// The token of a process itself: got once, renewed before its end, let go when it is refused.

import MartletEncoding
import MartletVerifier
import Synchronization
import Testing

@Suite struct RenewedTokenTests {
    /// A token endpoint that counts, and a clock to command.
    private final class Endpoint: Sendable {
        private let state = Mutex((asked: 0, now: UnixTime(seconds: 1_800_000_000), isDown: false))
        let lifetime: Int64

        init(lifetime: Int64) { self.lifetime = lifetime }

        var asked: Int { state.withLock { $0.asked } }
        func pass(_ seconds: Int64) { state.withLock { $0.now = $0.now.adding(seconds: seconds) } }
        func turn(down isDown: Bool) { state.withLock { $0.isDown = isDown } }

        var token: RenewedToken {
            RenewedToken(clock: { self.state.withLock { $0.now } }) { () throws(FetchFailure) in
                let (number, isDown) = self.state.withLock { state in
                    state.asked += 1
                    return (state.asked, state.isDown)
                }
                if isDown { throw .timedOut }
                let body = #"{"access_token":"t\#(number)","token_type":"Bearer","expires_in":\#(self.lifetime)}"#
                return FetchResponse(status: 200, body: Array(body.utf8))
            }
        }
    }

    @Test func `a token is asked for once, and again a minute before its end`() {
        let endpoint = Endpoint(lifetime: 600)
        let token = endpoint.token
        #expect(endpoint.asked == 0)
        #expect(token.authorization() == "Bearer t1" && token.authorization() == "Bearer t1")
        endpoint.pass(539)
        #expect(token.authorization() == "Bearer t1")
        endpoint.pass(1)
        #expect(token.authorization() == "Bearer t2" && endpoint.asked == 2)
    }

    @Test func `while it cannot be renewed the old one goes on until its end, and nobody is asked more than every five seconds`() {
        let endpoint = Endpoint(lifetime: 600)
        let token = endpoint.token
        #expect(token.authorization() == "Bearer t1")
        endpoint.turn(down: true)
        endpoint.pass(550)
        for _ in 0..<4 { #expect(token.authorization() == "Bearer t1") }
        #expect(endpoint.asked == 2)
        endpoint.pass(50)
        #expect(token.authorization() == nil && endpoint.asked == 3)
        endpoint.turn(down: false)
        endpoint.pass(5)
        #expect(token.authorization() == "Bearer t4")
    }

    @Test func `a token that is refused is let go`() throws {
        let endpoint = Endpoint(lifetime: 600)
        let token = endpoint.token
        let first = try #require(token.authorization())
        let watched = token.watching(Refusing())
        let url = try #require(SecureURL("https://auth.example/.well-known/revocations"))
        endpoint.pass(6)
        _ = try watched.get(FetchRequest(url: url, headers: [("authorization", "Bearer another")]))
        #expect(token.authorization() == first)
        _ = try watched.get(FetchRequest(url: url, headers: [("authorization", first)]))
        #expect(token.authorization() == "Bearer t2")
    }

    @Test(
        "an answer that is no bearer token is none",
        arguments: [
            #"{"access_token":"t","token_type":"DPoP"}"#, #"{"token_type":"Bearer"}"#, #"{"access_token":"a b","token_type":"Bearer"}"#,
            "[]", "",
        ])
    func useless(body: String) {
        let token = RenewedToken(clock: { UnixTime(seconds: 1) }) { FetchResponse(status: 200, body: Array(body.utf8)) }
        #expect(token.authorization() == nil)
    }

    private struct Refusing: Fetcher {
        func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse { FetchResponse(status: 401) }
    }
}
