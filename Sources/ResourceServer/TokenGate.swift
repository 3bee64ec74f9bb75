// TokenGate: lets requests with a good token in. A token whose key is being fetched waits for it, holding no thread.

package import HTTP
package import MartletEncoding
package import MartletVerifier

/// The way past a verifier.
package struct TokenGate: Sendable {
    private let verifier: TokenVerifier
    private let clock: @Sendable () -> UnixTime

    /// A gate that this verifier keeps. `clock` is asked when a token has waited: it is another time by then.
    package init(_ verifier: TokenVerifier, clock: @escaping @Sendable () -> UnixTime) {
        self.verifier = verifier
        self.clock = clock
    }

    /// Goes on with `body` if the request has a good token, which grants `scope` when one is asked for.
    ///
    /// Throws 401 without a good token, 403 without the scope, 503 when nothing can be said about it.
    package func pass(
        _ request: Request, requiring scope: String? = nil, _ body: @escaping @Sendable (VerifiedToken) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let text = try request.bearerToken()
        let token: VerifiedToken
        do throws(VerificationFailure) {
            token = try verifier.verify(text, at: request.receivedAt, requiring: scope)
        } catch .keyPending {
            return waiting(request, text, scope, body)
        } catch {
            throw Refusal(error)
        }
        return try body(token)
    }

    private func waiting(
        _ request: Request, _ text: ArraySlice<UInt8>, _ scope: String?,
        _ body: @escaping @Sendable (VerifiedToken) throws(Refusal) -> Outcome
    ) -> Outcome {
        let late = ErrorBody.render(Refusal(VerificationFailure.keyPending), request.id).adding(.retryAfter, "1")
        return .park(deadline: TokenVerifier.longestWait, orElse: { late }) { resumption in
            verifier.whenSettled {
                resumption.resume {
                    answering { () throws(Refusal) in
                        let token: VerifiedToken
                        do throws(VerificationFailure) {
                            token = try verifier.verify(text, at: clock(), requiring: scope)
                        } catch {
                            throw Refusal(error)
                        }
                        return try body(token)
                    }
                }
            }
        }
    }
}
