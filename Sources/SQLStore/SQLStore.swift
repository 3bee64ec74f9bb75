// SQLStore: the `Store` on a SQL database, which is SQLite's file or memory. It opens the database, brings its schema
// forward, and hands reads to the pool and verbs to the writer.

package import MartletEncoding
package import Store

/// A store in a SQLite database.
package final class SQLStore: Store {
    let writer: Writer
    /// Nil in memory, where the writer's connection is the only one.
    private let readers: ReadPool?
    private let counter: RowCounter

    /// Where a database is.
    package enum Location: Sendable, Hashable {
        /// A file, made when there is none, for its owner only.
        case file(String)
        /// Memory; gone with the store.
        case memory
    }

    /// Opens a database and applies the migrations that it does not have yet.
    ///
    /// - `random` answers so many random bytes, good enough for ids that nobody may guess.
    /// - `auditDays`: days after which lines of the audit trail are purged. With nil nothing is purged by this store, of any
    ///   table: for command lines, which do not know the service's settings.
    /// - `queueLimit`: verbs that may wait for the writer.
    /// - `cacheKiB`: the writer's pages in memory; many rows at once want their indexes there.
    /// - `now` is written beside the migrations that are applied.
    ///
    /// Throws `incompatible` for a file that is no database, for a newer program's, or with another migration under a known
    /// number; `unavailable` when it cannot be opened or stays locked.
    package init(
        location: Location, migrations: [Migration], random: @escaping @Sendable (Int) -> [UInt8], auditDays: Int64? = 400,
        queueLimit: Int = 8192, cacheKiB: Int = 4096, at now: UnixTime
    ) throws(StoreError) {
        let migrator = try Migrator(migrations)
        let connection = try SQLiteConnection.writer(location, cacheKiB: cacheKiB)
        try migrator.apply(on: connection, at: now)
        let counter = RowCounter()
        self.counter = counter
        let file: String? = if case .file(let path) = location { path } else { nil }
        readers = file.map(ReadPool.init(path:))
        writer = try Writer(
            connection: connection, transaction: SQLTransaction(connection: connection, counter: counter, random: random),
            purge: auditDays.map(Purge.init(auditDays:)), file: file, queueLimit: queueLimit)
    }

    /// The migrations that a database does not have yet, without applying them. All of them when there is no such file.
    package static func pendingMigrations(
        location: Location, migrations: [Migration]
    ) throws(StoreError) -> [Migration] {
        let migrator = try Migrator(migrations)
        guard case .file(let path) = location, DatabaseFile.exists(path) else { return migrator.migrations }
        return try migrator.pending(on: SQLiteConnection.writer(location))
    }

    package func read<Value>(_ body: (any StoreReads) throws(StoreError) -> Value) throws(StoreError) -> Value {
        let counter = counter
        let ask = { (connection: SQLiteConnection) throws(StoreError) -> Value in
            try body(SQLSnapshot(connection: connection, counter: counter))
        }
        if let readers { return try readers.read(ask) }
        return try writer.read(ask)
    }

    package func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        writer.submit(TypedVerb(verb, completion: completion))
    }

    package func observeEvents(_ observer: @escaping @Sendable ([RevocationEvent]) -> Void) {
        writer.observe(observer)
    }

    package func close() {
        // The writer's connection goes last: closing it copies the log into the database.
        readers?.close()
        writer.close()
    }
}
