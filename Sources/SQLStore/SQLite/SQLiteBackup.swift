// SQLiteBackup: a consistent copy of a database that is in use, by SQLite's backup API (https://www.sqlite.org/backup.html).
// Pages are copied in steps; a write in between makes SQLite copy what it changed again.

import CSQLite
package import Store

extension SQLStore {
    /// Copies the database at `source` to a new file that only its owner may read, and gives the copy a lineage of its own.
    /// `progress` hears how many pages are done, of how many.
    ///
    /// Throws `unavailable` when `target` exists, which is left as it is, and `unavailable` or `incompatible` when either file
    /// cannot be used; no copy is left then.
    package static func backUp(
        from source: String, to target: String, lineage: String, progress: (_ done: Int, _ total: Int) -> Void
    ) throws(StoreError) {
        let original = try SQLiteConnection(path: source, role: .reader)
        // SQLite's own would be made by the umask, and every password hash is in it.
        guard try DatabaseFile.createPrivate(target) else { throw .unavailable(detail: "\(target) exists already") }
        do throws(StoreError) {
            let copy = try SQLiteConnection(path: target, role: .writer)
            try copy.copyPages(of: original, progress: progress)
            try copy.run(Statements.setFact, [.text(Fact.lineage.rawValue), .text(lineage)])
        } catch {
            DatabaseFile.remove(target)
            throw error
        }
    }
}

extension SQLiteConnection {
    fileprivate func copyPages(of original: SQLiteConnection, progress: (_ done: Int, _ total: Int) -> Void) throws(StoreError) {
        guard let backup = sqlite3_backup_init(database, "main", original.database, "main") else {
            throw Self.failure(database, sqlite3_errcode(database))
        }
        var code = SQLITE_OK
        var waits = 0
        while code == SQLITE_OK || (code == SQLITE_BUSY || code == SQLITE_LOCKED) && waits < 100 {
            if code != SQLITE_OK {
                waits += 1
                sqlite3_sleep(50)
            }
            code = sqlite3_backup_step(backup, 1024)
            let total = Int(sqlite3_backup_pagecount(backup))
            progress(total - Int(sqlite3_backup_remaining(backup)), total)
        }
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw Self.failure(database, code) }
    }
}
