// What redeeming codes, of authorization responses and of devices, must do, and proofs that count once.

import MartletEncoding
import MartletThreads
import Store
import Testing

extension Check {
    static let codes: [Check] = [
        Check("a code is redeemed once: a session begins that says what was granted") { database throws in
            let ada = try database.makeUser("ada")
            try database.addCode(for: ada)
            guard case .redeemed(let code, let session, let user) = try database.redeem() else {
                Issue.record("a good code was not redeemed")
                return
            }
            #expect(code.scope == "openid read" && code.userID == ada.id && user.id == ada.id)
            #expect(session.clientID == "app" && session.details == "{\"auth_time\":1}" && session.browserSession == "b1")
            #expect(try database.session(session, at: Database.start) == session)
            #expect(try database.redeem(session: "s2") == .refused)
            // RFC 6749 §4.1.2: the client itself asked again, so nothing ends.
            #expect(try database.session(session, at: Database.start) == session)
        },
        Check("a code that is redeemed again by somebody who does not know everything ends what was minted from it") { database throws in
            for (number, wrong) in Database.wrongRedemptions.enumerated() {
                let ada = try database.makeUser("ada\(number)")
                let hash = [UInt8](repeating: UInt8(number), count: 32)
                try database.addCode(hash, for: ada, proofKey: "jkt")
                var right = Database.redemption(hash)
                right.proofKey = "jkt"
                guard case .redeemed(_, let session, _) = try database.redeem(right, session: "s\(number)") else {
                    Issue.record("a good code was not redeemed")
                    return
                }
                var other = right
                wrong.change(&other)
                #expect(try database.redeem(other, session: "other") == .replayed, "\(wrong.name)")
                #expect(try database.session(session, at: Database.start) == nil, "\(wrong.name)")
                #expect(try database.events().last?.target == session.id.text, "\(wrong.name)")
                #expect(try database.audit(AuditFilter(action: .codeReplayed)).first?.target == "session:\(session.id)", "\(wrong.name)")
            }
        },
        Check("whoever does not know everything gets nothing for a code, and it stays good for its client") { database throws in
            let ada = try database.makeUser("ada")
            try database.addCode(for: ada, proofKey: "jkt")
            var right = Database.redemption()
            right.proofKey = "jkt"
            for wrong in Database.wrongRedemptions {
                var other = right
                wrong.change(&other)
                #expect(try database.redeem(other) == .refused, "\(wrong.name)")
            }
            guard case .redeemed = try database.redeem(right) else {
                Issue.record("the code did not stay good")
                return
            }
        },
        Check("a redirect URI may be left out, and a code without a key is for any") { database throws in
            let ada = try database.makeUser("ada")
            try database.addCode(for: ada)
            var redemption = Database.redemption()
            redemption.redirectURI = nil
            redemption.proofKey = "any"
            guard case .redeemed = try database.redeem(redemption) else {
                Issue.record("the code was refused")
                return
            }
        },
        Check("a code is over at its end, when its account is disabled, deleted or given a new password") { database throws in
            let changes: [(String, UserChange?)] = [
                ("disabled", UserChange(isActive: false)), ("new password", UserChange(passwordHash: "new")), ("deleted", nil),
            ]
            for (number, (name, change)) in changes.enumerated() {
                let user = try database.makeUser("user\(number)")
                let hash = [UInt8](repeating: UInt8(number), count: 32)
                try database.addCode(hash, for: user)
                if let change {
                    _ = try database.change(user, change)
                } else {
                    _ = try database.write { try $0.deleteUser(user.id, ifVersion: nil, audit: Database.desk, at: Database.start) }
                }
                #expect(try database.redeem(Database.redemption(hash)) == .refused, "\(name)")
            }
            let ada = try database.makeUser("ada")
            try database.addCode([9], for: ada)
            #expect(try database.redeem(Database.redemption([9]), at: Database.start.adding(seconds: 60)) == .refused)
        },
        Check("a client that is taken back loses the codes and devices that it did not come for yet, and no other client's") {
            database throws in
            let ada = try database.makeUser("ada")
            try database.addCode(for: ada)
            try database.addDevice()
            #expect(try database.decide(.approve(ada.id, scope: "read", details: "{}", browserSession: nil)))
            _ = try database.write { try $0.revoke(.client("tv"), reason: nil, audit: Database.desk, at: Database.start) }
            #expect(try database.poll(at: 10) == .denied)
            guard case .redeemed = try database.redeem() else { throw Unexpected("another client's code is gone") }
            try database.addCode([7], for: ada)
            _ = try database.write { try $0.revoke(.client("app"), reason: nil, audit: Database.desk, at: Database.start) }
            #expect(try database.redeem(Database.redemption([7])) == .refused)
        },
        Check("of fifty redemptions at once one succeeds") { database throws in
            let ada = try database.makeUser("ada")
            try database.addCode(for: ada)
            let outcomes = Monitor<[CodeRedemptionOutcome]>([])
            for number in 0..<50 {
                database.submit({ transaction in
                    try transaction.redeemCode(
                        Database.redemption(), maximumPerUser: 100, audit: Database.desk, at: Database.start
                    ) { database.newSession("s\(number)", for: $0.userID, client: $0.clientID) }
                }) { result in
                    outcomes.withLock { $0.append((try? result.get()) ?? .staleKeys) }
                    outcomes.signal()
                }
            }
            let all = outcomes.wait { $0.count == 50 ? $0 : nil }
            #expect(all.filter { $0 == .refused }.count == 49)
            #expect(try database.read { try $0.sessions(of: ada.id, at: Database.start, page: Page()).items }.count == 1)
        },
        Check("a pushed request is its client's alone, until its time is over or it is forgotten") { database throws in
            let end = Database.start.adding(seconds: 90)
            try database.write {
                try $0.addPushedRequest([1], ofClient: "app", parameters: "{}", until: end, at: Database.start)
                try $0.addPushedRequest([2], ofClient: "app", parameters: "{}", until: end, at: Database.start)
                try $0.removePushedRequest([2])
            }
            #expect(try database.read { try $0.pushedRequest([1], ofClient: "app", at: Database.start) } == "{}")
            #expect(try database.read { try $0.pushedRequest([1], ofClient: "other", at: Database.start) } == nil)
            #expect(try database.read { try $0.pushedRequest([1], ofClient: "app", at: end) } == nil)
            #expect(try database.read { try $0.pushedRequest([2], ofClient: "app", at: Database.start) } == nil)
        },
        Check("a proof counts once until its time is over") { database throws in
            let end = Database.start.adding(seconds: 60)
            #expect(try database.write { try $0.useOnce([1], until: end, at: Database.start) })
            #expect(try !database.write { try $0.useOnce([1], until: end, at: Database.start) })
            #expect(try database.write { try $0.useOnce([2], until: end, at: Database.start) })
            #expect(try database.write { try $0.useOnce([1], until: end.adding(seconds: 60), at: end) })
        },
    ]

    static let devices: [Check] = [
        Check("a device gets its tokens once its owner has said yes, and once only") { database throws in
            let ada = try database.makeUser("ada")
            try database.addDevice()
            #expect(try database.poll(at: 0) == .pending)
            #expect(
                try database.decide(.approve(ada.id, scope: "read", details: "{}", browserSession: nil)))
            guard case .redeemed(let request, let session, let user) = try database.poll(at: 10) else {
                Issue.record("an approved request was not redeemed")
                return
            }
            #expect(request.scope == "read" && user.id == ada.id && session.clientID == "tv")
            #expect(try database.poll(at: 20) == .refused)
            #expect(try database.audit(AuditFilter(action: .deviceApproved)).count == 1)
        },
        Check("a device that asks too often is told to slow down, by five seconds more each time") { database throws in
            try database.addDevice()
            let polls: [(Int64, DevicePollOutcome)] = [(0, .pending), (4, .slowDown), (13, .slowDown), (27, .slowDown), (47, .pending)]
            for (seconds, outcome) in polls { #expect(try database.poll(at: seconds) == outcome, "after \(seconds) s") }
        },
        Check("a device is told that the answer was no, and that its time is over") { database throws in
            try database.addDevice()
            #expect(try database.decide(.deny))
            #expect(try database.poll(at: 0) == .denied)
            #expect(try database.poll(at: 600) == .expired)
        },
        Check("another client, an unknown code and another key get nothing") { database throws in
            try database.addDevice(proofKey: "jkt")
            #expect(try database.poll(client: "other", proofKey: "jkt", at: 0) == .refused)
            #expect(try database.poll(code: [9], proofKey: "jkt", at: 0) == .refused)
            #expect(try database.poll(proofKey: "else", at: 0) == .refused)
            #expect(try database.poll(proofKey: "jkt", at: 0) == .pending)
        },
        Check("an answer counts once, in time, and from an account that is active") { database throws in
            let ada = try database.makeUser("ada")
            let bob = try database.makeUser("bob")
            _ = try database.change(bob, UserChange(isActive: false))
            try database.addDevice()
            #expect(try !database.decide(.approve(bob.id, scope: "", details: "{}", browserSession: nil)))
            #expect(try database.decide(.deny))
            #expect(try !database.decide(.approve(ada.id, scope: "", details: "{}", browserSession: nil)))
            try database.addDevice(at: 600)
            #expect(try !database.decide(.deny, at: 1200))
        },
        Check("a user code is one request's at a time") { database throws in
            try database.addDevice()
            #expect(try !database.addDevice(code: [7]))
            #expect(try database.addDevice(code: [7], at: 600))
        },
    ]
}

extension Database {
    static let challenge = [UInt8](repeating: 1, count: 32)

    static func redemption(_ hash: [UInt8] = [1]) -> CodeRedemption {
        CodeRedemption(hash: hash, clientID: "app", redirectURI: "https://app.example/cb", verifierHash: challenge, proofKey: nil)
    }

    /// What a thief may have wrong.
    static let wrongRedemptions: [(name: String, change: @Sendable (inout CodeRedemption) -> Void)] = [
        ("client", { $0.clientID = "other" }), ("redirect URI", { $0.redirectURI = "https://app.example/cb2" }),
        ("verifier", { $0.verifierHash[31] = 0 }), ("length of the verifier's hash", { $0.verifierHash.removeLast() }),
        ("key", { $0.proofKey = "other" }), ("no key", { $0.proofKey = nil }),
    ]

    func addCode(_ hash: [UInt8] = [1], for user: User, proofKey: String? = nil) throws {
        let code = AuthorizationCode(
            hash: hash, clientID: "app", userID: user.id, redirectURI: "https://app.example/cb", challenge: Self.challenge,
            proofKey: proofKey, scope: "openid read", details: "{\"auth_time\":1}", browserSession: "b1",
            expiresAt: Self.start.adding(seconds: 60))
        try write { try $0.addCode(code, at: Self.start) }
    }

    func redeem(
        _ redemption: CodeRedemption = redemption(), session: String = "s1", at now: UnixTime = start
    ) throws -> CodeRedemptionOutcome {
        try write { [self] in
            try $0.redeemCode(redemption, maximumPerUser: 100, audit: Self.desk, at: now) { code in
                var new = newSession(session, for: code.userID, client: code.clientID, at: now)
                new.details = code.details
                new.browserSession = code.browserSession
                return new
            }
        }
    }

    @discardableResult
    func addDevice(code: [UInt8] = [1], proofKey: String? = nil, at seconds: Int64 = 0) throws -> Bool {
        let now = Self.start.adding(seconds: seconds)
        let request = DeviceRequest(
            deviceCodeHash: code, userCodeHash: [2], clientID: "tv", proofKey: proofKey, scope: "read", resources: [], interval: 5,
            expiresAt: now.adding(seconds: 600))
        return try write { try $0.addDeviceRequest(request, at: now) }
    }

    func decide(_ decision: DeviceDecision, at seconds: Int64 = 0) throws -> Bool {
        try write {
            try $0.decideDeviceRequest(userCodeHash: [2], decision, audit: Self.desk, at: Self.start.adding(seconds: seconds))
        }
    }

    func poll(
        code: [UInt8] = [1], client: String = "tv", proofKey: String? = nil, at seconds: Int64
    ) throws -> DevicePollOutcome {
        let now = Self.start.adding(seconds: seconds)
        return try write { [self] in
            try $0.pollDevice(
                deviceCodeHash: code, clientID: client, proofKey: proofKey, maximumPerUser: 100, audit: Self.desk, at: now
            ) { request in request.userID.map { newSession("device", for: $0, client: request.clientID, at: now) } }
        }
    }
}
