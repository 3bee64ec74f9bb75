// Waiting on a Monitor and joining a Thread. Nothing here sleeps to let another thread go on: each step waits for the
// other's.

import MartletThreads
import Synchronization
import Testing

struct MonitorTests {
    @Test("a wait is answered at once when what it waits for is there")
    func waitsForNothing() {
        #expect(Monitor(7).wait { $0 == 7 ? "seven" : nil } == "seven")
        #expect(Monitor(7).wait(milliseconds: 0) { $0 == 7 ? "seven" : nil } == "seven")
    }

    @Test("a wait ends when another thread makes it true and signals")
    func waitsForAnother() throws {
        let monitor = Monitor(0)
        let thread = try #require(
            Thread {
                monitor.withLock { $0 = 1 }
                monitor.signal()
            })
        #expect(monitor.wait { $0 == 1 ? $0 : nil } == 1)
        thread.join()
    }

    @Test("a signal that changes nothing does not end a wait")
    func idleSignal() throws {
        let monitor = Monitor((asked: 0, done: false))
        let thread = try #require(
            Thread {
                for round in 1...3 {
                    // Each idle signal goes out only after the waiter has looked again.
                    monitor.wait { $0.asked >= round ? () : nil }
                    monitor.broadcast()
                }
                monitor.withLock { $0.done = true }
                monitor.broadcast()
            })
        let asked = monitor.wait { value -> Int? in
            value.asked += 1
            // The other thread waits on the same condition, and this is where it hears that somebody looked.
            monitor.signal()
            return value.done ? value.asked : nil
        }
        #expect(asked > 1)
        thread.join()
    }

    @Test("a wait gives up after its time, having looked once more at the end", arguments: [0, 1, 20, 999, 1001])
    func timeout(milliseconds: Int) {
        let monitor = Monitor(0)
        let clock = ContinuousClock()
        let begin = clock.now
        let result: Int? = monitor.wait(milliseconds: milliseconds) { value in
            value += 1
            return nil
        }
        #expect(result == nil)
        // Seconds and nanoseconds are carried apart: a mistake there would end the wait a second off.
        #expect(begin.duration(to: clock.now) >= .milliseconds(milliseconds))
        #expect(begin.duration(to: clock.now) < .milliseconds(milliseconds + 900))
        #expect(monitor.withLock { $0 } >= 2)
    }

    @Test("a broadcast wakes every waiting thread")
    func broadcast() throws {
        let monitor = Monitor((waiting: 0, isOpen: false, woken: 0))
        let threads = try (0..<8).map { _ in
            try #require(
                Thread {
                    monitor.wait { value -> Void? in
                        if value.isOpen { return () }
                        value.waiting += 1
                        return nil
                    }
                    monitor.withLock { $0.woken += 1 }
                })
        }
        // Whoever has counted itself holds the lock until it waits, so seeing 8 means that 8 wait.
        while monitor.withLock({ $0.waiting }) < 8 {}
        monitor.withLock { $0.isOpen = true }
        monitor.broadcast()
        for thread in threads { thread.join() }
        #expect(monitor.withLock { $0.woken } == 8)
    }

    @Test("an error thrown under the lock gives the lock back")
    func throwing() {
        struct Stop: Error {}
        let monitor = Monitor(1)
        #expect(throws: Stop.self) { try monitor.withLock { _ throws(Stop) in throw Stop() } }
        #expect(monitor.withLock { $0 } == 1)
    }

    @Test("threads that count under the lock lose no count")
    func exclusion() throws {
        let monitor = Monitor(0)
        let threads = try (0..<4).map { _ in
            try #require(Thread { for _ in 0..<10_000 { monitor.withLock { $0 += 1 } } })
        }
        for thread in threads { thread.join() }
        #expect(monitor.withLock { $0 } == 40_000)
    }
}

struct ThreadTests {
    @Test("join comes back only when the thread has ended", arguments: [false, true])
    func join(isBackground: Bool) throws {
        let ended = Flag()
        let gate = Monitor(false)
        let thread = try #require(
            Thread(isBackground: isBackground) {
                gate.wait { $0 ? () : nil }
                ended.value.store(true, ordering: .releasing)
            })
        #expect(!ended.isSet)
        gate.withLock { $0 = true }
        gate.broadcast()
        thread.join()
        #expect(ended.isSet)
    }

    @Test("a thread that joins itself goes on")
    func joinSelf() throws {
        let own = Monitor<Thread?>(nil)
        let isDone = Monitor(false)
        let thread = try #require(
            Thread {
                let me = own.wait { $0 }
                me.join()
                isDone.withLock { $0 = true }
                isDone.broadcast()
            })
        own.withLock { $0 = thread }
        own.broadcast()
        #expect(isDone.wait(milliseconds: 10_000) { $0 ? true : nil } == true)
        thread.join()
        own.withLock { $0 = nil }
    }

    @Test("the closure is let go of when the thread has ended")
    func release() throws {
        final class Token: Sendable {}
        weak var observed: Token?
        do {
            let token = Token()
            observed = token
            let thread = try #require(Thread { withExtendedLifetime(token) {} })
            thread.join()
        }
        #expect(observed == nil)
    }
}

private final class Flag: Sendable {
    let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
}
