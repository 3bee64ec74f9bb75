// LoggingIn: the ways to tokens that every group of endpoints shares: name and password over the hashing lane; a refresh token, or an
// access token that gets the next one itself, through one verb of the store. What the tokens look like in an answer is the
// endpoint's business.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

extension Services {
    /// Checks a name and a password, begins a session, and goes on with its tokens and the time at which it began.
    func logIn(
        _ name: LoginName, password: String, scope: String, audience: String?, form: AccessForm = .plain, for request: Request,
        then respond: @escaping @Sendable (SessionTokens, UnixTime) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let client = client(request)
        legacyPasswords.lookAgain(in: store, at: request.receivedAt)
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
                    pending, verdict, scope: scope, audience: audience, form: form, from: client, audit: AuditContext(request), at: now
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
        _ candidate: Registration.Candidate, scope: String, audience: String?, form: AccessForm = .plain, for request: Request,
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
                    user, scope: scope, audience: audience, form: form, from: client(request), audit: AuditContext(request), at: now
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

    /// A refresh token of this service, or of the one before, that has not expired. Its signature is checked, in memory: may run on a
    /// loop. What is no refresh token of either is refused for `failure`, if one is given.
    func refreshToken(
        _ text: [UInt8], orRefusing failure: VerificationFailure? = nil, at now: UnixTime
    ) throws(Refusal) -> PresentedToken {
        let token: PresentedToken
        do throws(TokenFailure) {
            token = try sessions.presented(text, at: now)
        } catch {
            if case .invalid = error, let failure { throw Refusal(failure) }
            throw Refusal(error)
        }
        if case .own(let own) = token, own.isExpired(at: now) { throw Refusal(TokenFailure.expired) }
        return token
    }

    /// Exchanges a refresh token, and goes on with what came of it. `rule` is what becomes of it, `form` what the access token for one
    /// of the service before is to its client.
    func refresh(
        _ token: PresentedToken, rule: RefreshRule = .rotate, audience: String?, form: AccessForm = .plain, for request: Request,
        then respond: @escaping @Sendable (Result<(tokens: SessionTokens, isRetry: Bool), TokenFailure>) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        do throws(AccountError) { try throttle.countRefresh(of: token.limitKey, at: now) } catch { throw Refusal(error) }
        return parked(request) { resumption in
            let completion: SessionService.Completion = { finish in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let result: Result<(tokens: SessionTokens, isRetry: Bool), TokenFailure>
                        do throws(TokenFailure) { result = .success(try finish()) } catch { result = .failure(error) }
                        return try respond(result)
                    }
                }
            }
            let (client, audit) = (client(request), AuditContext(request))
            switch token {
            case .own(let token):
                sessions.refresh(
                    token, rule: rule, audience: audience, from: client, audit: audit, at: now, completion: completion)
            case .old(let token):
                sessions.exchange(
                    token, keepingToken: rule != .rotate, audience: audience, form: form, from: client, audit: audit, at: now,
                    completion: completion)
            }
        }
    }

    /// Renews an access token, and goes on with what came of it.
    func renew(
        _ token: VerifiedToken, as form: AccessForm, for request: Request,
        then respond: @escaping @Sendable (Result<AccessToken, TokenFailure>) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let now = request.receivedAt
        let session = Session.id(ofAccessSessionID: token.sessionID ?? "")
        do throws(AccountError) { try throttle.countRefresh(of: session, at: now) } catch { throw Refusal(error) }
        return parked(request) { resumption in
            sessions.renew(token, as: form, at: now) { finish in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let result: Result<AccessToken, TokenFailure>
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

extension PresentedToken {
    /// What a refresh counts for: its session, or the token that one will be exchanged for.
    fileprivate var limitKey: SessionID {
        switch self {
        case .own(let token): token.session
        case .old(let token): SessionID("old:" + token.id)
        }
    }
}

/// What a body throws about a token, as a refusal.
func refusing<Value>(_ body: () throws(TokenFailure) -> Value) throws(Refusal) -> Value {
    do throws(TokenFailure) { return try body() } catch { throw Refusal(error) }
}
