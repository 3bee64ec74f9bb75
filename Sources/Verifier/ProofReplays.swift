// ProofReplays: the proofs that were used lately, so that none counts twice (RFC 9449 §11.1). In memory, of this process alone. Two
// generations, each as long as a proof can live: what is in neither has expired. When a generation is full, proofs are refused until
// the next one begins: to forget one early would be to accept it again.
package import MartletEncoding
import Synchronization

/// Remembers which proofs were used.
package final class ProofReplays: Sendable {
    private let state: Mutex<State>
    private let capacity: Int

    /// Room for `capacity` proofs in a generation. The default is 2,900 proofs a second, and 32 MiB at most.
    package init(capacity: Int = 262_144) {
        self.capacity = capacity
        state = Mutex(State())
    }

    /// Notes that the proof with this digest was used. Throws when it was used before, and when there is no room.
    package func use(_ digest: [UInt8], at now: UnixTime) throws(DPoPFailure) {
        let mark = Mark(digest)
        try state.withLock { state throws(DPoPFailure) in
            state.turn(to: now.seconds)
            guard !state.current.contains(mark), !state.previous.contains(mark) else { throw .replayed }
            guard state.current.count < capacity else { throw .crowded }
            state.current.insert(mark)
        }
    }

    /// Half of a SHA-256: nobody finds two proofs that have it in common.
    private struct Mark: Hashable {
        private let high: UInt64
        private let low: UInt64

        init(_ digest: [UInt8]) {
            high = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = digest.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private struct State {
        var current: Set<Mark> = []
        var previous: Set<Mark> = []
        private var began = Int64.min

        /// A clock that was put back changes nothing: what is remembered stays for longer.
        mutating func turn(to now: Int64) {
            let (age, isOverflow) = now.subtractingReportingOverflow(began)
            guard isOverflow || age >= ProofReplays.generation else { return }
            previous = isOverflow || age >= 2 * ProofReplays.generation ? [] : current
            current = []
            began = now
        }
    }

    /// Seconds from the earliest sight of a proof to its end, and one for the rounding of its `iat`.
    private static let generation = DPoPProof.lifetime + DPoPProof.leeway + 1
}
