// What a commit must do: verbs that share one fail alone, and nothing is said before it is durable.

import MartletEncoding
import Store
import Testing

extension Check {
    static let commits: [Check] = [
        Check("a verb that throws is undone alone, and its neighbours in the commit stay") { database throws in
            let results = Gathered<Int>()
            for number in 0..<60 {
                let new = NewUser(id: UserID("\(number)"), username: "user\(number)", passwordHash: nil)
                database.submit({ transaction in
                    _ = try transaction.createUser(new, audit: Database.desk, at: Database.start)
                    if number % 3 == 0 { throw StoreError.unavailable(detail: "on purpose") }
                    return number
                }) { results.add($0) }
            }
            let all = try results.results(for: 60)
            #expect(all.count { if case .failure(.unavailable(detail: "on purpose")) = $0 { true } else { false } } == 20)
            for number in 0..<60 {
                #expect(try (database.user(UserID("\(number)")) != nil) == (number % 3 != 0))
            }
        },
        Check("a verb that throws alone leaves nothing, no event either") { database throws in
            let heard = Gathered<[RevocationEvent]>()
            database.store.observeEvents { heard.add($0) }
            #expect(throws: StoreError.self) {
                try database.write { transaction -> Int in
                    _ = try transaction.revoke(.client("app"), reason: nil, audit: Database.desk, at: Database.start)
                    throw StoreError.unavailable(detail: "on purpose")
                }
            }
            let event = try database.revoke(.client("other"))
            #expect(try database.audit(AuditFilter(action: .clientRevoked)).map(\.target) == ["client:other"])
            #expect(try heard.wait(for: 1).flatMap { $0 } == [event])
        },
        Check("an event is heard before its verb is answered, in order, and can be read by then") { database throws in
            let heard = Gathered<RevocationEvent>()
            database.store.observeEvents { for event in $0 { heard.add(event) } }
            let answered = Gathered<RevocationEvent?>()
            for number in 0..<100 {
                database.submit({
                    try $0.revoke(.client("app\(number)"), reason: nil, audit: Database.desk, at: Database.start)
                }) { result in
                    let known = (try? heard.wait(for: 0)) ?? []
                    if case .success(let event?) = result, !known.contains(event) { Issue.record("answered before it was heard") }
                    answered.add(result)
                }
            }
            let events = try answered.wait(for: 100).compactMap { $0 }
            let sequences = try heard.wait(for: 100).map(\.sequence)
            #expect(sequences == sequences.sorted())
            #expect(events.map(\.target) == (0..<100).map { "app\($0)" })
            #expect(try database.events() == events)
        },
        Check("what was answered is there for the next reader") { database throws in
            for number in 0..<20 {
                let user = try database.makeUser("user\(number)")
                #expect(try database.user(user.id) == user)
            }
        },
        Check("a reader sees one snapshot however long it reads") { database throws in
            try database.makeUser("ada")
            let bob = NewUser(id: UserID("bob"), username: "bob", passwordHash: nil)
            let written = Gathered<CreateUserOutcome>()
            try database.read { reads in
                let before = try reads.users(matching: nil, page: Page()).items.count
                database.submit({ try $0.createUser(bob, audit: Database.desk, at: Database.start) }) { written.add($0) }
                // In memory the write waits for this reader, so nothing is waited for here.
                #expect(try reads.users(matching: nil, page: Page()).items.count == before)
            }
            _ = try written.wait(for: 1)
            #expect(try database.user(UserID("bob")) != nil)
        },
        Check("events of another process are heard within a second, once and in order", needsTwoInstances: true) { database throws in
            let other = try database.openAnother()
            defer { other.close() }
            let heard = Gathered<RevocationEvent>()
            other.observeEvents { for event in $0 { heard.add(event) } }
            var sent = [RevocationEvent]()
            for number in 0..<5 {
                if let event = try database.revoke(.client("app\(number)")) { sent.append(event) }
            }
            #expect(try heard.wait(for: 5, seconds: 1) == sent)
            #expect(try other.read { reads throws(StoreError) in try reads.events(after: 0, limit: 10) } == sent)
        },
        Check("two processes write at once: each hears all events of both, in order", needsTwoInstances: true) { database throws in
            let other = try database.openAnother()
            defer { other.close() }
            let stores = [database.store, other]
            let heard = stores.map { _ in Gathered<RevocationEvent>() }
            for (store, gathered) in zip(stores, heard) { store.observeEvents { for event in $0 { gathered.add(event) } } }
            let answered = Gathered<RevocationEvent?>()
            for number in 0..<100 {
                Database(store: stores[number % 2], openAnother: database.openAnother).submit({
                    try $0.revoke(.client("app\(number)"), reason: nil, audit: Database.desk, at: Database.start)
                }) { answered.add($0) }
            }
            _ = try answered.wait(for: 100)
            for gathered in heard {
                let sequences = try gathered.wait(for: 100).map(\.sequence)
                #expect(sequences == sequences.sorted() && Set(sequences).count == 100)
            }
        },
        Check("a closed store finishes what waits and refuses what comes") { database throws in
            let answered = Gathered<RevocationEvent?>()
            for number in 0..<50 {
                database.submit({
                    try $0.revoke(.client("app\(number)"), reason: nil, audit: Database.desk, at: Database.start)
                }) { answered.add($0) }
            }
            database.store.close()
            #expect(try answered.wait(for: 50).count == 50)
            #expect(throws: StoreError.self) { try database.revoke(.client("late")) }
            #expect(throws: StoreError.self) { try database.lastSequence() }
        },
    ]
}
