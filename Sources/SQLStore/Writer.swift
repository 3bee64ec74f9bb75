// Writer: the one thread that writes. It takes the verbs that wait, runs each in a savepoint of one transaction,
// commits them together, tells observers the events, and then hands out the answers:
//
//     take ─▶ BEGIN IMMEDIATE ─▶ (SAVEPOINT verb RELEASE)… ─▶ purge a little ─▶ COMMIT ─▶ observers ─▶ answers
//
// While the disk makes one commit durable the next verbs gather by themselves, so the batch grows with the load and
// nobody waits for a timer. With nothing to do it looks for other processes' events ten times a second, and purges.

import MartletEncoding
import MartletThreads
import Store
import Synchronization

/// The writer's thread and its connection.
final class Writer: Sendable {
    private let queue: WriteQueue
    /// Nil in memory.
    private let checkpointer: Checkpointer?
    private let state: Monitor<State?>
    private let observers = Mutex<[@Sendable ([RevocationEvent]) -> Void]>([])
    private let thread = Mutex<Thread?>(nil)

    /// What only the writer's thread touches; a reader too when the database is in memory and there is no other connection.
    private final class State {
        let connection: SQLiteConnection
        let transaction: SQLTransaction
        /// Nil where nothing is to be purged.
        let purge: Purge?
        /// The time of the last batch that had one, by which the purge goes while nothing is written.
        var time: UnixTime?
        /// The sequence number of the last event that observers heard.
        var lastTold: Int64
        /// The length of the log at which the checkpointer is asked again.
        var nextCheckpoint = Writer.checkpointPages

        init(connection: SQLiteConnection, transaction: SQLTransaction, purge: Purge?, lastTold: Int64) {
            self.connection = connection
            self.transaction = transaction
            self.purge = purge
            self.lastTold = lastTold
        }
    }

    /// Starts the thread. `connection` is the writer's from now on; `file` is the database's, nil in memory.
    init(
        connection: SQLiteConnection, transaction: SQLTransaction, purge: Purge?, file: String?, queueLimit: Int
    ) throws(StoreError) {
        queue = WriteQueue(limit: queueLimit)
        state = Monitor(
            State(connection: connection, transaction: transaction, purge: purge, lastTold: try transaction.lastSequence()))
        checkpointer = if let file { try Checkpointer(path: file) } else { nil }
        guard let thread = Thread({ [self] in run() }) else {
            checkpointer?.close()
            throw .unavailable(detail: "cannot start the writer's thread")
        }
        self.thread.withLock { $0 = thread }
    }

    func submit(_ verb: PendingVerb) {
        if let error = queue.append(verb) { verb.finish(error) }
    }

    func observe(_ observer: @escaping @Sendable ([RevocationEvent]) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    /// Reads through the writer's own connection, between two batches.
    func read<Value>(
        _ body: (SQLiteConnection) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try state.withLock { state throws(StoreError) in
            guard let state else { throw .unavailable(detail: "the store is closed") }
            return try body(state.connection)
        }
    }

    /// Ends the thread after the waiting verbs, and closes the connection.
    func close() {
        queue.close()
        // A thread can be waited for once.
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    private func run() {
        while true {
            switch queue.next(milliseconds: Self.pollMilliseconds, most: Self.batchLimit) {
            case .batch(let batch): run(batch)
            case .nothing: idle()
            case .end:
                checkpointer?.close()
                state.withLock { $0 = nil }
                return
            }
        }
    }

    private func idle() {
        state.withLock { state in
            guard let state else { return }
            tellOthersEvents(state)
            do throws(StoreError) {
                try purgeMore(state)
            } catch {
                // What could not be purged can wait.
                state.connection.rollBack()
            }
            if let checkpointer { keepLogShort(state, checkpointer) }
        }
    }

    /// Purges what is over in a transaction of its own, unless another process is writing.
    private func purgeMore(_ state: State) throws(StoreError) {
        let connection = state.connection
        guard let purge = state.purge, let time = state.time, try purge.isDue(on: connection, at: time),
            try connection.attempt(Statements.beginImmediate)
        else { return }
        try purge.run(on: connection, at: time, rows: Purge.idleRows)
        try connection.run(Statements.commit)
    }

    private func run(_ batch: [PendingVerb]) {
        do throws(StoreError) {
            let events = try state.withLock { state throws(StoreError) -> [RevocationEvent] in
                guard let state else { throw .unavailable(detail: "the store is closed") }
                do throws(StoreError) {
                    return try commit(batch, state)
                } catch {
                    state.connection.rollBack()
                    throw error
                }
            }
            tell(events)
            for verb in batch { verb.finish(nil) }
        } catch {
            for verb in batch { verb.finish(.unavailable(detail: error.detail)) }
            // On a full disk a log that is copied can begin anew in the room that it has.
            checkpointer?.wake()
        }
        if let checkpointer { state.withLock { state in if let state { keepLogShort(state, checkpointer) } } }
    }

    /// Has the log copied beside the writer's work, and copies what is left of it here when it has become long.
    private func keepLogShort(_ state: State, _ checkpointer: Checkpointer) {
        let pages = state.connection.logPages
        if pages < state.nextCheckpoint - Self.checkpointPages { state.nextCheckpoint = Self.checkpointPages }
        if pages >= Self.longestLog {
            _ = try? state.connection.attempt(Statements.checkpoint)
        } else if pages >= state.nextCheckpoint {
            state.nextCheckpoint = pages + Self.checkpointPages
            checkpointer.wake()
        }
    }

    /// Runs the verbs and commits; answers the events that are durable now and that observers have not heard.
    private func commit(_ batch: [PendingVerb], _ state: State) throws(StoreError) -> [RevocationEvent] {
        let connection = state.connection
        try begin(state)
        state.transaction.beginBatch()
        for verb in batch {
            if batch.count > 1 { try connection.run(Statements.savepoint) }
            let error = verb.perform(state.transaction)
            // Some failures take the whole transaction with them, and what the verbs before had written.
            if connection.isOutsideTransaction { throw error ?? .unavailable(detail: "the transaction was taken back") }
            if batch.count > 1 {
                if error != nil { try connection.run(Statements.rollbackToSavepoint) }
                try connection.run(Statements.release)
            } else if error != nil {
                connection.rollBack()
                return []
            }
        }
        if let now = state.transaction.latest {
            state.time = now
            do throws(StoreError) {
                try state.purge?.run(on: connection, at: now, rows: Purge.rows(forVerbs: batch.count))
            } catch {
                // What could not be purged can wait, unless the verbs' work is gone with it.
                if connection.isOutsideTransaction { throw error }
            }
        }
        // Read before the commit, so that nothing can fail after it.
        let events = try state.transaction.events(after: state.lastTold, limit: .max)
        try connection.run(Statements.commit)
        if let last = events.last { state.lastTold = last.sequence }
        return events
    }

    /// Takes the write lock. Others' events are told while another process holds it.
    private func begin(_ state: State) throws(StoreError) {
        for _ in 0..<Self.beginAttempts {
            if try state.connection.attempt(Statements.beginImmediate) { return }
            tellOthersEvents(state)
        }
        throw .unavailable(detail: "another process keeps the database locked")
    }

    private func tellOthersEvents(_ state: State) {
        // What cannot be read now is read the next time.
        guard let events = try? state.transaction.events(after: state.lastTold, limit: Self.tailLimit), let last = events.last
        else { return }
        state.lastTold = last.sequence
        tell(events)
    }

    private func tell(_ events: [RevocationEvent]) {
        guard !events.isEmpty else { return }
        for observer in observers.withLock({ $0 }) { observer(events) }
    }

    /// Milliseconds between two looks for others' events, and that one attempt to begin waits for the lock.
    static let pollMilliseconds = 100
    /// Five seconds in all.
    private static let beginAttempts = 50
    /// 4 MiB of log between two checkpoints, and 32 MiB at most.
    private static let checkpointPages: Int32 = 1000
    private static let longestLog: Int32 = 8000
    private static let batchLimit = 256
    private static let tailLimit = 10_000
}
