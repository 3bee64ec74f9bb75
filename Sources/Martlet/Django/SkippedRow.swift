// SkippedRow: a row that was not taken, as a line of JSON, and the file of such lines. The file belongs to whoever runs the import
// alone (0600): usernames are in it.

import DjangoData
import MartletEncoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SkippedRow: Sendable, Hashable {
    /// The primary key, or the place in the dump.
    var key: String
    var username: String?
    var reason: ImportRules.Reason
    var detail: String

    /// One line, its end included.
    var line: [UInt8] {
        JSONWriter.object { writer in
            writer.member("pk", key)
            writer.member("username", username)
            writer.member("reason", reason.rawValue)
            writer.member("detail", detail)
        } + [0x0A]
    }
}

/// The file of lines; none when nobody asked for one.
final class SkippedRowsFile: Sendable {
    let path: String?
    private let file: Int32

    /// Opens the file, made when it is not there. Throws when it cannot be written, or has something else in it.
    init(_ path: String?) throws {
        self.path = path
        guard let path else {
            file = -1
            return
        }
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandFailure("\(path) cannot be written: \(String(cString: strerror(errno))).") }
        // What is there is written over: only what an import wrote may be.
        let beginning = Array(Self.beginning.utf8)
        var found = [UInt8](repeating: 0, count: beginning.count)
        let count = pread(file, &found, found.count, 0)
        guard count == 0 || found == beginning else {
            throw CommandFailure("\(path) is there already and is no file of skipped rows; name another one.")
        }
    }

    deinit { if file >= 0 { close(file) } }

    /// Puts lines at a place in the file, and nothing behind them; the place behind them. What belongs to a batch that was not
    /// stored is written over like this.
    func put(_ rows: [SkippedRow], at offset: Int64) throws(CommandFailure) -> Int64 {
        guard file >= 0 else { return offset }
        let bytes = rows.flatMap(\.line)
        guard ftruncate(file, off_t(offset)) == 0, pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw CommandFailure("\(path ?? "") cannot be written: \(String(cString: strerror(errno))).")
        }
        return offset + Int64(bytes.count)
    }

    /// How each line begins (``SkippedRow/line``).
    private static let beginning = "{\"pk\":"
}
