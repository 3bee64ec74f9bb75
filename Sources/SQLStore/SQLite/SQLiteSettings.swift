// SQLiteSettings: how Martlet's connections are set up, and why.

import Store

extension SQLiteConnection {
    /// The connection that writes, with so many KiB of pages in memory.
    static func writer(_ location: SQLStore.Location, cacheKiB: Int = 4096) throws(StoreError) -> SQLiteConnection {
        switch location {
        case .memory:
            let connection = try SQLiteConnection(path: ":memory:", role: .writer)
            try connection.execute(script: common)
            return connection
        case .file(let path):
            _ = try DatabaseFile.createPrivate(path)
            let connection = try SQLiteConnection(path: path, role: .writer)
            connection.setBusyTimeout(milliseconds: Int32(Writer.pollMilliseconds))
            try connection.useWriteAheadLog()
            try connection.execute(script: common + durable + "PRAGMA cache_size = -\(cacheKiB);")
            connection.takeOverCheckpoints()
            return connection
        }
    }

    /// A connection that copies the log of a file which a writer has open.
    static func checkpointer(_ path: String) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, role: .writer)
        try connection.execute(script: "PRAGMA synchronous = FULL; PRAGMA cache_size = -64;")
        return connection
    }

    /// A connection that reads a file which a writer has open.
    static func reader(_ path: String) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, role: .reader)
        connection.setBusyTimeout(milliseconds: 5000)
        try connection.execute(script: common + "PRAGMA cache_size = -512;")
        return connection
    }

    /// Another process may be at the same, or recovering the log; the switch does not wait by itself.
    private func useWriteAheadLog() throws(StoreError) {
        for _ in 0..<50 {
            if try attempt(Self.writeAheadLog) { return }
        }
        throw .unavailable(detail: "another process keeps the database locked")
    }

    private static let writeAheadLog: SQL = "PRAGMA journal_mode = WAL"
    private static let common = """
        PRAGMA foreign_keys = ON;
        PRAGMA trusted_schema = OFF;
        PRAGMA temp_store = MEMORY;
        PRAGMA secure_delete = FAST;

        """
    private static let durable = """
        PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = 33554432;

        """
}
