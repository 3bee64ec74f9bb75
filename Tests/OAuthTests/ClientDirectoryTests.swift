// Clients found by id: what memory says, what the store says, and that memory is never behind a change.

import MartletCryptography
import MartletEncoding
import OAuth
import ProjectMigrations
import SQLStore
import Store
import Testing

@Suite struct ClientDirectoryTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    static let audit = AuditContext(actor: .system)

    private let store: SQLStore
    private let directory: ClientDirectory

    init() throws {
        store = try SQLStore(
            location: .memory, migrations: try projectMigrations(), random: { RandomSource.secure.bytes($0) }, at: Self.now)
        let directory = ClientDirectory(store: store, documents: nil, capacity: 64)
        store.observeEvents { directory.apply($0) }
        self.directory = directory
    }

    private func add(_ id: String, _ metadata: String = #"{"redirect_uris":["https://a.example/cb"]}"#) throws {
        let client = OAuthClient(id: id, origin: .operator, secret: nil, metadata: metadata, createdAt: Self.now, updatedAt: Self.now)
        _ = try store.write { transaction throws(StoreError) in try transaction.addClient(client, audit: Self.audit) }
    }

    @Test("a client is unknown until it was loaded, then known, and gone with its removal")
    func life() throws {
        #expect(directory.cached("app", at: Self.now) == .unknown)
        #expect(try directory.load("app", at: Self.now) == nil)
        #expect(directory.cached("app", at: Self.now) == .absent)
        try add("app")
        #expect(directory.cached("app", at: Self.now) == .unknown, "that there was nobody is forgotten with the registration")
        let client = try #require(try directory.load("app", at: Self.now))
        #expect(directory.cached("app", at: Self.now) == .known(client))
        _ = try store.write { transaction throws(StoreError) in try transaction.removeClient("app", audit: Self.audit, at: Self.now) }
        #expect(directory.cached("app", at: Self.now) == .unknown)
        #expect(try directory.load("app", at: Self.now) == nil)
    }

    @Test("a change is seen from its commit on")
    func change() throws {
        try add("app")
        _ = try directory.load("app", at: Self.now)
        let change = try store.write { transaction throws(StoreError) -> ClientChange in
            try transaction.changeClient("app", audit: Self.audit, at: Self.now) { record throws(OAuthError) in
                var draft = try ClientDraft(of: record)
                draft.record.metadata = #"{"redirect_uris":["https://b.example/cb"]}"#
                return draft
            }
        }
        guard case .changed = change else { throw OAuthError(.serverError, "\(change)") }
        #expect(directory.cached("app", at: Self.now) == .unknown)
        #expect(try directory.load("app", at: Self.now)?.metadata.redirectURIs.map(\.text) == ["https://b.example/cb"])
    }

    @Test("that there is nobody is believed for ten seconds, whatever the clock does")
    func absence() throws {
        #expect(try directory.load("app", at: Self.now) == nil)
        #expect(directory.cached("app", at: Self.now.adding(milliseconds: 9_999)) == .absent)
        #expect(directory.cached("app", at: Self.now.adding(seconds: 10)) == .unknown)
        #expect(try directory.load("app", at: Self.now) == nil)
        #expect(directory.cached("app", at: Self.now.adding(seconds: -1)) == .unknown)
    }

    @Test(
        "what cannot be an id is nobody's, without a look",
        arguments: ["", "a b", "a/b", "é", "https://a.example/x", String(repeating: "a", count: 129)])
    func impossible(id: String) throws {
        #expect(directory.cached(id, at: Self.now) == .absent)
        #expect(!directory.isElsewhere(id))
        #expect(try directory.load(id, at: Self.now) == nil)
    }

    @Test("however many ids are asked for, a bounded number is kept, and the newest are among them")
    func bounds() throws {
        for number in 0..<400 {
            try add("app\(number)")
            #expect(try directory.load("app\(number)", at: Self.now) != nil)
            #expect(try directory.load("nobody\(number)", at: Self.now) == nil)
        }
        let known = (0..<400).count { number in
            if case .known = directory.cached("app\(number)", at: Self.now) { true } else { false }
        }
        let absent = (0..<400).count { directory.cached("nobody\($0)", at: Self.now) == .absent }
        #expect((1...64).contains(known) && (1...64).contains(absent))
        guard case .known = directory.cached("app399", at: Self.now) else { throw OAuthError(.serverError, "the newest is gone") }
    }

    @Test("a registration that cannot be read any more is an error, and not an absence")
    func unreadable() throws {
        try add("app", "{}")
        #expect { try directory.load("app", at: Self.now) } throws: { ($0 as? OAuthError)?.code == .serverError }
        #expect(directory.cached("app", at: Self.now) == .unknown)
    }

    @Test("a store that cannot be read is no reason to say that there is nobody")
    func outage() throws {
        store.close()
        #expect { try directory.load("app", at: Self.now) } throws: { ($0 as? OAuthError)?.code == .temporarilyUnavailable }
    }
}
