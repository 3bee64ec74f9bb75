// SigningIn: the ways to a signed-in browser: a password over the hashing lane with the limits, the cost and the timing of every login
// (LoggingIn), or a new account. The browser gets a new cookie each time, and its earlier sign-in ends.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store
import Tokens

extension Services {
    /// Checks a name and a password, and signs the browser in; `before` is who it is signed in with. Goes on with the new cookie's
    /// `Set-Cookie`, or with what stands in the way. Reads the store: on a worker.
    func signIn(
        _ name: LoginName, password: String, over before: SignedIn?, for request: Request,
        failing: @escaping @Sendable (AccountError) -> Outcome, then respond: @escaping @Sendable (String) -> Outcome
    ) -> Outcome {
        let client = client(request)
        legacyPasswords.lookAgain(in: store, at: request.receivedAt)
        let pending: PasswordLogin.Pending
        do throws(AccountError) {
            pending = try login.prepare(name, password: password, from: client, at: request.receivedAt)
        } catch {
            return failed(error, checkedFrom: clock(), for: request) { failing(error) }
        }
        return hop(to: .hashing) { () throws(Refusal) in
            let now = clock()
            let verdict: PasswordCheck.Verdict
            do throws(AccountError) { verdict = try login.check(pending, at: now) } catch {
                return failed(error, checkedFrom: now, for: request) { failing(error) }
            }
            let (new, cookie) = newSignIn(over: before, client, at: now)
            return parked(request) { resumption in
                login.complete(pending, verdict, as: new, audit: AuditContext(request), at: now) { result in
                    resumption.resume {
                        switch result {
                        case .success: respond(cookie)
                        case .failure(let error): failed(error, checkedFrom: now, for: request) { failing(error) }
                        }
                    }
                }
            }
        }
    }

    /// Makes an account and signs the browser in to it, in the same manner.
    func signUp(
        _ candidate: Registration.Candidate, over before: SignedIn?, for request: Request,
        failing: @escaping @Sendable (AccountError) -> Outcome, then respond: @escaping @Sendable (String) -> Outcome
    ) -> Outcome {
        hop(to: .hashing) { () throws(Refusal) in
            let now = clock()
            let client = client(request)
            let user: NewUser
            do throws(AccountError) { user = try registration.hash(candidate, from: client.address, at: now) } catch {
                return failing(error)
            }
            let (new, cookie) = newSignIn(over: before, client, at: now)
            return parked(request) { resumption in
                registration.complete(user, as: new, audit: AuditContext(request), at: now) { result in
                    resumption.resume {
                        switch result {
                        case .success: respond(cookie)
                        case .failure(let error): failing(error)
                        }
                    }
                }
            }
        }
    }

    private func newSignIn(over before: SignedIn?, _ client: ClientDescription, at now: UnixTime) -> (NewSignIn, cookie: String) {
        let value = BrowserCookie.Value(random: random)
        let new = NewSignIn(
            cookieHash: value.hash, id: newID(now), before: before?.session, idle: signInLimits.idle, lifetime: signInLimits.lifetime,
            client: client)
        return (new, BrowserCookie(.session, issuer: issuer).setting(value, seconds: signInLimits.lifetime))
    }
}
