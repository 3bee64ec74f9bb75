// What the key ring must do: one active key for each purpose, of ID tokens one for each algorithm, moved on by stored times.

import MartletEncoding
import Store
import Testing

extension Database {
    func key(
        _ id: String, _ purpose: SigningKeyRecord.Purpose = .access, algorithm: String = "ES256", isActive: Bool = false,
        at now: UnixTime = start
    ) -> SigningKeyRecord {
        SigningKeyRecord(
            id: id, purpose: purpose, algorithm: algorithm, publicKey: Array("public \(id)".utf8),
            privateKey: Array("sealed \(id)".utf8), publishedAt: now, activatedAt: isActive ? now : nil)
    }

    func add(_ key: SigningKeyRecord, at now: UnixTime = start) throws -> Bool {
        try write { try $0.addKey(key, audit: Self.desk, at: now) }
    }

    func states() throws -> [String: SigningKeyRecord.State] {
        let keys = try read { try $0.keys(includingRetired: true) }
        return Dictionary(uniqueKeysWithValues: keys.map { ($0.id, $0.state) })
    }
}

extension Check {
    static let keys: [Check] = [
        Check("keys are kept as they are, oldest first, each addition with a keyring event") { database throws in
            let later = database.key("b", algorithm: "EdDSA", at: Database.start.adding(seconds: 1))
            let first = database.key("a", isActive: true)
            #expect(try database.add(later))
            #expect(try database.add(first))
            #expect(try database.read { try $0.keys(includingRetired: false) } == [first, later])
            #expect(try database.events().map(\.kind) == [.keyring, .keyring])
            #expect(try database.audit(AuditFilter(action: .keyAdded)).map(\.target) == ["key:a", "key:b"])
        },
        Check("one key of a purpose and algorithm waits at a time") { database throws in
            #expect(try database.add(database.key("a")))
            #expect(try database.add(database.key("b")) == false)
            #expect(try database.add(database.key("c", algorithm: "EdDSA")))
            #expect(try database.add(database.key("d", .refresh)))
        },
        Check("two processes that start at once make one first key") { database throws in
            #expect(try database.add(database.key("a", isActive: true)))
            #expect(try database.add(database.key("b", isActive: true)) == false)
            #expect(try database.states() == ["a": .active])
        },
        Check("a waiting key becomes active when it has settled, and the active one of its purpose retires") { database throws in
            for key in [database.key("a", isActive: true), database.key("r", .refresh, isActive: true), database.key("b")] {
                #expect(try database.add(key))
            }
            let early = Database.start.adding(milliseconds: 359_999)
            #expect(try database.write { try $0.advanceKeys(at: early, settleSeconds: 360) } == false)
            let before = try database.lastSequence()
            let then = Database.start.adding(seconds: 360)
            #expect(try database.write { try $0.advanceKeys(at: then, settleSeconds: 360) })
            #expect(try database.states() == ["a": .retiring, "b": .active, "r": .active])
            #expect(try database.events(after: before).map(\.kind) == [.keyring])
            #expect(try database.write { try $0.advanceKeys(at: then, settleSeconds: 360) } == false)
        },
        Check("a retiring key is retired a minute after the last of its tokens expired, and kept as a record") { database throws in
            #expect(try database.add(database.key("a", isActive: true)))
            #expect(try database.add(database.key("b")))
            let session = try database.begin(
                "s1", for: try database.makeUser("ada"), marks: [KeyMark(keyID: "a", expiresAt: Database.start.adding(seconds: 700))])
            _ = try database.rotate(
                session, counter: 0, marks: [KeyMark(keyID: "a", expiresAt: Database.start.adding(seconds: 600))], at: Database.start)
            #expect(try database.write { try $0.advanceKeys(at: Database.start, settleSeconds: 0) })
            let early = Database.start.adding(milliseconds: 759_999)
            #expect(try database.write { try $0.advanceKeys(at: early, settleSeconds: 0) } == false)
            #expect(try database.write { try $0.advanceKeys(at: Database.start.adding(seconds: 760), settleSeconds: 0) })
            #expect(try database.states() == ["a": .retired, "b": .active])
            #expect(try database.read { try $0.keys(includingRetired: false) }.map(\.id) == ["b"])
        },
        Check("a key's mark rises and never falls") { database throws in
            #expect(try database.add(database.key("a", isActive: true)))
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            for (counter, seconds) in [500, 700, 600].enumerated() {
                let mark = KeyMark(keyID: "a", expiresAt: Database.start.adding(seconds: Int64(seconds)))
                _ = try database.rotate(session, counter: Int64(counter), marks: [mark], at: Database.start)
            }
            let key = try database.read { try $0.keys(includingRetired: false) }.first
            #expect(key?.lastTokenExpiresAt == Database.start.adding(seconds: 700))
        },
        Check("an emergency retires every key of the purpose at once, each with its event, and no other purpose's") { database throws in
            for key in [database.key("a", isActive: true), database.key("b"), database.key("r1", .refresh, isActive: true)] {
                #expect(try database.add(key))
            }
            try database.begin(
                "s1", for: try database.makeUser("ada"), marks: [KeyMark(keyID: "a", expiresAt: Database.start.adding(seconds: 600))])
            let before = try database.lastSequence()
            try database.write { try $0.replaceKeys(with: [database.key("c")], audit: Database.desk, at: Database.start) }
            #expect(try database.states() == ["a": .retired, "b": .retired, "c": .active, "r1": .active])
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.key, .key, .keyring])
            #expect(events.first { $0.target == "a" }?.until == Database.start.adding(seconds: 86_460))
        },
        Check("keys of ID tokens sign side by side, one for each algorithm, and follow their own") { database throws in
            for key in [
                database.key("e", .id, isActive: true), database.key("r", .id, algorithm: "RS256", isActive: true),
                database.key("a", isActive: true), database.key("e2", .id),
            ] { #expect(try database.add(key)) }
            #expect(try database.add(database.key("r2", .id, algorithm: "RS256", isActive: true)) == false)
            #expect(try database.write { try $0.advanceKeys(at: Database.start, settleSeconds: 0) })
            #expect(try database.states() == ["e": .retiring, "e2": .active, "r": .active, "a": .active])
            let replacement = database.key("r3", .id, algorithm: "RS256")
            try database.write { try $0.replaceKeys(with: [replacement], audit: Database.desk, at: Database.start) }
            #expect(try database.states() == ["e": .retiring, "e2": .active, "r": .retired, "r3": .active, "a": .active])
        },
        Check("private keys are sealed anew without anything else changing") { database throws in
            let key = database.key("a", isActive: true)
            #expect(try database.add(key))
            try database.write { try $0.resealKeys([(id: "a", privateKey: [1, 0, 2])]) }
            var sealed = key
            sealed.privateKey = [1, 0, 2]
            #expect(try database.read { try $0.keys(includingRetired: false) } == [sealed])
        },
    ]
}
