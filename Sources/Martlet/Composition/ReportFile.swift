// ReportFile: where the lines of a report go: a file that only its owner may read, or standard output.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A report. May be written to from several threads: one line is one write.
final class ReportFile: Sendable {
    private let file: Int32

    /// Opens the file at `path` to append to it, or standard output for nil.
    init(_ path: String?) throws(ConfigurationError) {
        guard let path else {
            file = STDOUT_FILENO
            return
        }
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw ConfigurationError(
                "\(Setting.report.variable) names \(path), which cannot be written: \(String(cString: strerror(errno))).")
        }
        guard Self.isPrivate(file) else {
            throw ConfigurationError("\(Setting.report.variable) names \(path), which others may read and this user cannot close to them.")
        }
    }

    /// A file that was there before may be open to others. A pipe or a device is not ours to close to them.
    private static func isPrivate(_ file: Int32) -> Bool {
        var status = stat()
        guard fstat(file, &status) == 0 else { return false }
        return status.st_mode & S_IFMT != S_IFREG || status.st_mode & 0o077 == 0 || fchmod(file, 0o600) == 0
    }

    deinit { if file != STDOUT_FILENO { close(file) } }

    /// Writes a line, its end included. What cannot be written (a full disk) is lost: no request waits for it.
    func write(_ line: [UInt8]) {
        #if canImport(Glibc)
            _ = Glibc.write(file, line, line.count)
        #else
            _ = Darwin.write(file, line, line.count)
        #endif
    }
}
