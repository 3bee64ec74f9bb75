// RenewedToken: an access token of this process itself, for what it asks of an issuer: got when it is first wanted, and again before it
// ends. How it is asked for is given; what the answer means is read here (RFC 6749 §5.1).
public import MartletEncoding
public import MartletThreads
import Synchronization

/// A bearer token that is renewed before its end.
///
/// For ``RemoteVerifier``'s `authorization`, where the revocation feed is not public. A token that the feed refuses is let go, so
/// that the next request brings another: see ``watching(_:)``.
public final class RenewedToken: Sendable {
    private let ask: @Sendable () throws(FetchFailure) -> FetchResponse
    private let clock: @Sendable () -> UnixTime
    private let state = Mutex(State())

    private struct State {
        var token: String?
        /// When it ought to be renewed, and when it is none any more.
        var renewal = UnixTime(seconds: 0)
        var end = UnixTime(seconds: 0)
        /// Before then nobody is asked again.
        var nextLook = UnixTime(seconds: 0)
    }

    /// A token that `ask` gets from a token endpoint: it answers with whatever came back. Nothing is asked before the first
    /// ``authorization()``.
    public init(
        clock: @escaping @Sendable () -> UnixTime = SystemClock.now, ask: @escaping @Sendable () throws(FetchFailure) -> FetchResponse
    ) {
        self.ask = ask
        self.clock = clock
    }

    /// The value of an `Authorization` header; nil while there is no token. Blocks while one is got: for the feed's thread.
    public func authorization() -> String? {
        state.withLock { state in
            let now = clock()
            if now >= state.renewal, now >= state.nextLook || state.nextLook > now.adding(seconds: Self.patience) { renew(&state, at: now) }
            guard let token = state.token, now < state.end else { return nil }
            return "Bearer " + token
        }
    }

    /// A fetcher that does as `fetcher` does, and lets go of the token when it is refused (401): its key may have been replaced, and
    /// nobody is to wait for its end.
    public func watching(_ fetcher: any Fetcher) -> any Fetcher { Watch(fetcher: fetcher, token: self) }

    private func renew(_ state: inout State, at now: UnixTime) {
        state.nextLook = now.adding(seconds: Self.patience)
        guard let answer = try? ask(), answer.status == 200, let root = try? JSONDocument(parsing: answer.body).root,
            let type = root["token_type"]?.string, type.utf8.count == 6, type.lowercased() == "bearer",
            let token = root["access_token"]?.string, Self.canStandInHeader(token)
        else { return }
        let lifetime = min(max(root["expires_in"]?.integer ?? Self.usualLifetime, 1), Self.longestLifetime)
        state.token = token
        state.end = now.adding(seconds: lifetime)
        // With a minute to spare, in which a failure can be made good; of a short life half is spared.
        state.renewal = now.adding(seconds: lifetime - min(60, (lifetime + 1) / 2))
    }

    private func refused(_ authorization: String) {
        state.withLock { state in
            guard state.token.map({ "Bearer " + $0 }) == authorization else { return }
            state.token = nil
            state.renewal = UnixTime(seconds: 0)
        }
    }

    /// RFC 6750 §2.1: b64token.
    private static func canStandInHeader(_ token: String) -> Bool {
        (1...8192).contains(token.utf8.count) && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private struct Watch: Fetcher {
        let fetcher: any Fetcher
        let token: RenewedToken

        func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
            let response = try fetcher.get(request)
            if response.status == 401, let sent = request.headers.first(where: { $0.name == "authorization" })?.value {
                token.refused(sent)
            }
            return response
        }
    }

    /// Seconds from one failure, or one refused token, to the next look.
    private static let patience: Int64 = 5
    /// Seconds, of an answer without `expires_in`.
    private static let usualLifetime: Int64 = 60
    private static let longestLifetime: Int64 = 86_400
}
