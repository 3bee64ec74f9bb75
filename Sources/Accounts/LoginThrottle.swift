// LoginThrottle: how often a password may be wrong.
//
// Two leaky buckets for every try: the account's and the address's. A try is taken out just before the hash is computed
// and put back when the password was right, so that parallel tries cannot pass together. An address that logged in
// to the account lately has a bucket of its own there, so that strangers' failures do not lock its owner out.
// Registrations from an address and refreshes of a session have buckets too, since each leaves rows behind; so have clients that
// register themselves, and the fetching of documents that clients describe themselves in, which is a call to somebody's host. User codes
// of devices, which are short enough to be guessed, have theirs: of the person, of the address and of all together.
// Kept in memory and bounded; a restart forgets it.

package import MartletEncoding
package import Store
import Synchronization

/// Limits failed logins per account and per address.
package final class LoginThrottle: Sendable {
    /// Failures that may come at once, and the seconds after which as many may come again.
    package struct Limit: Sendable, Hashable {
        package var failures: Int64
        package var seconds: Int64

        /// A limit; both at least 1.
        package init(failures: Int64, seconds: Int64) {
            self.failures = max(failures, 1)
            self.seconds = max(seconds, 1)
        }

        /// Milliseconds after which one more may come.
        fileprivate var interval: Int64 { max(seconds * 1000 / failures, 1) }
    }

    /// Which buckets a try comes out of.
    package struct Attempt: Sendable {
        fileprivate let keys: [Key]
    }

    private let accounts: Limit?
    private let buckets = Mutex<[Key: Int64]>([:])

    /// What one bucket is for.
    fileprivate enum Key: Hashable, Sendable {
        case account(String)
        case accountFrom(String, LoginAddress)
        case address(LoginAddress)
        case registrations(LoginAddress)
        case refreshes(SessionID)
        case clientRegistrations(LoginAddress)
        case everyClientRegistration
        case documentFetches(String)
        case everyDocumentFetch
        case deviceRequests(LoginAddress)
        case pushedRequests(LoginAddress)
        case userCodes(String)
        case userCodesFrom(LoginAddress)
        case everyUserCode
    }

    /// Buckets kept at most. Each is about 200 bytes.
    private static let capacity = 65_536
    /// With nil nothing is limited.
    package init(limit: Limit?) {
        accounts = limit
    }

    /// The buckets that a try for an account (by any stable text) from an address comes out of. Takes nothing yet.
    ///
    /// `isKnown` says whether the address logged in to the account lately; it is asked only when strangers' failures
    /// have emptied the account's bucket. Throws `.rateLimited` with the seconds to wait when there is nothing to take.
    package func attempt(
        account: String, from address: LoginAddress, at now: UnixTime, isKnown: () throws(AccountError) -> Bool
    ) throws(AccountError) -> Attempt {
        let own = [Key.address(address), .account(account)]
        guard let wait = wait(own, at: now) else { return Attempt(keys: own) }
        let known = [Key.address(address), .accountFrom(account, address)]
        guard try isKnown() else { throw .rateLimited(retryAfter: wait) }
        if let wait = self.wait(known, at: now) { throw .rateLimited(retryAfter: wait) }
        return Attempt(keys: known)
    }

    /// The buckets for somebody who is logged in: strangers' failures do not count.
    package func attempt(ownAccount account: String, from address: LoginAddress) -> Attempt {
        Attempt(keys: [.address(address), .accountFrom(account, address)])
    }

    /// Takes the try out; to be called just before the hash is computed, so that parallel tries cannot pass together and a try
    /// that never came so far costs nothing. Throws `.rateLimited` when there is nothing left by now.
    package func take(_ attempt: Attempt, at now: UnixTime) throws(AccountError) {
        if let wait = take(attempt.keys, at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts an account that is made from an address. Throws `.rateLimited` when there were too many.
    package func countRegistration(from address: LoginAddress, at now: UnixTime) throws(AccountError) {
        if let wait = take([.registrations(address)], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts a refresh of a session. Throws `.rateLimited` when there were too many: each makes a row of the log or of the
    /// audit trail possible.
    package func countRefresh(of session: SessionID, at now: UnixTime) throws(AccountError) {
        if let wait = take([.refreshes(session)], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts a client that registers itself, or changes itself, from an address. Throws `.rateLimited` when there were too many.
    package func countClientRegistration(from address: LoginAddress, at now: UnixTime) throws(AccountError) {
        if let wait = take([.clientRegistrations(address), .everyClientRegistration], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts a document that is fetched from a host. Throws `.rateLimited` when there were too many.
    package func countDocumentFetch(from host: String, at now: UnixTime) throws(AccountError) {
        if let wait = take([.documentFetches(host), .everyDocumentFetch], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts a device that asks for codes from an address. Throws `.rateLimited` when there were too many: each leaves a row, and
    /// makes some code likelier to be hit.
    package func countDeviceRequest(from address: LoginAddress, at now: UnixTime) throws(AccountError) {
        if let wait = take([.deviceRequests(address)], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// Counts an authorization request that a client pushes which anybody may be, from an address. Throws `.rateLimited` when there were
    /// too many: each leaves a row.
    package func countPushedRequest(from address: LoginAddress, at now: UnixTime) throws(AccountError) {
        if let wait = take([.pushedRequests(address)], at: now) { throw .rateLimited(retryAfter: wait) }
    }

    /// The buckets that a user code comes out of which `account` types at an address (RFC 8628 §5.1). To be taken before it is looked
    /// for, and to be put back when a device waits with it.
    package func attempt(userCodeOf account: String, from address: LoginAddress) -> Attempt {
        Attempt(keys: [.userCodes(account), .userCodesFrom(address), .everyUserCode])
    }

    /// Puts a try back: the password was right.
    package func forgive(_ attempt: Attempt) {
        buckets.withLock { buckets in
            for key in attempt.keys {
                guard let fullAt = buckets[key], let limit = limit(key) else { continue }
                buckets[key] = fullAt - limit.interval
            }
        }
    }

    /// Nil when every bucket has something left; else the seconds until all have.
    private func wait(_ keys: [Key], at now: UnixTime) -> Int? {
        buckets.withLock { buckets in self.taken(keys, from: buckets, at: now).wait }
    }

    /// The same, and takes something out of each when every bucket has something left.
    private func take(_ keys: [Key], at now: UnixTime) -> Int? {
        buckets.withLock { buckets in
            let (taken, wait) = self.taken(keys, from: buckets, at: now)
            guard wait == nil else { return wait }
            if buckets.count + keys.count > Self.capacity { Self.makeRoom(in: &buckets, at: now) }
            for (key, fullAt) in taken { buckets[key] = fullAt }
            return nil
        }
    }

    /// When each bucket would be full again if something were taken now, which is the whole state of a leaky bucket; and the
    /// seconds until there is something to take in all of them.
    private func taken(_ keys: [Key], from buckets: [Key: Int64], at now: UnixTime) -> (buckets: [(Key, Int64)], wait: Int?) {
        var wait: Int64 = 0
        var taken: [(Key, Int64)] = []
        for key in keys {
            guard let limit = limit(key) else { continue }
            let fullAt = max(buckets[key] ?? 0, now.milliseconds) + limit.interval
            wait = max(wait, fullAt - now.milliseconds - limit.seconds * 1000)
            taken.append((key, fullAt))
        }
        return (taken, wait > 0 ? Int((wait + 999) / 1000) : nil)
    }

    /// An address may fail five times as often as an account: several people stand behind one. Nil when nothing is limited.
    private func limit(_ key: Key) -> Limit? {
        guard let accounts else { return nil }
        return switch key {
        case .account, .accountFrom: accounts
        case .address: Limit(failures: accounts.failures * 5, seconds: accounts.seconds)
        case .registrations: Limit(failures: 50, seconds: 60)
        case .refreshes: Limit(failures: 200, seconds: 60)
        case .clientRegistrations: Limit(failures: 20, seconds: 3600)
        case .everyClientRegistration: Limit(failures: 1000, seconds: 3600)
        case .documentFetches: Limit(failures: 10, seconds: 60)
        case .everyDocumentFetch: Limit(failures: 120, seconds: 60)
        case .deviceRequests: Limit(failures: 60, seconds: 60)
        // A few hundred people behind one address may begin at once.
        case .pushedRequests: Limit(failures: 300, seconds: 60)
        // In the life of a code, 600 s, at most twice the number (what was saved up and what drains): of 20^8 codes, with a thousand
        // devices waiting, all guessers together hit one with a chance below 10^-4, and one person alone below 10^-6.
        case .userCodes: Limit(failures: 10, seconds: 600)
        case .userCodesFrom: Limit(failures: 50, seconds: 600)
        case .everyUserCode: Limit(failures: 1000, seconds: 600)
        }
    }

    /// Lets go of the buckets that are full; if that is not a quarter, of those nearest to it.
    private static func makeRoom(in buckets: inout [Key: Int64], at now: UnixTime) {
        buckets = buckets.filter { $0.value > now.milliseconds }
        guard buckets.count > capacity * 3 / 4 else { return }
        let cut = buckets.values.sorted()[buckets.count / 4]
        buckets = buckets.filter { $0.value > cut }
    }
}
