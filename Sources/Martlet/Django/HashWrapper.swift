// HashWrapper: argon2id over weak hashes, two at a time, and how long that takes.

import MartletCryptography
import MartletThreads
import PasswordHashing

struct HashWrapper: Sendable {
    var parameters: Argon2Parameters
    var random: RandomSource

    static let threads = 2

    /// The hashes wrapped, in their order. Blocks.
    func wrap(_ hashes: [PasswordHash]) throws(CommandFailure) -> [PasswordHash] {
        let half = hashes.count / Self.threads
        let other = Monitor<Result<[PasswordHash], CommandFailure>>(.success([]))
        let thread = Thread {
            let result = Result { () throws(CommandFailure) in try wrapAll(hashes[..<half]) }
            other.withLock { $0 = result }
        }
        // Without a thread to be had, one after the other.
        let first = try wrapAll(hashes[(thread == nil ? 0 : half)...])
        guard let thread else { return first }
        thread.join()
        return try other.withLock { $0 }.get() + first
    }

    /// Seconds that one hash takes on this machine, by trying.
    func measure() throws(CommandFailure) -> Double {
        guard let sample = try? PasswordHash(parsing: "md5$sample$d41d8cd98f00b204e9800998ecf8427e", allowingWeak: true) else { return 0 }
        var best = Duration.seconds(60)
        for _ in 0..<3 {
            let start = ContinuousClock.now
            _ = try wrapAll([sample])
            best = min(best, ContinuousClock.now - start)
        }
        return best.inSeconds
    }

    private func wrapAll(_ hashes: ArraySlice<PasswordHash>) throws(CommandFailure) -> [PasswordHash] {
        var wrapped: [PasswordHash] = []
        for hash in hashes {
            do throws(PasswordHashError) {
                wrapped.append(try PasswordHash.wrapping(hash, parameters: parameters, random: random))
            } catch {
                throw CommandFailure("There is no memory for argon2id (\(parameters.memoryKiB) KiB for each of \(Self.threads) hashes).")
            }
        }
        return wrapped
    }
}
