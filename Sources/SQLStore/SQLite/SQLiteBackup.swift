// SQLiteBackup: a consistent copy of a database that is in use, by SQLite's backup API (https://www.sqlite.org/backup.html).
// Pages are copied in steps; a write in between makes SQLite copy what it changed again.

import CSQLite
package import Store

extension SQLStore {
    /// Copies the database at `source` to a new file and gives the copy a lineage of its own. `progress` hears how many pages
    /// are done, of how many.
    ///
    /// Throws `unavailable` when either file cannot be used; what was copied then is not to be trusted.
    package static func backUp(
        from source: String, to target: String, lineage: String, progress: (_ done: Int, _ total: Int) -> Void
    ) throws(StoreError) {
        let copy = try SQLiteConnection(path: target, role: .writer)
        let original = try SQLiteConnection(path: source, role: .reader)
        try copy.copyPages(of: original, progress: progress)
        try copy.run("UPDATE facts SET value = $1 WHERE name = $2", [.text(lineage), .text(Fact.lineage.rawValue)])
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
