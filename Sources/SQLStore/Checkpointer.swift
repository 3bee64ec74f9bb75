// Checkpointer: copies the write-ahead log into the database beside the writer, on a thread and a connection of its own,
// so that no verb waits for a thousand scattered pages to reach the disk.
//
// SQLite lets a passive checkpoint run while another connection writes (https://www.sqlite.org/c3ref/wal_checkpoint_v2.html).
// The log can only begin anew when all of it was copied, which never is the case under steady load; then the writer copies
// the short rest itself once the log is long.

import MartletThreads
import Store

/// The thread that checkpoints.
final class Checkpointer: Sendable {
    private let state = Monitor<(isWanted: Bool, isClosed: Bool)>((false, false))
    private let thread: Thread

    init(path: String) throws(StoreError) {
        guard let thread = Thread({ [state] in Self.run(path, state) }) else {
            throw .unavailable(detail: "cannot start the checkpointer's thread")
        }
        self.thread = thread
    }

    /// Asks for a checkpoint.
    func wake() {
        state.withLock { $0.isWanted = true }
        state.signal()
    }

    /// Ends the thread and closes its connection.
    func close() {
        state.withLock { $0.isClosed = true }
        state.signal()
        thread.join()
    }

    private static func run(_ path: String, _ state: Monitor<(isWanted: Bool, isClosed: Bool)>) {
        var connection: SQLiteConnection?
        while true {
            let goesOn = state.wait { state -> Bool? in
                if state.isClosed { return false }
                guard state.isWanted else { return nil }
                state.isWanted = false
                return true
            }
            guard goesOn else { return }
            // What fails here is tried again with the next thousand pages, and by the writer in the end.
            if connection == nil { connection = try? SQLiteConnection.checkpointer(path) }
            _ = try? connection?.attempt(Statements.checkpoint)
        }
    }
}
