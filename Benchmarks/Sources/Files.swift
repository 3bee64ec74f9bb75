// Files: the folder that store benchmarks work in, and the migrations of the working directory.

import SQLStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

func makeFolder(_ path: String) {
    mkdir(path, 0o700)
}

func remove(_ database: String) {
    for suffix in ["", "-wal", "-shm"] { unlink(database + suffix) }
}

/// The migrations in `Migrations/` of the working directory.
func migrations() -> [Migration] {
    guard let directory = opendir("Migrations") else { fatalError("run from the top of the repository") }
    defer { closedir(directory) }
    var found: [Migration] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        guard let file = fopen("Migrations/\(name)", "r") else { continue }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&text, 1, text.count, file)
        if let migration = Migration(fileName: name, sql: String(decoding: text.prefix(count), as: UTF8.self)) { found.append(migration) }
    }
    return found.sorted { $0.number < $1.number }
}
