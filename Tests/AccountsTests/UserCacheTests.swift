// The cache of accounts: bounded, and never older than what was committed.

import Accounts
import MartletEncoding
import Store
import Testing

struct UserCacheTests {
    @Test("an account is read once, with its profile, until an event names it", arguments: [RevocationEvent.Kind.account, .user])
    func readOnce(kind: RevocationEvent.Kind) throws {
        let cache = UserCache(capacity: 64) { Array($0.username.utf8) }
        var reads = 0
        let read = { () throws(StoreError) -> User? in
            reads += 1
            return user("u1", name: "name-\(reads)")
        }
        #expect(cache.entry("u1") == nil)
        #expect(try cache.entry("u1", read: read)?.profile == Array("name-1".utf8))
        #expect(try cache.entry("u1", read: read)?.user.username == "name-1")
        #expect(cache.entry("u1")?.user.username == "name-1")
        cache.apply([event(kind, "u2")])
        #expect(cache.entry("u1") != nil)
        cache.apply([event(kind, "u1")])
        #expect(cache.entry("u1") == nil)
        #expect(try cache.entry("u1", read: read)?.user.username == "name-2")
        #expect(reads == 2)
    }

    @Test("events about other things let nothing go", arguments: [RevocationEvent.Kind.session, .token, .client, .key, .keyring])
    func otherEvents(kind: RevocationEvent.Kind) throws {
        let cache = UserCache(capacity: 64) { _ in [] }
        _ = try cache.entry("u1") { () throws(StoreError) in user("u1") }
        cache.apply([event(kind, "u1")])
        #expect(cache.entry("u1") != nil)
    }

    @Test("a change that is committed between the read and its end is not hidden by what was read")
    func race() throws {
        let cache = UserCache(capacity: 64) { _ in [] }
        let stale = try cache.entry("u1") { () throws(StoreError) in
            let before = user("u1", name: "before")
            cache.apply([event(.account, "u1")])
            return before
        }
        #expect(stale?.user.username == "before")
        #expect(cache.entry("u1") == nil)
        #expect(try cache.entry("u1") { () throws(StoreError) in user("u1", name: "after") }?.user.username == "after")
    }

    @Test("an account that is not there is not remembered, and an error passes through")
    func missing() throws {
        let cache = UserCache(capacity: 64) { _ in [] }
        #expect(try cache.entry("u1") { () throws(StoreError) in nil } == nil)
        #expect(throws: StoreError.overloaded) { try cache.entry("u1") { () throws(StoreError) in throw .overloaded } }
        #expect(try cache.entry("u1") { () throws(StoreError) in user("u1") } != nil)
    }

    @Test("it never holds more than its capacity, whatever is asked for")
    func bounded() throws {
        let cache = UserCache(capacity: 256) { _ in [] }
        for number in 0..<5000 { _ = try cache.entry("u\(number)") { () throws(StoreError) in user("u\(number)") } }
        let held = (0..<5000).count { cache.entry("u\($0)") != nil }
        #expect(held <= 256)
        #expect(held > 0)
    }

    @Test("what is asked for again outlives what is not")
    func twoGenerations() throws {
        let cache = UserCache(capacity: 256) { _ in [] }
        _ = try cache.entry("kept") { () throws(StoreError) in user("kept") }
        for number in 0..<2000 {
            _ = try cache.entry("u\(number)") { () throws(StoreError) in user("u\(number)") }
            #expect(cache.entry("kept") != nil)
        }
        #expect(cache.entry("u0") == nil)
    }

    @Test("an event reaches an account of the old generation too")
    func oldGeneration() throws {
        let cache = UserCache(capacity: 32) { _ in [] }
        let names = (0..<64).map { "u\($0)" }
        for name in names { _ = try cache.entry(name) { () throws(StoreError) in user(name) } }
        cache.apply(names.map { event(.account, $0) })
        #expect(names.allSatisfy { cache.entry($0) == nil })
    }

    private func event(_ kind: RevocationEvent.Kind, _ target: String) -> RevocationEvent {
        RevocationEvent(
            sequence: 1, id: "e", kind: kind, target: target, at: Fixture.start, until: Fixture.start, issuedBefore: nil, reason: nil,
            cause: nil)
    }
}

private func user(_ id: String, name: String = "ada") -> User {
    User(
        id: UserID(id), username: name, email: nil, emailVerified: false, displayName: "", passwordHash: nil, roles: [], isActive: true,
        version: 1, createdAt: Fixture.start, updatedAt: Fixture.start, lastLoginAt: nil, attributes: "{}", externalID: nil)
}
