// What the rotation of refresh tokens must do: the table, line by line.

import MartletEncoding
import Store
import Testing

extension Check {
    static let rotation: [Check] = [
        Check("the current counter rotates: everything that belongs to the new token is in the row") { database throws in
            let ada = try database.makeUser("ada")
            let session = try database.begin("s1", for: ada)
            let later = Database.start.adding(milliseconds: 400_250)
            let outcome = try database.rotate(session, counter: 0, ip: "198.51.100.9", agent: "phone", at: later)
            guard case .rotated(let rotated, let user) = outcome else { throw Unexpected(outcome) }
            #expect(user.id == ada.id)
            #expect(rotated.counter == 1 && rotated.retries == 0 && rotated.refreshKeyID == "r2")
            #expect(rotated.rotatedAt == later && rotated.lastUsedAt == later)
            #expect(rotated.refreshExpiresAt == later.adding(seconds: 86_400))
            #expect(rotated.accessExpiresAt == later.adding(seconds: 600))
            #expect(rotated.ip == "198.51.100.9" && rotated.userAgent == "phone")
            #expect(try database.session(session, at: later) == rotated)
        },
        Check("the time of last use moves in steps of five minutes") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let soon = Database.start.adding(seconds: 299)
            _ = try database.rotate(session, counter: 0, at: soon)
            #expect(try database.session(session, at: soon)?.lastUsedAt == Database.start)
            let later = Database.start.adding(seconds: 300)
            _ = try database.rotate(session, counter: 1, at: later)
            #expect(try database.session(session, at: later)?.lastUsedAt == later)
        },
        Check("no refresh token outlives its session") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            var now = Database.start
            for counter in 0..<9 {
                now = now.adding(seconds: 86_399)
                _ = try database.rotate(session, counter: Int64(counter), at: now)
            }
            now = now.adding(seconds: 80_000)
            guard case .rotated(let last, _) = try database.rotate(session, counter: 9, at: now) else { throw Unexpected("refused") }
            #expect(last.refreshExpiresAt == session.expiresAt)
            #expect(try database.rotate(session, counter: 10, at: session.expiresAt) == .ended)
        },
        Check("a token of one client's session is nothing in the hands of another, and stays good in its own") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            var taken = session
            taken.clientID = "another"
            #expect(try database.rotate(taken, counter: 0, at: Database.start) == .ended)
            guard case .rotated = try database.rotate(session, counter: 0, at: Database.start) else { throw Unexpected("refused") }
        },
        Check("a mark of the session's access tokens never falls") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, at: Database.start.adding(seconds: -300))
            #expect(try database.session(session, at: Database.start)?.accessExpiresAt == session.accessExpiresAt)
        },
        Check("a token that is kept stays the current one: only the access tokens' mark and the time of use move") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let later = Database.start.adding(seconds: 400)
            let marks = [KeyMark(keyID: "a1", expiresAt: later.adding(seconds: 7200))]
            for _ in 0..<2 {
                let outcome = try database.rotate(
                    session, counter: 0, ip: "198.51.100.9", agent: "phone", marks: marks, rule: .keep, at: later)
                guard case .kept(let kept, _) = outcome else { throw Unexpected(outcome) }
                var expected = session
                expected.accessExpiresAt = later.adding(seconds: 600)
                expected.lastUsedAt = later
                #expect(kept == expected)
                #expect(try database.session(session, at: later) == expected)
            }
            #expect(try database.rotate(session, counter: 0, rule: .keep, at: session.refreshExpiresAt) == .ended)
        },
        Check("a token that is kept and extended has the end of a rotation, never an earlier one, nor one after the session's") {
            database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let later = Database.start.adding(seconds: 80_000)
            guard case .kept(let kept, _) = try database.rotate(session, counter: 0, rule: .extend, at: later) else {
                throw Unexpected("refused")
            }
            #expect(kept.refreshExpiresAt == later.adding(seconds: 86_400) && kept.rotatedAt == later && kept.refreshKeyID == "r2")
            #expect(kept.counter == 0 && kept.nonce == session.nonce)
            #expect(try database.session(session, at: later) == kept)
            // A clock that jumped back shortens nothing.
            _ = try database.rotate(session, counter: 0, rule: .extend, at: Database.start)
            #expect(try database.session(session, at: later)?.refreshExpiresAt == kept.refreshExpiresAt)
            var now = later
            while now < session.expiresAt {
                guard case .kept = try database.rotate(session, counter: 0, rule: .extend, at: now) else {
                    throw Unexpected("refused")
                }
                now = now.adding(seconds: 86_399)
            }
            #expect(try database.rotate(session, counter: 0, rule: .extend, at: session.expiresAt) == .ended)
        },
        Check("extending leaves no grace for the token before: its time is not known any more") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, at: Database.start)
            _ = try database.rotate(session, counter: 1, rule: .extend, at: Database.start)
            #expect(try database.rotate(session, counter: 0, at: Database.start) == .replayed)
        },
        Check("a token that was rotated is not kept: it ends the session, as one ahead is refused") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            #expect(try database.rotate(session, counter: 1, rule: .keep, at: Database.start) == .ahead)
            var forged = session
            forged.nonce = Array("another nonce".utf8)
            #expect(try database.rotate(forged, counter: 0, rule: .keep, at: Database.start) == .ended)
            _ = try database.rotate(session, counter: 0, at: Database.start)
            #expect(try database.rotate(session, counter: 0, grace: 0, rule: .keep, at: Database.start) == .replayed)
            #expect(try database.session(session, at: Database.start) == nil)
        },
        Check("one behind within the grace is answered with the current token, and changes nothing of it") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let rotatedAt = Database.start.adding(seconds: 10)
            guard case .rotated(let current, _) = try database.rotate(session, counter: 0, at: rotatedAt) else {
                throw Unexpected("refused")
            }
            let last = rotatedAt.adding(milliseconds: 29_999)
            guard case .retried(let again, _) = try database.rotate(session, counter: 0, at: last) else { throw Unexpected("refused") }
            #expect(again.counter == current.counter && again.rotatedAt == current.rotatedAt)
            #expect(again.refreshKeyID == current.refreshKeyID && again.refreshExpiresAt == current.refreshExpiresAt)
            #expect(again.retries == 1 && again.accessExpiresAt == last.adding(seconds: 600))
            #expect(try database.session(session, at: last) == again)
        },
        Check("one behind when the grace is over is a replay: the session ends with an event and a line in the trail") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, at: Database.start)
            let before = try database.lastSequence()
            let late = Database.start.adding(seconds: 30)
            #expect(try database.rotate(session, counter: 0, at: late) == .replayed)
            #expect(try database.session(session, at: late) == nil)
            let events = try database.events(after: before)
            #expect(events.map(\.kind) == [.session] && events.first?.target == "s1")
            #expect(events.first?.until == session.accessExpiresAt.adding(seconds: 60))
            let line = try database.audit(AuditFilter(action: .refreshReplayed)).first
            #expect(line?.target == "session:s1" && line?.result == .failure)
            #expect(try database.rotate(session, counter: 1, at: late) == .ended)
        },
        Check("the grace reaches a minute back for clocks that differ, and no further") { database throws in
            for (name, milliseconds, isRetried) in [("s1", -60_000, true), ("s2", -60_001, false)] as [(String, Int64, Bool)] {
                let session = try database.begin(name, for: try database.makeUser("owner of \(name)"))
                let rotatedAt = Database.start.adding(seconds: 3600)
                _ = try database.rotate(session, counter: 0, at: rotatedAt)
                let outcome = try database.rotate(session, counter: 0, at: rotatedAt.adding(milliseconds: milliseconds))
                if case .retried = outcome { #expect(isRetried) } else { #expect(outcome == .replayed && !isRetried) }
            }
        },
        Check("who rotates with a refresh key that was replaced must ask again: the session lives on, unchanged") { database throws in
            #expect(try database.add(database.key("r1", .refresh, isActive: true)))
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let replacedAt = Database.start.adding(seconds: 1)
            #expect(try database.rotate(session, counter: 0, at: replacedAt) == .staleKeys, "r2 is unknown yet")
            try database.write { try $0.replaceKeys(with: [database.key("r3", .refresh)], audit: Database.desk, at: replacedAt) }
            let (events, lines) = (try database.lastSequence(), try database.audit().count)
            for counter in [0, -1, 5] as [Int64] {
                var request = Database.request(session, counter: counter, at: replacedAt)
                request.refreshKeyID = "r1"
                let stale = request
                #expect(try database.write { try $0.rotate(stale, audit: Database.desk, at: replacedAt) } == .staleKeys)
            }
            #expect(try database.session(session, at: replacedAt) == session)
            #expect(try database.lastSequence() == events)
            #expect(try database.audit().count == lines)
            var fresh = Database.request(session, counter: 0, at: replacedAt)
            fresh.refreshKeyID = "r3"
            let request = fresh
            guard case .rotated = try database.write({ try $0.rotate(request, audit: Database.desk, at: replacedAt) }) else {
                throw Unexpected("refused")
            }
        },
        Check("a refresh key that retires still rotates: its tokens verify until it is retired") { database throws in
            for key in [database.key("r2", .refresh, isActive: true), database.key("r1", .refresh)] {
                #expect(try database.add(key))
            }
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            #expect(try database.write { try $0.advanceKeys(at: Database.start, settleSeconds: 0) })
            #expect(try database.states() == ["r1": .active, "r2": .retiring])
            guard case .rotated = try database.rotate(session, counter: 0, at: Database.start) else { throw Unexpected("refused") }
        },
        Check("with a grace of 0 one behind is a replay at once") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, grace: 0, at: Database.start)
            #expect(try database.rotate(session, counter: 0, grace: 0, at: Database.start) == .replayed)
        },
        Check("after the last allowed retry one behind is a replay") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, retries: 2, at: Database.start)
            for _ in 0..<2 {
                guard case .retried = try database.rotate(session, counter: 0, retries: 2, at: Database.start) else {
                    throw Unexpected("refused")
                }
            }
            #expect(try database.rotate(session, counter: 0, retries: 2, at: Database.start) == .replayed)
        },
        Check("a rotation makes retries possible again") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, retries: 1, at: Database.start)
            _ = try database.rotate(session, counter: 0, retries: 1, at: Database.start)
            _ = try database.rotate(session, counter: 1, retries: 1, at: Database.start)
            guard case .retried = try database.rotate(session, counter: 1, retries: 1, at: Database.start) else {
                throw Unexpected("refused")
            }
        },
        Check("two behind is a replay whatever the grace") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            for counter in 0..<2 { _ = try database.rotate(session, counter: Int64(counter), at: Database.start) }
            #expect(try database.rotate(session, counter: 0, at: Database.start) == .replayed)
        },
        Check("ahead of the store is refused and audited, and the session lives on") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            for counter in [1, 2, Int64.max] { #expect(try database.rotate(session, counter: counter, at: Database.start) == .ahead) }
            #expect(try database.audit(AuditFilter(action: .refreshAhead)).count == 3)
            guard case .rotated = try database.rotate(session, counter: 0, at: Database.start) else { throw Unexpected("refused") }
        },
        Check("another nonce ends nothing and gets nothing") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            var forged = session
            forged.nonce[0] ^= 1
            #expect(try database.rotate(forged, counter: 0, at: Database.start) == .ended)
            forged.nonce = []
            #expect(try database.rotate(forged, counter: 0, at: Database.start) == .ended)
            guard case .rotated = try database.rotate(session, counter: 0, at: Database.start) else { throw Unexpected("refused") }
        },
        Check("a refresh token that expired is of an ended session") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            #expect(try database.rotate(session, counter: 0, at: session.refreshExpiresAt) == .ended)
        },
        Check("a retry from another address and another user agent at once is audited, from one of them is not") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            _ = try database.rotate(session, counter: 0, at: Database.start)
            _ = try database.rotate(session, counter: 0, ip: "198.51.100.9", at: Database.start)
            _ = try database.rotate(session, counter: 0, agent: "phone", at: Database.start)
            #expect(try database.audit(AuditFilter(action: .refreshRetriedElsewhere)).isEmpty)
            _ = try database.rotate(session, counter: 0, ip: "198.51.100.9", agent: "phone", at: Database.start)
            #expect(try database.audit(AuditFilter(action: .refreshRetriedElsewhere)).map(\.target) == ["session:s1"])
        },
        Check("after its client was taken back a session is over everywhere, and one begun later lives") { database throws in
            let ada = try database.makeUser("ada")
            let old = try database.begin("s1", for: ada, client: "app")
            let other = try database.begin("s2", for: ada, client: "martlet")
            let then = Database.start.adding(milliseconds: 1500)
            let event = try database.write { try $0.revoke(.client("app"), reason: nil, audit: Database.desk, at: then) }
            #expect(event?.kind == .client && event?.issuedBefore == Database.start.adding(seconds: 2))
            #expect(try database.rotate(old, counter: 0, at: then) == .ended)
            #expect(try database.session(old, at: then) == nil)
            let new = try database.begin("s3", for: ada, client: "app", at: then.adding(milliseconds: 1))
            let listed = try database.read {
                try $0.sessions(of: ada.id, at: then.adding(milliseconds: 1), page: Page()).items
            }
            #expect(listed.map(\.id) == [new.id, other.id])
        },
    ]

    static let rotationRaces: [Check] = [
        Check("of fifty parallel uses of one token exactly one rotates, and the others get the same answer") { database throws in
            let session = try database.begin("s1", for: try database.makeUser("ada"))
            let outcomes = Gathered<RotationOutcome>()
            for _ in 0..<50 {
                let request = Database.request(session, counter: 0, at: Database.start)
                database.submit({ try $0.rotate(request, audit: Database.desk, at: Database.start) }) { outcomes.add($0) }
            }
            let all = try outcomes.wait(for: 50)
            let rotated = all.count { if case .rotated = $0 { true } else { false } }
            let retried = all.count { if case .retried(let now, _) = $0 { now.counter == 1 } else { false } }
            #expect(rotated == 1 && retried == 49)
            #expect(try database.session(session, at: Database.start)?.counter == 1)
        },
        Check("once a revocation is answered no rotation succeeds, and its event covers every access token given out") { database throws in
            let ada = try database.makeUser("ada")
            for round in 0..<20 {
                let session = try database.begin("s\(round)", for: ada)
                let outcomes = Gathered<RotationOutcome>()
                let revoked = Gathered<RevocationEvent?>()
                let revokedSoFar = Count()
                for counter in 0..<40 {
                    let request = Database.request(session, counter: Int64(counter), at: Database.start.adding(seconds: Int64(counter)))
                    let wasRevoked = revokedSoFar.isSet
                    database.submit({ try $0.rotate(request, audit: Database.desk, at: Database.start) }) { result in
                        if wasRevoked, case .success(.rotated) = result { Issue.record("rotated after the revocation was answered") }
                        outcomes.add(result)
                    }
                    if counter == round * 2 {
                        database.submit({
                            try $0.revoke(.session(session.id, ofUser: ada.id), reason: nil, audit: Database.desk, at: Database.start)
                        }) {
                            revokedSoFar.set()
                            revoked.add($0)
                        }
                    }
                }
                let latest = try outcomes.wait(for: 40).compactMap(\.rotatedSession?.accessExpiresAt).max()
                guard let event = try revoked.wait(for: 1).first ?? nil, let latest else { throw Unexpected("no event") }
                #expect(event.until >= latest.adding(seconds: 60))
                #expect(try database.rotate(session, counter: 41, at: Database.start) == .ended)
            }
        },
    ]
}

extension RotationOutcome {
    /// The session of a rotation.
    var rotatedSession: Session? {
        if case .rotated(let session, _) = self { session } else { nil }
    }
}
