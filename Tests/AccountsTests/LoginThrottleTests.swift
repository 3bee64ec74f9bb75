// How often a password may be wrong, by times only.

import Accounts
import MartletEncoding
import MartletThreads
import Store
import Testing

struct LoginThrottleTests {
    private let start = Fixture.start
    private let home = LoginAddress("home")

    @Test("so many failures at once and no more; the answer says when the next is looked at")
    func limit() throws {
        let throttle = LoginThrottle(limit: .init(failures: 10, seconds: 60))
        for _ in 0..<10 { _ = try attempt(throttle, "ada") }
        #expect(wait(throttle, "ada") == 6)
        #expect(wait(throttle, "ada", at: start.adding(milliseconds: 5001)) == 1)
        #expect(wait(throttle, "bob") == nil, "another account has a bucket of its own")
    }

    @Test("what drained comes back one by one, and in the whole time all of it")
    func refill() throws {
        let throttle = LoginThrottle(limit: .init(failures: 3, seconds: 60))
        for _ in 0..<3 { _ = try attempt(throttle, "ada") }
        #expect(wait(throttle, "ada", at: start.adding(milliseconds: 19_999)) == 1)
        #expect(wait(throttle, "ada", at: start.adding(seconds: 20)) == nil)
        #expect(wait(throttle, "ada", at: start.adding(seconds: 20)) == 20)
        for _ in 0..<3 { #expect(wait(throttle, "ada", at: start.adding(seconds: 200)) == nil) }
        #expect(wait(throttle, "ada", at: start.adding(seconds: 200)) != nil, "a long rest saves nothing up")
    }

    @Test("a refused try takes nothing, so that waiting helps however often one asks")
    func refusedTries() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 60))
        _ = try attempt(throttle, "ada")
        for _ in 0..<100 { #expect(wait(throttle, "ada", at: start.adding(seconds: 59)) == 1) }
        #expect(wait(throttle, "ada", at: start.adding(seconds: 60)) == nil)
    }

    @Test("a right password puts its try back")
    func forgive() throws {
        let throttle = LoginThrottle(limit: .init(failures: 2, seconds: 60))
        for _ in 0..<100 { throttle.forgive(try attempt(throttle, "ada")) }
        _ = try attempt(throttle, "ada")
        throttle.forgive(try attempt(throttle, "ada"))
        _ = try attempt(throttle, "ada")
        #expect(wait(throttle, "ada") != nil)
    }

    @Test("an address may fail five times as often as an account, over all accounts")
    func address() throws {
        let throttle = LoginThrottle(limit: .init(failures: 2, seconds: 60))
        for number in 0..<10 { _ = try attempt(throttle, "account-\(number)") }
        #expect(wait(throttle, "account-10") == 6)
        #expect(wait(throttle, "account-10", from: LoginAddress("elsewhere")) == nil)
    }

    @Test("a full address takes nothing out of the account's bucket")
    func addressFirst() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 60))
        for number in 0..<5 { _ = try attempt(throttle, "account-\(number)") }
        #expect(wait(throttle, "ada") != nil)
        #expect(wait(throttle, "ada", from: LoginAddress("elsewhere")) == nil)
    }

    @Test("strangers' failures do not lock out an address that is known there, which has a bucket of its own")
    func knownAddress() throws {
        let throttle = LoginThrottle(limit: .init(failures: 2, seconds: 60))
        for number in 0..<2 { _ = try attempt(throttle, "ada", from: LoginAddress("stranger-\(number)")) }
        #expect(wait(throttle, "ada") != nil)
        for _ in 0..<2 { try attempt(throttle, "ada", from: home) { () throws(AccountError) in true } }
        #expect(throws: AccountError.self) { try attempt(throttle, "ada", from: home) { () throws(AccountError) in true } }
        #expect(throws: AccountError.self) { try attempt(throttle, "ada", from: LoginAddress("stranger-9")) }
    }

    @Test("whether an address is known is asked only when the shared bucket is empty")
    func asksLate() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 60))
        try attempt(throttle, "ada", from: home) { () throws(AccountError) in throw .notFound }
        #expect(throws: AccountError.notFound) { try attempt(throttle, "ada", from: home) { () throws(AccountError) in throw .notFound } }
    }

    @Test("tries at once do not pass together")
    func parallel() throws {
        let throttle = LoginThrottle(limit: .init(failures: 10, seconds: 3600))
        let passed = Monitor(0)
        let threads = try (0..<8).map { number in
            try #require(
                Thread {
                    for _ in 0..<50 {
                        let taken = try? attempt(throttle, "ada", from: LoginAddress("a\(number)"))
                        if taken != nil { passed.withLock { $0 += 1 } }
                    }
                })
        }
        for thread in threads { thread.join() }
        #expect(passed.withLock { $0 } == 10)
    }

    @Test("without a limit nothing is counted")
    func off() throws {
        let throttle = LoginThrottle(limit: nil)
        for _ in 0..<1000 { throttle.forgive(try attempt(throttle, "ada")) }
    }

    @Test("however many accounts are tried, a bucket that was emptied deeper than theirs stays empty")
    func bounded() throws {
        let throttle = LoginThrottle(limit: .init(failures: 10, seconds: 3600))
        for _ in 0..<10 { _ = try attempt(throttle, "ada", from: LoginAddress("x")) }
        for number in 0..<70_000 {
            _ = try? attempt(throttle, "account-\(number)", from: LoginAddress("a\(number)"))
        }
        #expect(wait(throttle, "ada", from: LoginAddress("y")) != nil)
    }

    @Test("fifty accounts a minute from an address, and another address has its own")
    func registrations() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 3600))
        for _ in 0..<50 { try throttle.countRegistration(from: home, at: start) }
        #expect(throws: AccountError.rateLimited(retryAfter: 2)) { try throttle.countRegistration(from: home, at: start) }
        try throttle.countRegistration(from: LoginAddress("elsewhere"), at: start)
        try throttle.countRegistration(from: home, at: start.adding(seconds: 2))
    }

    @Test("two hundred refreshes a minute of a session, whatever the limit of logins is")
    func refreshes() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 3600))
        for _ in 0..<200 { try throttle.countRefresh(of: SessionID("s"), at: start) }
        #expect(throws: AccountError.rateLimited(retryAfter: 1)) { try throttle.countRefresh(of: SessionID("s"), at: start) }
        try throttle.countRefresh(of: SessionID("another"), at: start)
        for _ in 0..<1000 { try LoginThrottle(limit: nil).countRefresh(of: SessionID("s"), at: start) }
    }

    @Test("whoever is logged in is not locked out of their own account by strangers")
    func ownAccount() throws {
        let throttle = LoginThrottle(limit: .init(failures: 2, seconds: 60))
        for number in 0..<20 { _ = try? attempt(throttle, "ada", from: LoginAddress("stranger \(number)")) }
        #expect(wait(throttle, "ada") != nil)
        let own = throttle.attempt(ownAccount: "ada", from: home)
        try throttle.take(own, at: start)
        try throttle.take(own, at: start)
        #expect(throws: AccountError.rateLimited(retryAfter: 30)) { try throttle.take(own, at: start) }
    }

    @Test("a clock that goes back locks nobody out for longer than the limit's own time")
    func clockBack() throws {
        let throttle = LoginThrottle(limit: .init(failures: 1, seconds: 60))
        _ = try attempt(throttle, "ada", at: start)
        #expect(wait(throttle, "ada", at: start.adding(seconds: -30)) == 90)
        #expect(wait(throttle, "ada", at: start.adding(seconds: 60)) == nil)
    }

    /// A try that is taken out, as it is just before a hash.
    @discardableResult
    private func attempt(
        _ throttle: LoginThrottle, _ account: String, from address: LoginAddress = LoginAddress("home"), at now: UnixTime = Fixture.start,
        isKnown: () throws(AccountError) -> Bool = { () throws(AccountError) in false }
    ) throws(AccountError) -> LoginThrottle.Attempt {
        let attempt = try throttle.attempt(account: account, from: address, at: now, isKnown: isKnown)
        try throttle.take(attempt, at: now)
        return attempt
    }

    /// The seconds to wait; nil when the try was let through.
    private func wait(
        _ throttle: LoginThrottle, _ account: String, from address: LoginAddress = LoginAddress("home"), at now: UnixTime = Fixture.start
    ) -> Int? {
        do throws(AccountError) {
            _ = try attempt(throttle, account, from: address, at: now)
            return nil
        } catch {
            guard case .rateLimited(let seconds) = error else { return -1 }
            return seconds
        }
    }
}
