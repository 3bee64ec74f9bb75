// LoginThrottle: how often a password may be wrong.
//
// Two leaky buckets for every try: the account's and the address's. A try is taken out before the hash is computed
// and put back when the password was right, so that parallel tries cannot pass together. An address that logged in
// to the account lately has a bucket of its own there, so that strangers' failures do not lock its owner out.
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
    }

    /// A try that has been taken out.
    package struct Attempt: Sendable {
        fileprivate let keys: [Key]
    }

    private let limit: Limit?
    private let buckets = Mutex<[Key: Int64]>([:])

    /// What one bucket is for.
    fileprivate enum Key: Hashable, Sendable {
        case account(String)
        case accountFrom(String, LoginAddress)
        case address(LoginAddress)
    }

    /// Buckets kept at most. Each is about 200 bytes.
    private static let capacity = 65_536
    /// An address may fail that many times as often as an account: several people stand behind one.
    private static let addressFactor: Int64 = 5

    /// With nil nothing is limited.
    package init(limit: Limit?) {
        self.limit = limit
    }

    /// Takes a try out for an account (by any stable text) from an address.
    ///
    /// `isKnown` says whether the address logged in to the account lately; it is asked only when strangers' failures
    /// have emptied the account's bucket. Throws `.rateLimited` with the seconds to wait.
    package func attempt(
        account: String, from address: LoginAddress, at now: UnixTime, isKnown: () throws(AccountError) -> Bool
    ) throws(AccountError) -> Attempt {
        guard limit != nil else { return Attempt(keys: []) }
        let own = [Key.address(address), .account(account)]
        guard let wait = take(own, at: now) else { return Attempt(keys: own) }
        let known = [Key.address(address), .accountFrom(account, address)]
        guard try isKnown() else { throw .rateLimited(retryAfter: wait) }
        if let wait = take(known, at: now) { throw .rateLimited(retryAfter: wait) }
        return Attempt(keys: known)
    }

    /// Puts a try back: the password was right, or was never looked at.
    package func forgive(_ attempt: Attempt) {
        guard let limit else { return }
        buckets.withLock { buckets in
            for key in attempt.keys {
                guard let fullAt = buckets[key] else { continue }
                buckets[key] = fullAt - interval(key, limit)
            }
        }
    }

    /// Nil when every bucket had something left, which is taken; else the seconds until all have, and nothing is taken.
    private func take(_ keys: [Key], at now: UnixTime) -> Int? {
        guard let limit else { return nil }
        return buckets.withLock { buckets in
            var wait: Int64 = 0
            var raised: [(Key, Int64)] = []
            for key in keys {
                // When the bucket will be full again, if nothing more is taken: the whole state of a leaky bucket.
                let fullAt = max(buckets[key] ?? 0, now.milliseconds) + interval(key, limit)
                wait = max(wait, fullAt - now.milliseconds - limit.seconds * 1000)
                raised.append((key, fullAt))
            }
            guard wait <= 0 else { return Int((wait + 999) / 1000) }
            if buckets.count + keys.count > Self.capacity { Self.makeRoom(in: &buckets, at: now) }
            for (key, fullAt) in raised { buckets[key] = fullAt }
            return nil
        }
    }

    private func interval(_ key: Key, _ limit: Limit) -> Int64 {
        let failures = if case .address = key { limit.failures * Self.addressFactor } else { limit.failures }
        return max(limit.seconds * 1000 / failures, 1)
    }

    /// Lets go of the buckets that are full; if that is not a quarter, of those nearest to it.
    private static func makeRoom(in buckets: inout [Key: Int64], at now: UnixTime) {
        buckets = buckets.filter { $0.value > now.milliseconds }
        guard buckets.count > capacity * 3 / 4 else { return }
        let cut = buckets.values.sorted()[buckets.count / 4]
        buckets = buckets.filter { $0.value > cut }
    }
}
