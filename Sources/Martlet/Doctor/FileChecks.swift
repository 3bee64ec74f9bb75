// FileChecks: the database and the master key as files: who may read them, whether the database has a write-ahead log, how much room
// is left.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FileChecks {
    private let configuration: Configuration

    init(_ configuration: Configuration) { self.configuration = configuration }

    var findings: [Finding] {
        let database = configuration.databasePath
        guard File.exists(database) else { return [] }
        return permissions(database) + [log(database), room(database)]
    }

    /// The database has password hashes; with the master key beside it, keys.
    private func permissions(_ database: String) -> [Finding] {
        let files = [database, database + "-wal", configuration.dataFolder + "/master.key"].filter(File.exists)
        let open = files.filter { Self.mode($0).map { $0 & 0o077 != 0 } ?? true }
        guard !open.isEmpty else { return [.ok("permissions", "only the owner may read \(files.joined(separator: ", "))")] }
        return open.map { .failed("permissions", "others may read or write \($0)", "chmod 600 \($0)") }
    }

    /// The file format's version numbers are 2 with a write-ahead log (SQLite's "Database File Format", §1.3).
    private func log(_ database: String) -> Finding {
        guard let header = Self.beginning(of: database, count: 20), header.count == 20 else {
            return .failed("write-ahead log", "\(database) is no SQLite database", "Restore it from a backup.")
        }
        guard header[18] == 2, header[19] == 2 else {
            return .warn("write-ahead log", "off", "Start the service once: it turns it on. A folder on a network cannot have one.")
        }
        return .ok("write-ahead log", "on")
    }

    private func room(_ database: String) -> Finding {
        var facts = statvfs()
        guard statvfs(database, &facts) == 0 else { return .warn("disk", "its room cannot be read", "Look with `df`.") }
        let (bytes, overflow) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        let free = overflow ? .max : bytes
        let text = "\(Quantity.count(Int64(clamping: free >> 20))) MiB are free"
        switch free {
        case ..<(100 << 20): return .failed("disk", text, "Make room: a full disk stops every login.")
        case ..<(1 << 30): return .warn("disk", text, "Make room before a full disk stops every login.")
        default: return .ok("disk", text)
        }
    }

    private static func mode(_ path: String) -> UInt32? {
        var facts = stat()
        return stat(path, &facts) == 0 ? UInt32(facts.st_mode) : nil
    }

    private static func beginning(of path: String, count: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file, &bytes, count, 0)
        return got < 0 ? nil : Array(bytes.prefix(got))
    }
}
