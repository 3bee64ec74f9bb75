// Gathered, Count: what completions and observers bring, waited for with a deadline and without a fixed sleep.

import Store
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Values that other threads add.
final class Gathered<Value: Sendable>: Sendable {
    private let values = Mutex<[Result<Value, StoreError>]>([])

    func add(_ result: Result<Value, StoreError>) { values.withLock { $0.append(result) } }
    func add(_ value: Value) { add(.success(value)) }

    var count: Int { values.withLock { $0.count } }

    /// What was added, failures included, once there is so much of it.
    func results(for count: Int, seconds: Int = 20) throws -> [Result<Value, StoreError>] {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            let all = values.withLock { $0 }
            if all.count >= count { return all }
            usleep(500)
        }
        throw Unexpected("only \(self.count) of \(count) came within \(seconds) s")
    }

    /// What was added, once there is so much of it; throws the first failure.
    func wait(for count: Int, seconds: Int = 20) throws -> [Value] {
        try results(for: count, seconds: seconds).map { try $0.get() }
    }
}

/// Something that happened.
final class Count: Sendable {
    private let value = Atomic(0)
    func set() { value.add(1, ordering: .sequentiallyConsistent) }
    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) > 0 }
}
