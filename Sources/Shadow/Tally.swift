// Tally: what became of every request, and the differences by path and kind, each with its count and one example. Bounded, however
// long the process runs and whatever is asked.

import MartletEncoding
import Synchronization

/// Counts. May be used from several threads.
package final class Tally: Sendable {
    /// Why a request was answered and not compared.
    package enum Skip: String, Sendable, CaseIterable {
        case elsewhere = "Martlet has nothing there"
        case notAsked = "it writes more than --shadow allows"
        case notMapped = "its token is not mapped"
        case unreadable = "an answer is too large or compressed"
        case queueFull = "too many comparisons were waiting"
        case unreachable = "Martlet did not answer"
        case slow = "Martlet was too slow"
        case stopped = "it was waiting when the proxy stopped"

        /// For metrics and JSON.
        package var code: String {
            switch self {
            case .elsewhere: "elsewhere"
            case .notAsked: "not_asked"
            case .notMapped: "token_not_mapped"
            case .unreadable: "unreadable"
            case .queueFull: "queue_full"
            case .unreachable: "unreachable"
            case .slow: "slow"
            case .stopped: "stopped"
            }
        }
    }

    /// One row of the summary: differences of one place for one reason, and an example.
    package struct Row: Sendable {
        /// The request's method.
        package let method: String
        /// The endpoint.
        package let endpoint: String
        /// The first one found.
        package let example: Difference
        /// How many of them there were.
        package internal(set) var count: Int
    }

    /// All of it at one moment.
    package struct Summary: Sendable {
        /// Requests that the old service answered.
        package internal(set) var answered = 0
        /// Requests that it did not answer.
        package internal(set) var unanswered = 0
        /// Comparisons without a difference.
        package internal(set) var equal = 0
        /// Comparisons with documented differences alone.
        package internal(set) var expected = 0
        /// Comparisons with a surprise.
        package internal(set) var surprising = 0
        /// What was not compared.
        package internal(set) var skipped: [Skip: Int] = [:]
        /// Rows, surprises first, then by count.
        package internal(set) var rows: [Row] = []
        /// Differences that found no room among the rows.
        package internal(set) var others = 0

        /// Comparisons made.
        package var compared: Int { equal + expected + surprising }
    }

    private struct Key: Hashable {
        let method: String
        let endpoint: String
        let kind: Difference.Kind
        let place: String
        let reason: String?
    }

    private struct State {
        var summary = Summary()
        var rows: [Key: Row] = [:]
    }

    private let state = Mutex(State())

    /// Nothing yet.
    package init() {}

    /// A request was answered by the old service, or not.
    package func note(answered: Bool) {
        state.withLock { if answered { $0.summary.answered += 1 } else { $0.summary.unanswered += 1 } }
    }

    /// A request was not compared.
    package func note(_ skip: Skip, count: Int = 1) {
        guard count > 0 else { return }
        state.withLock { $0.summary.skipped[skip, default: 0] += count }
    }

    /// Two answers were compared.
    /// - Returns: the differences to report: every surprise, and what is documented once for each place and reason.
    package func note(_ differences: [Difference], method: String, endpoint: String) -> [Difference] {
        state.withLock { state in
            if differences.isEmpty {
                state.summary.equal += 1
            } else if differences.allSatisfy({ $0.reason != nil }) {
                state.summary.expected += 1
            } else {
                state.summary.surprising += 1
            }
            return differences.filter { difference in
                let key = Key(
                    method: method, endpoint: endpoint, kind: difference.kind, place: difference.place, reason: difference.reason)
                if state.rows[key] != nil {
                    state.rows[key]?.count += 1
                    return difference.reason == nil
                }
                guard state.rows.count < Self.mostRows else {
                    state.summary.others += 1
                    return difference.reason == nil
                }
                state.rows[key] = Row(method: method, endpoint: endpoint, example: difference, count: 1)
                return true
            }
        }
    }

    /// Everything so far.
    package var summary: Summary {
        state.withLock { state in
            var summary = state.summary
            summary.rows = state.rows.values.sorted(by: Self.goesBefore)
            return summary
        }
    }

    private static func goesBefore(_ one: Row, _ other: Row) -> Bool {
        let ranks = [one, other].map { row in
            (
                row.example.reason == nil ? 0 : 1, -row.count, row.endpoint,
                "\(row.method) \(row.example.kind.rawValue) \(row.example.place) \(row.example.reason ?? "")"
            )
        }
        return ranks[0] < ranks[1]
    }

    private static let mostRows = 1000
}
