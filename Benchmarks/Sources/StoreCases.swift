// StoreCases: durable rotations of refresh tokens, one by one and sixteen at a time, next to bare SQLite commits of one
// row and of sixteen, all on the disk of the working directory.

import CSQLite
import MartletCryptography
import MartletEncoding
import MartletThreads
import SQLStore
import Store

enum StoreCases {
    static func all() throws -> [Case] {
        let folder = ".build/benchmarks"
        makeFolder(folder)
        return [
            bare("bare SQLite: durable commit of 1 row", folder, rows: 1),
            bare("bare SQLite: durable row in commits of 16", folder, rows: 16),
            try rotations("rotate, one caller", folder, callers: 1), try rotations("rotate, 16 callers", folder, callers: 16),
        ]
    }

    private static func rotations(_ name: String, _ folder: String, callers: Int) throws -> Case {
        let path = "\(folder)/rotate-\(callers).db"
        remove(path)
        let store = try SQLStore(
            location: .file(path), migrations: migrations(), random: { RandomSource.secure.bytes($0) }, at: now)
        let sessions = try (0..<64).map { index in try begin(store, index) }
        let counters = Monitor([Int64](repeating: 0, count: sessions.count))
        return Case(name: name, operationsPerUnit: callers) { count in
            let left = Monitor(count * callers)
            let done = Monitor(0)
            @Sendable func next(_ index: Int) {
                guard
                    left.withLock({
                        $0 -= 1; return $0 >= 0
                    })
                else {
                    done.withLock { $0 += 1 }
                    return done.broadcast()
                }
                let counter = counters.withLock { $0[index] }
                let request = RotationRequest(
                    session: sessions[index], clientID: "c", counter: counter, nonce: [1], graceSeconds: 30, maximumRetries: 64,
                    refreshLifetime: 1_209_600, refreshKeyID: "k", accessExpiresAt: now.adding(seconds: 600), ip: "127.0.0.1",
                    userAgent: "benchmark", keyMarks: [])
                store.write { transaction throws(StoreError) in
                    try transaction.rotate(request, audit: AuditContext(actor: .anonymous), at: now)
                } completion: { result in
                    guard case .success(.rotated) = result else { fatalError("a rotation failed: \(result)") }
                    counters.withLock { $0[index] += 1 }
                    next(index)
                }
            }
            for index in 0..<callers { next(index) }
            _ = done.wait { $0 == callers ? true : nil }
        }
    }

    private static func begin(_ store: SQLStore, _ index: Int) throws -> SessionID {
        let user = NewUser(id: UserID("user-\(index)"), username: "user\(index)", passwordHash: nil)
        let session = NewSession(
            id: SessionID("session-\(index)"), userID: user.id, clientID: "martlet", scope: "account", nonce: [1], refreshKeyID: "k",
            refreshExpiresAt: now.adding(seconds: 1_209_600), expiresAt: now.adding(seconds: 7_776_000),
            accessExpiresAt: now.adding(seconds: 600), address: LoginAddress("a"), ip: "127.0.0.1", userAgent: "benchmark", keyMarks: [])
        let audit = AuditContext(actor: .system)
        let outcome = try store.write { transaction throws(StoreError) in
            guard case .created(let made) = try transaction.createUser(user, audit: audit, at: now) else {
                return BeginSessionOutcome.accountChanged
            }
            return try transaction.beginSession(session, ifUserVersion: made.version, maximumPerUser: 100, audit: audit, at: now)
        }
        guard case .begun(let begun, _) = outcome else { fatalError("a session was not begun") }
        return begun.id
    }

    private static func bare(_ name: String, _ folder: String, rows: Int) -> Case {
        let path = "\(folder)/bare-\(rows).db"
        remove(path)
        var database: OpaquePointer?
        var insert: OpaquePointer?
        precondition(sqlite3_open(path, &database) == SQLITE_OK)
        let schema = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(hash BLOB PRIMARY KEY, user INTEGER) WITHOUT ROWID"
        precondition(sqlite3_exec(database, schema, nil, nil, nil) == SQLITE_OK)
        precondition(sqlite3_prepare_v2(database, "INSERT INTO t VALUES (randomblob(32), 1)", -1, &insert, nil) == SQLITE_OK)
        let connection = database
        let statement = insert
        return Case(name: name, operationsPerUnit: rows) { count in
            for _ in 0..<count {
                if rows > 1 { precondition(sqlite3_exec(connection, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK) }
                for _ in 0..<rows {
                    precondition(sqlite3_step(statement) == SQLITE_DONE)
                    sqlite3_reset(statement)
                }
                if rows > 1 { precondition(sqlite3_exec(connection, "COMMIT", nil, nil, nil) == SQLITE_OK) }
            }
        }
    }

    private static let now = UnixTime(seconds: 1_800_000_000)
}
