// The project's own migrations, for tests that stand on a database.

package import SQLStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files in `Migrations`, in their order.
package func projectMigrations() throws -> [Migration] {
    let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Migrations"
    guard let directory = opendir(folder) else { throw MissingFile(path: folder) }
    defer { closedir(directory) }
    var migrations: [Migration] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        guard name.hasSuffix(".sql") else { continue }
        if let migration = Migration(fileName: name, sql: String(decoding: try bytes("\(folder)/\(name)"), as: UTF8.self)) {
            migrations.append(migration)
        }
    }
    return migrations.sorted { $0.number < $1.number }
}

private struct MissingFile: Error {
    let path: String
}

private func bytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw MissingFile(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}
