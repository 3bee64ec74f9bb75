// What the tests of SQLStore need around it: the project's migrations, directories that go away, and randomness.

import MartletEncoding
import ProjectMigrations
import SQLStore
import Store

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SQLStore {
    /// A store with the project's migrations.
    static func forTests(
        _ location: Location, migrations: [Migration]? = nil, auditDays: Int64? = 400, queueLimit: Int = 8192
    ) throws -> SQLStore {
        try SQLStore(
            location: location, migrations: migrations ?? projectMigrations(), random: randomBytes, auditDays: auditDays,
            queueLimit: queueLimit, at: UnixTime(seconds: 1_800_000_000))
    }
}

@Sendable func randomBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255) }
}

func readFile(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8]()
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    guard let file = fopen(path, "w") else { throw FixtureError(what: "cannot write \(path)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

struct FixtureError: Error {
    let what: String
}

/// A directory that is removed with its files when the test is over.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/martlet-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FixtureError(what: "mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["martlet.sqlite", "copy.sqlite"] {
            for end in ["", "-wal", "-shm", "-journal"] { unlink("\(path)/\(name)\(end)") }
        }
        rmdir(path)
    }
}
