// WriteQueue: the verbs that wait for the writer, and how many there may be.

import MartletThreads
import Store

/// A verb that waits, whatever it answers. Used by one thread after the other: the caller's, then the writer's.
class PendingVerb: @unchecked Sendable {
    /// Runs the verb and keeps its answer; nil, or why it failed.
    func perform(_ transaction: SQLTransaction) -> StoreError? { nil }
    /// Hands out the kept answer, or `error` when the commit failed.
    func finish(_ error: StoreError?) {}
}

/// A verb that answers a `Value`.
///
/// @unchecked by its class: `result` is only touched by the writer's thread.
final class TypedVerb<Value: Sendable>: PendingVerb, @unchecked Sendable {
    private let verb: @Sendable (any StoreTransaction) throws(StoreError) -> Value
    private let completion: @Sendable (Result<Value, StoreError>) -> Void
    private var result: Result<Value, StoreError> = .failure(.unavailable(detail: "the verb did not run"))

    init(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        self.verb = verb
        self.completion = completion
    }

    override func perform(_ transaction: SQLTransaction) -> StoreError? {
        do throws(StoreError) {
            result = .success(try verb(transaction))
            return nil
        } catch {
            result = .failure(error)
            return error
        }
    }

    override func finish(_ error: StoreError?) {
        completion(error.map(Result.failure) ?? result)
    }
}

/// The waiting verbs, in the order they came.
final class WriteQueue: Sendable {
    private let waiting = Monitor<(verbs: [PendingVerb], isClosed: Bool)>(([], false))
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Appends a verb; answers why not when it cannot.
    func append(_ verb: PendingVerb) -> StoreError? {
        let error: StoreError? = waiting.withLock {
            if $0.isClosed { return .unavailable(detail: "the store is closed") }
            if $0.verbs.count >= limit { return .overloaded }
            $0.verbs.append(verb)
            return nil
        }
        if error == nil { waiting.signal() }
        return error
    }

    /// Lets no more in.
    func close() {
        waiting.withLock { $0.isClosed = true }
        waiting.broadcast()
    }

    /// What the writer does next.
    enum Next {
        case batch([PendingVerb])
        case nothing
        case end
    }

    /// Waits for verbs, at most `milliseconds`, and takes up to `most` of them.
    func next(milliseconds: Int, most: Int) -> Next {
        waiting.wait(milliseconds: milliseconds) { queue -> Next? in
            if queue.verbs.isEmpty { return queue.isClosed ? .end : nil }
            let batch = Array(queue.verbs.prefix(most))
            queue.verbs.removeFirst(batch.count)
            return .batch(batch)
        } ?? .nothing
    }
}
