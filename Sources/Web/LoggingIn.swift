// LoggingIn: the ways to tokens that every group of endpoints shares: name and password over the hashing lane, and a refresh token
// through one verb of the store. What the tokens look like in an answer is the endpoint's business.

import Accounts
import HTTP
import MartletEncoding
import ResourceServer
import Store
import Tokens

extension Services {
    /// Checks a name and a password, begins a session, and goes on with its tokens and the time at which it began.
    func logIn(
        _ name: LoginName, password: String, scope: String, audience: String?, for request: Request,
        then respond: @escaping @Sendable (SessionTokens, UnixTime) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let client = client(request)
        let pending: PasswordLogin.Pending
        do throws(AccountError) {
            pending = try login.prepare(name, password: password, from: client, at: request.receivedAt)
        } catch {
            return failed(error, checkedFrom: clock(), for: request)
        }
        return hop(to: .hashing) { () throws(Refusal) in
            let now = clock()
            let verdict: PasswordCheck.Verdict
            do throws(AccountError) { verdict = try login.check(pending, at: now) } catch {
                return failed(error, checkedFrom: now, for: request)
            }
            return parked(request) { resumption in
                login.complete(
                    pending, verdict, scope: scope, audience: audience, from: client, audit: AuditContext(request), at: now
                ) { finish in
                    resumption.resume {
                        answering { () throws(Refusal) in
                            let tokens: SessionTokens
                            do throws(LoginFailure) { tokens = try finish() } catch {
                                guard case .account(let error) = error else { throw Refusal(error) }
                                return failed(error, checkedFrom: now, for: request)
                            }
                            return try respond(tokens, now)
                        }
                    }
                }
            }
        }
    }

    /// Makes an account and its first session, and goes on with its tokens and the time at which it began.
    func register(
        _ candidate: Registration.Candidate, scope: String, audience: String?, for request: Request,
        then respond: @escaping @Sendable (SessionTokens, UnixTime) throws(Refusal) -> Outcome
    ) -> Outcome {
        hop(to: .hashing) { () throws(Refusal) in
            let now = clock()
            let user: NewUser
            do throws(AccountError) {
                user = try registration.hash(candidate, from: client(request).address, at: now)
            } catch {
                throw Refusal(error)
            }
            return parked(request) { resumption in
                registration.complete(
                    user, scope: scope, audience: audience, from: client(request), audit: AuditContext(request), at: now
                ) { finish in
                    resumption.resume {
                        answering { () throws(Refusal) in
                            let tokens: SessionTokens
                            do throws(LoginFailure) { tokens = try finish() } catch { throw Refusal(error) }
                            return try respond(tokens, now)
                        }
                    }
                }
            }
        }
    }

    /// A refresh token of this service that has not expired. Its signature is checked, in memory: may run on a loop.
    func refreshToken(_ text: [UInt8], at now: UnixTime) throws(Refusal) -> RefreshToken {
        let token = try refusing { () throws(TokenFailure) in try sessions.read(text) }
        guard !token.isExpired(at: now) else { throw Refusal(TokenFailure.expired) }
        return token
    }

    /// Exchanges a refresh token, and goes on with what came of it. `rule` is what becomes of it.
    func refresh(
        _ token: RefreshToken, rule: RefreshRule = .rotate, audience: String?, for request: Request,
        then respond: @escaping @Sendable (Result<(tokens: SessionTokens, isRetry: Bool), TokenFailure>) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        do throws(AccountError) { try throttle.countRefresh(of: token.session, at: now) } catch { throw Refusal(error) }
        return parked(request) { resumption in
            sessions.refresh(
                token, rule: rule, audience: audience, from: client(request),
                audit: AuditContext(request), at: now
            ) { finish in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let result: Result<(tokens: SessionTokens, isRetry: Bool), TokenFailure>
                        do throws(TokenFailure) { result = .success(try finish()) } catch { result = .failure(error) }
                        return try respond(result)
                    }
                }
            }
        }
    }

    /// Goes on with an account, from memory or, for one that nobody asked for lately, on a worker.
    func account(
        _ id: UserID, then respond: @escaping @Sendable (UserCache.Entry) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        if let entry = users.entry(id.text) { return try respond(entry) }
        return hop(to: .worker) { () throws(Refusal) in
            let entry: UserCache.Entry?
            do throws(StoreError) {
                entry = try users.entry(id.text) { () throws(StoreError) in
                    try store.read { reads throws(StoreError) in try reads.user(id) }
                }
            } catch {
                throw Refusal(error)
            }
            guard let entry else { throw .unauthorized("invalid_token", "The token's user does not exist.") }
            return try respond(entry)
        }
    }
}

/// What a body throws about a token, as a refusal.
func refusing<Value>(_ body: () throws(TokenFailure) -> Value) throws(Refusal) -> Value {
    do throws(TokenFailure) { return try body() } catch { throw Refusal(error) }
}
