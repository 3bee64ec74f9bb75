// DatabaseFile: what is done with a database's file before SQLite opens it.

import Store

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file of a database.
enum DatabaseFile {
    /// Whether there is a file.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes an empty file that only its owner may read, which SQLite takes for a new database; false when there is a file already.
    ///
    /// A file that exists is not opened here: closing it again would drop the locks that this process holds on it through
    /// SQLite (https://www.sqlite.org/howtocorrupt.html, "POSIX advisory locks canceled").
    static func createPrivate(_ path: String) throws(StoreError) -> Bool {
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            return true
        }
        let code = errno
        guard code == EEXIST else { throw .unavailable(detail: "\(path): \(String(cString: strerror(code)))") }
        return false
    }

    /// Removes a file that nobody needs.
    static func remove(_ path: String) { unlink(path) }
}
