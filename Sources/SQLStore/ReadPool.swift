// ReadPool: a few connections that only read, each lent to one thread at a time. The one returned last is lent first,
// since its memory is warm; none is opened before it is needed.

import MartletThreads
import Store

/// Connections for readers.
final class ReadPool: Sendable {
    private let path: String
    private let connections = Monitor<(idle: [SQLiteConnection], open: Int, isClosed: Bool)>(([], 0, false))

    init(path: String) { self.path = path }

    /// Runs `body` with a snapshot open on a connection that no other thread has meanwhile.
    func read<Value>(_ body: (SQLiteConnection) throws(StoreError) -> Value) throws(StoreError) -> Value {
        let connection = try borrow()
        defer {
            connections.withLock { $0.idle.append(connection) }
            connections.broadcast()
        }
        try connection.run(Statements.begin)
        defer { connection.rollBack() }
        return try body(connection)
    }

    /// Closes the connections when they are back.
    func close() {
        connections.withLock { $0.isClosed = true }
        connections.broadcast()
        connections.wait { state -> Void? in
            guard state.idle.count == state.open else { return nil }
            state.idle.removeAll()
            state.open = 0
            return ()
        }
    }

    private func borrow() throws(StoreError) -> SQLiteConnection {
        enum Turn {
            case lent(SQLiteConnection), mayOpen, closed
        }
        let turn = connections.wait { state -> Turn? in
            if state.isClosed { return .closed }
            if let connection = state.idle.popLast() { return .lent(connection) }
            guard state.open < Self.most else { return nil }
            state.open += 1
            return .mayOpen
        }
        switch turn {
        case .lent(let connection): return connection
        case .closed: throw .unavailable(detail: "the store is closed")
        case .mayOpen:
            do throws(StoreError) {
                return try SQLiteConnection.reader(path)
            } catch {
                connections.withLock { $0.open -= 1 }
                connections.broadcast()
                throw error
            }
        }
    }

    private static let most = 8
}
