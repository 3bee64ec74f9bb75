// TokenGate: lets requests with a good token in. A token whose key is being fetched waits for it, holding no thread.

package import HTTP
package import MartletEncoding
package import MartletVerifier

/// The way past a verifier.
package struct TokenGate: Sendable {
    private let verifier: TokenVerifier
    private let server: String?
    private let clock: @Sendable () -> UnixTime

    /// A gate that this verifier keeps. `server` is where clients reach it, such as `https://api.example`: what proofs must be for
    /// (RFC 9449 §4.3); nil where nobody said it, and tokens that are bound to a key are refused. `clock` is asked when a token has waited: it is another time by then.
    package init(_ verifier: TokenVerifier, at server: String?, clock: @escaping @Sendable () -> UnixTime) {
        self.verifier = verifier
        self.server = server
        self.clock = clock
    }

    /// Goes on with `body` if the request has a good token, which grants `scope` when one is asked for.
    ///
    /// Throws 401 without a good token, 403 without the scope, 503 when nothing can be said about it.
    package func pass(
        _ request: Request, requiring scope: String? = nil, _ body: @escaping @Sendable (VerifiedToken) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let shown = try request.shownToken()
        let token: VerifiedToken
        do throws(VerificationFailure) {
            token = try verifier.verify(shown, of: request, to: server, at: request.receivedAt, requiring: scope)
        } catch .keyPending {
            return waiting(request, shown, scope, body)
        } catch {
            throw Refusal(error, of: verifier, at: request.receivedAt)
        }
        return try body(token)
    }

    private func waiting(
        _ request: Request, _ shown: ShownToken, _ scope: String?,
        _ body: @escaping @Sendable (VerifiedToken) throws(Refusal) -> Outcome
    ) -> Outcome {
        let late = ErrorBody.render(Refusal(VerificationFailure.keyPending), request.id).adding(.retryAfter, "1")
        return .park(deadline: TokenVerifier.longestWait, orElse: { late }) { resumption in
            verifier.whenSettled {
                resumption.resume {
                    answering { () throws(Refusal) in
                        let token: VerifiedToken
                        do throws(VerificationFailure) {
                            token = try verifier.verify(shown, of: request, to: server, at: clock(), requiring: scope)
                        } catch {
                            throw Refusal(error, of: verifier, at: clock())
                        }
                        return try body(token)
                    }
                }
            }
        }
    }
}
