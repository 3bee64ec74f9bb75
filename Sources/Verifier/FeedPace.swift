// FeedPace: when to ask the issuer again. At once as long as that brings news; a quarter of a second apart when an issuer that
// is full answers sooner than it was asked to; slower and slower after failures. All of it is jittered, so that the many who
// follow one issuer do not come back together.
import MartletCryptography
import MartletEncoding

struct FeedPace: Sendable {
    private let random: RandomSource
    private var failures = 0
    private var failingSince: UnixTime?

    init(random: RandomSource) {
        self.random = random
    }

    /// Whether the last exchange failed.
    var isFailing: Bool { failures > 0 }

    /// After an exchange that brought a good document.
    mutating func succeeded() {
        failures = 0
        failingSince = nil
    }

    /// After one that failed: when to try again. An issuer that is away is tried every second for the first minute, so that one
    /// that is just restarted is heard at once; one that answers, but wrongly, is not likely to change its mind as soon.
    mutating func failed(_ failure: RevocationFeedFailure, at now: UnixTime) -> UnixTime {
        let since = failingSince ?? now
        failingSince = since
        let delay = Self.firstDelay << Int64(min(failures, 10))
        failures += 1
        let longest: Int64 =
            if !failure.isAbsence {
                30_000
            } else if now < since.adding(seconds: 60) {
                1000
            } else {
                10_000
            }
        let bounded = min(delay, longest)
        return now.adding(milliseconds: bounded - jitter(upTo: bounded / 4))
    }

    /// After an exchange that began at `start` and brought no news.
    func afterNoNews(began start: UnixTime, at now: UnixTime) -> UnixTime {
        let passed = now.milliseconds - start.milliseconds
        guard passed < Self.interval else { return now }
        return now.adding(milliseconds: Self.interval - max(passed, 0) + jitter(upTo: 50))
    }

    private func jitter(upTo most: Int64) -> Int64 {
        let bytes = random.bytes(2)
        return most * (Int64(bytes[0]) << 8 | Int64(bytes[1])) / 0xFFFF
    }

    /// Milliseconds before the first retry.
    private static let firstDelay: Int64 = 250
    /// Milliseconds from one request that brings no news to the next, at least.
    private static let interval: Int64 = 250
}

extension RevocationFeedFailure {
    /// Whether the issuer, or what stands before it, is just not there at the moment.
    fileprivate var isAbsence: Bool {
        switch self {
        case .fetch(.unreachable), .fetch(.timedOut), .fetch(.cancelled): true
        case .fetch(.tooLarge), .fetch(.untrusted), .refused: false
        // 404 is a proxy whose service is being restarted, once there was a feed; 429 says itself that it passes.
        case .status(let status): status >= 500 || status == 404 || status == 429
        }
    }
}
