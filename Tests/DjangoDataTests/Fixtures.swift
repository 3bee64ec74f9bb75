// Fixtures: folders of a test's own, SQLite databases made through the C API, and dumps.

import CSQLite
import DjangoData
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder that is gone with the object.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/django-data-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// Makes a SQLite file by a script.
    func database(_ script: String) throws -> DjangoLocation {
        let file = "\(path)/db.sqlite3"
        var handle: OpaquePointer?
        try #require(sqlite3_open(file, &handle) == SQLITE_OK)
        defer { sqlite3_close(handle) }
        try #require(sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
        return .sqlite(path: file)
    }

    /// Makes a file of these bytes.
    func dump(_ bytes: [UInt8]) throws -> DjangoLocation {
        let file = "\(path)/dump.json"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        return .dump(path: file)
    }

    func dump(_ text: String) throws -> DjangoLocation { try dump(Array(text.utf8)) }
}

/// Django's own tables, as its migrations make them, so far as they are read.
let djangoTables = """
    CREATE TABLE auth_user (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime NULL,
        is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL,
        is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL, first_name varchar(150) NOT NULL);
    CREATE TABLE auth_group (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(150) NOT NULL UNIQUE);
    CREATE TABLE auth_user_groups (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, user_id integer NOT NULL, group_id integer NOT NULL);

    """

/// A row of `auth_user` with these values, the rest as usual.
func user(
    _ id: Int, _ username: String, email: String = "", joined: String = "2026-01-02 03:04:05.678901", active: String = "1"
) -> String {
    "INSERT INTO auth_user VALUES (\(id), 'pw\(id)', NULL, 0, \(username), 'L', '\(email)', 0, \(active), '\(joined)', 'F');\n"
}

extension DjangoSource {
    /// Every row, in batches of so many.
    func all(by limit: Int = 2, after position: DjangoPosition? = nil) throws -> [DjangoRow] {
        var rows: [DjangoRow] = []
        var position = position
        while let batch = try users(after: position, limit: limit) {
            #expect((1...limit).contains(batch.rows.count))
            rows += batch.rows
            // As it is stored between two runs.
            position = DjangoPosition(text: batch.position.text)
        }
        return rows
    }

    /// The accounts among the rows.
    func accounts(by limit: Int = 2) throws -> [DjangoUser] {
        try all(by: limit).compactMap { row in if case .user(let user) = row { user } else { nil } }
    }

    /// What is wrong with the others, by key.
    func problems() throws -> [String: String] {
        try all().reduce(into: [:]) { problems, row in
            if case .unreadable(let key, let why) = row { problems[key] = why }
        }
    }
}
