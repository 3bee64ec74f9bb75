// SessionQueue: work that waits its turn, bounded in number and in bytes. What belongs to one session is done one after the other, in
// its order; sessions side by side. So a login is asked before the refresh that needs its token, and a logout after it.

import MartletThreads

/// A queue of work for a few threads.
package final class SessionQueue<Work: Sendable>: Sendable {
    private enum Line: Hashable {
        case session(UInt64)
        case alone(UInt64)
    }

    private struct Waiting {
        var work: Work
        var bytes: Int
    }

    private struct State {
        /// What waits, by line. A line is there from its first work until its last is done.
        var lines: [Line: [Waiting]] = [:]
        /// Lines whose next work may begin, in the order of their turns.
        var ready: [Line] = []
        var turn = 0
        var waiting = 0
        var busy = 0
        var bytes = 0
        var lastAlone: UInt64 = 0
        var isEnded = false

        mutating func popReady() -> Line? {
            guard turn < ready.count else { return nil }
            defer {
                turn += 1
                if turn > 256, turn > ready.count / 2 {
                    ready.removeSubrange(0..<turn)
                    turn = 0
                }
            }
            return ready[turn]
        }
    }

    private let bound: Int
    private let byteBound: Int
    private let state = Monitor(State())
    private let threads: [Thread]

    /// A queue whose threads run at once, and give way to the others of the process.
    /// - Parameters:
    ///   - threads: how many, 1 or more.
    ///   - bound: work that waits, at most.
    ///   - byteBound: bytes that waiting work holds, at most.
    package init(threads: Int, bound: Int, byteBound: Int, perform: @escaping @Sendable (Work) -> Void) {
        self.bound = bound
        self.byteBound = byteBound
        let state = state
        self.threads = (0..<max(1, threads)).compactMap { _ in
            Thread(isBackground: true) { Self.run(state, perform) }
        }
    }

    /// Takes work; false when there is no room, or no time any more.
    package func submit(_ work: Work, bytes: Int, session: UInt64?) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isEnded, state.waiting < bound, bytes <= byteBound - state.bytes else { return false }
            state.waiting += 1
            state.bytes += bytes
            let line: Line
            if let session {
                line = .session(session)
            } else {
                state.lastAlone += 1
                line = .alone(state.lastAlone)
            }
            if state.lines[line] == nil { state.ready.append(line) }
            state.lines[line, default: []].append(Waiting(work: work, bytes: bytes))
            return true
        }
        if isTaken { state.broadcast() }
        return isTaken
    }

    /// How much waits.
    package var count: Int { state.withLock { $0.waiting } }

    /// Waits for what is there, for at most so many milliseconds; takes nothing more and ends the threads.
    /// - Parameter isOver: called when the time is over, to cut short what is being done.
    /// - Returns: how much was dropped.
    package func end(within milliseconds: Int, isOver: () -> Void = {}) -> Int {
        let isDone = state.wait(milliseconds: milliseconds) { $0.waiting == 0 && $0.busy == 0 ? true : nil }
        let dropped = state.withLock { state in
            state.isEnded = true
            defer { state.waiting = 0 }
            return isDone == true ? 0 : state.waiting
        }
        state.broadcast()
        if isDone == nil { isOver() }
        for thread in threads { thread.join() }
        return dropped
    }

    private static func run(_ state: Monitor<State>, _ perform: (Work) -> Void) {
        while true {
            let next: (line: Line, work: Work)?? = state.wait { state in
                if state.isEnded { return .some(nil) }
                guard let line = state.popReady(), let first = state.lines[line]?.removeFirst() else { return nil }
                state.waiting -= 1
                state.bytes -= first.bytes
                state.busy += 1
                return .some((line, first.work))
            }
            guard let next = next ?? nil else { return }
            perform(next.work)
            state.withLock { state in
                state.busy -= 1
                if state.lines[next.line]?.isEmpty ?? true {
                    state.lines[next.line] = nil
                } else {
                    state.ready.append(next.line)
                }
            }
            state.broadcast()
        }
    }
}
