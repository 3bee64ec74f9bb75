// The order of work, and its bounds.

import MartletThreads
import Shadow
import Synchronization
import Testing

struct SessionQueueTests {
    @Test("work of one session is done in its order, however many threads there are")
    func order() {
        let done = Mutex<[UInt64: [Int]]>([:])
        let queue = SessionQueue<(UInt64, Int)>(threads: 8, bound: 10_000, byteBound: 10_000) { work in
            done.withLock { $0[work.0, default: []].append(work.1) }
        }
        for number in 0..<1000 {
            for session in UInt64(0)..<5 { #expect(queue.submit((session, number), bytes: 1, session: session)) }
        }
        #expect(queue.end(within: 10_000) == 0)
        #expect(done.withLock { $0 } == Dictionary(uniqueKeysWithValues: (UInt64(0)..<5).map { ($0, Array(0..<1000)) }))
    }

    @Test("a session that hangs holds up nobody else")
    func sideBySide() {
        let gate = Monitor(false)
        let done = Monitor(0)
        let queue = SessionQueue<UInt64?>(threads: 2, bound: 100, byteBound: 100) { session in
            if session == 1 { _ = gate.wait { $0 ? true : nil } }
            done.withLock { $0 += 1 }
            done.broadcast()
        }
        for _ in 0..<10 { #expect(queue.submit(1, bytes: 1, session: 1)) }
        for _ in 0..<10 { #expect(queue.submit(nil, bytes: 1, session: nil)) }
        #expect(done.wait(milliseconds: 10_000) { $0 == 10 ? true : nil } == true)
        gate.withLock { $0 = true }
        gate.broadcast()
        #expect(queue.end(within: 10_000) == 0)
        #expect(done.withLock { $0 } == 20)
    }

    @Test("past a bound of number or bytes nothing is taken, and what waits at the end is counted")
    func bounds() {
        let gate = Monitor(false)
        let begun = Monitor(false)
        let queue = SessionQueue<Int>(threads: 1, bound: 3, byteBound: 100) { _ in
            begun.withLock { $0 = true }
            begun.broadcast()
            _ = gate.wait { $0 ? true : nil }
        }
        #expect(queue.submit(0, bytes: 100, session: nil))
        _ = begun.wait { $0 ? true : nil }
        #expect(queue.submit(1, bytes: 60, session: nil))
        #expect(!queue.submit(2, bytes: 60, session: nil))
        #expect(queue.submit(3, bytes: 40, session: nil) && queue.submit(4, bytes: 0, session: nil))
        #expect(!queue.submit(5, bytes: 0, session: nil))
        #expect(queue.count == 3)
        let opener = Thread {
            while queue.submit(6, bytes: 0, session: nil) || queue.count > 0 {}
            gate.withLock { $0 = true }
            gate.broadcast()
        }
        #expect(queue.end(within: 1) == 3)
        opener?.join()
        #expect(!queue.submit(7, bytes: 0, session: nil))
    }
}
