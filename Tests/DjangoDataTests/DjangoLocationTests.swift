// Where a database is said to be.

import DjangoData
import Testing

@Suite("locations")
struct DjangoLocationTests {
    @Test(
        "SQLite's are paths",
        arguments: [
            ("sqlite:/srv/db.sqlite3", "/srv/db.sqlite3"), ("sqlite:///srv/db.sqlite3", "/srv/db.sqlite3"),
            ("sqlite:////srv/db.sqlite3", "/srv/db.sqlite3"), ("sqlite:db.sqlite3", "db.sqlite3"),
        ])
    func sqlite(text: String, path: String) throws {
        #expect(try DjangoLocation(database: text) == .sqlite(path: path))
    }

    @Test(
        "PostgreSQL's are URIs for libpq, as they are",
        arguments: [
            "postgres://app@db.example:5433/site", "postgresql:///site?host=/run/postgresql", "postgres://app@one,two/site",
            "postgres://db/site?sslmode=verify-full&passfile=/etc/pass", "postgres://[::1]:5432/site",
        ])
    func postgres(text: String) throws {
        #expect(try DjangoLocation(database: text) == .postgres(uri: text))
    }

    @Test(
        "with a password are refused",
        arguments: [
            "postgres://app:hunter2@db/site", "postgres://app:@db/site", "postgresql://db/site?password=hunter2",
            "postgresql://db/site?sslmode=require&sslpassword=hunter2", "postgresql://db/site?p%61ssword=hunter2",
        ])
    func password(text: String) {
        #expect {
            try DjangoLocation(database: text)
        } throws: { error in
            // The sentence says where it belongs, and never the password.
            "\(error)".contains("PGPASSWORD") && !"\(error)".contains("hunter2")
        }
    }

    @Test("that name nothing are refused", arguments: ["", "sqlite:", "sqlite:///", "mysql://db/site", "/srv/db.sqlite3", "postgres:site"])
    func nothing(text: String) {
        #expect(throws: DjangoDataError.self) { try DjangoLocation(database: text) }
    }

    @Test(
        "names of tables are letters, digits and underscores",
        arguments: ["a b", "a;b", "", "users\"", "a.b", String(repeating: "a", count: 64)])
    func tables(name: String) {
        #expect(throws: DjangoDataError.self) { try DjangoTables(users: name) }
        #expect(throws: DjangoDataError.self) { try DjangoTables(username: name) }
        #expect(throws: DjangoDataError.self) { try DjangoTables(email: name) }
    }
}
