// BundledFiles: web pages, migrations and the list of common passwords: from inside the program, or from a folder that
// a setting names. All are read at the start, so what is served later is looked up in a table and not in a file system.

import Accounts
import CEmbedded
import HTTP
import SQLStore

enum BundledFiles {
    /// The web pages. Throws when the folder cannot be read.
    static func pages(from folder: String?) throws(ConfigurationError) -> [StaticFiles.File] {
        if let folder { return try read(folder, below: "").map { StaticFiles.File(name: $0.name, bytes: $0.bytes) } }
        return embedded(below: "Public/").map { StaticFiles.File(name: $0.name, bytes: $0.bytes) }
    }

    /// The migrations for SQLite. Throws when the folder cannot be read.
    static func migrations(from folder: String?) throws(ConfigurationError) -> [Migration] {
        let files = try folder.map { folder throws(ConfigurationError) in try read(folder, below: "") } ?? embedded(below: "Migrations/")
        return files.compactMap { Migration(fileName: $0.name, sql: String(decoding: $0.bytes, as: UTF8.self)) }
    }

    static var commonPasswords: CommonPasswords {
        CommonPasswords(sortedLines: embedded(below: "common-passwords.txt").first?.bytes ?? [])
    }

    /// The embedded files whose name begins so, without that beginning.
    static func embedded(below prefix: String) -> [(name: String, bytes: [UInt8])] {
        (0..<martlet_embedded_count()).compactMap { index in
            let file = martlet_embedded(index)
            let name = String(cString: file.name)
            guard name.hasPrefix(prefix) else { return nil }
            return (
                name == prefix ? name : String(name.dropFirst(prefix.count)),
                Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
            )
        }
    }

    private static func read(_ folder: String, below prefix: String) throws(ConfigurationError) -> [(name: String, bytes: [UInt8])] {
        guard let names = File.names(in: folder) else { throw ConfigurationError("\(folder) is not a folder that can be read.") }
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            if File.isFolder(path) {
                files += try read(path, below: "\(prefix)\(name)/")
            } else if let bytes = File.read(path, limit: 16 << 20) {
                files.append((prefix + name, bytes))
            } else {
                throw ConfigurationError("\(path) cannot be read.")
            }
        }
        return files
    }
}
