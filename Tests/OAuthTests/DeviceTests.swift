// User codes, and the way of a device from its question to its session (RFC 8628).

import Accounts
import MartletCryptography
import MartletEncoding
import OAuth
import Store
import Synchronization
import Testing
import Tokens

@Suite struct UserCodeTests {
    @Test(
        "case, dashes and spaces do not count, and everything else does",
        arguments: [
            ("BCDF-GHJK", "BCDF-GHJK"), ("bcdf-ghjk", "BCDF-GHJK"), ("BCDFGHJK", "BCDF-GHJK"), (" b c d f g h j k ", "BCDF-GHJK"),
            ("B-C-D-F-G-H-J-K", "BCDF-GHJK"), ("BCDF-GHJ", nil), ("BCDF-GHJKL", nil), ("ACDF-GHJK", nil), ("BCDF_GHJK", nil), ("", nil),
            ("BCDF-GHJ1", nil), ("BCDF–GHJK", nil), ("ＢCDF-GHJK", nil), ("BCDF-GHJY", nil), ("BCDF\tGHJK", nil),
            (String(repeating: "-", count: 60) + "BCDFGHJK", nil),
        ] as [(String, String?)])
    func parsing(_ text: String, _ shown: String?) {
        #expect(UserCode(parsing: text)?.description == shown)
    }

    @Test("every letter of the alphabet is as likely as any other")
    func distribution() throws {
        // Bytes one after the other: over all 256 values each letter comes up as often.
        let bytes = ByteCounter()
        var counts: [Character: Int] = [:]
        for _ in 0..<480 {
            for letter in UserCode(random: RandomSource { count in bytes.next(count) }).description where letter != "-" {
                counts[letter, default: 0] += 1
            }
        }
        #expect(counts.count == 20 && counts.values.reduce(0, +) == 3840)
        let (least, most) = (try #require(counts.values.min()), try #require(counts.values.max()))
        #expect(most - least <= 40, "\(counts)")
    }

    @Test("what is stored says nothing but which code it is")
    func hash() throws {
        let code = try #require(UserCode(parsing: "BCDF-GHJK"))
        #expect(code.hash.count == 32 && code.hash == UserCode(parsing: "bcdfghjk")?.hash)
        #expect(code.hash != UserCode(parsing: "BCDF-GHJL")?.hash)
    }
}

@Suite struct DeviceTests {
    private let start = OAuthService.start
    private static let device =
        #"{"grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"],"response_types":[],"scope":"read""#

    private func ask(_ service: OAuthService, _ client: Client, _ parameters: [String: String] = [:]) throws -> DeviceAuthorization {
        let pending = try service.server.authorizeDevice(
            OAuthParameters(parameters), of: client, proofKey: nil, from: OAuthService.origin.address, at: start)
        return try #require(try service.store.write { transaction throws(StoreError) in try pending.keep(in: transaction) })
    }

    private func signedIn(_ user: User) -> SignedIn {
        SignedIn(
            session: BrowserSession(
                id: "sign-in", cookieHash: [1], userID: user.id, authenticatedAt: start, methods: ["pwd"], createdAt: start,
                idleExpiresAt: start.adding(seconds: 60), expiresAt: start.adding(seconds: 60), ip: "", userAgent: ""),
            user: user)
    }

    private func find(_ service: OAuthService, _ code: UserCode, _ person: UserID, from address: String = "a") throws -> WaitingDevice? {
        try service.server.device(waitingWith: code, for: person, from: LoginAddress(address), at: start)
    }

    @Test("a device gets one session, that its own tokens say how it came about")
    func whole() throws {
        let service = try OAuthService()
        let (user, client) = (try service.user(), try service.client("tv", Self.device + "}"))
        let asked = try ask(service, client, ["scope": "read", "resource": "https://orders.example"])
        let poll = ["grant_type": GrantType.deviceCode.rawValue, "device_code": asked.deviceCode]
        #expect(service.error(of: poll, to: client) == .authorizationPending)
        let waiting = try #require(try find(service, asked.userCode, user.id))
        #expect(waiting.client == client && waiting.scope.names == ["read"] && waiting.resources == ["https://orders.example"])
        let decision = waiting.approval(by: signedIn(user))
        let isDecided = try service.store.write { transaction throws(StoreError) in
            try transaction.decideDeviceRequest(
                userCodeHash: asked.userCode.hash, decision, audit: OAuthService.audit, at: OAuthService.start)
        }
        #expect(isDecided)
        #expect(try find(service, asked.userCode, user.id) == nil, "it does not wait any more")
        let later = start.adding(seconds: 5)
        let other = try service.client("radio", Self.device + "}")
        #expect(service.error(of: poll, to: other, at: later) == .invalidGrant, "RFC 8628 §3.4: another client's")
        let wrong = poll.merging(["resource": "https://stock.example"]) { $1 }
        #expect(service.error(of: wrong, to: client, at: later) == .invalidTarget)
        let tokens = try service.grant(poll, to: client, at: later.adding(seconds: 5))
        let claims = try service.claims(tokens.access.text)
        #expect(claims["sub"]?.string == user.id.text && claims["scope"]?.string == "read" && tokens.refresh != nil)
        #expect(claims["auth_time"]?.integer == start.seconds && claims["amr"]?.strings == ["pwd"])
        #expect(service.error(of: poll, to: client, at: later.adding(seconds: 10)) == .invalidGrant, "once")
        let session = try service.store.read { reads throws(StoreError) in
            try reads.session(Session.id(ofAccessSessionID: claims["sid"]?.string ?? ""), at: OAuthService.start)
        }
        #expect(session?.browserSession == nil, "it outlives the sign-in of the browser that its code was typed in")
    }

    @Test(
        "a device's question is judged as any other",
        arguments: [
            (["scope": "write"], .invalidScope), (["scope": "nobody-knows"], .invalidScope), (["scope": "a\"b"], .invalidScope),
            (["resource": "orders"], .invalidTarget), (["resource": "https://a.example#x"], .invalidTarget),
        ] as [([String: String], OAuthError.Code)])
    func refused(_ parameters: [String: String], _ code: OAuthError.Code) throws {
        let service = try OAuthService()
        let client = try service.client("tv", Self.device + "}")
        #expect { try ask(service, client, parameters) } throws: { ($0 as? OAuthError)?.code == code }
    }

    @Test("a client without the grant has no devices, and neither has one that lost it")
    func withoutGrant() throws {
        let service = try OAuthService()
        let user = try service.user()
        let web = try service.client("web", #"{"redirect_uris":["https://a.example/"]}"#)
        #expect { try ask(service, web) } throws: { ($0 as? OAuthError)?.code == .unauthorizedClient }
        let asked = try ask(service, try service.client("tv", Self.device + "}"))
        _ = try service.store.write { transaction throws(StoreError) in
            try transaction.removeClient("tv", audit: OAuthService.audit, at: OAuthService.start)
        }
        #expect(try find(service, asked.userCode, user.id) == nil)
    }

    struct Guesser: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Who types the nth wrong code, and where.
        var who: @Sendable (Int) -> (person: String, address: String)
        var allowed: Int
    }

    @Test(
        "wrong codes have their limits, of a person, of an address and of all (RFC 8628 §5.1)",
        arguments: [
            Guesser(testDescription: "one person at many addresses", who: { ("ada", "a\($0)") }, allowed: 10),
            Guesser(testDescription: "many people at one address", who: { ("p\($0)", "a") }, allowed: 50),
            Guesser(testDescription: "many people at many addresses", who: { ("p\($0)", "a\($0)") }, allowed: 1000),
        ])
    func guesses(_ guesser: Guesser) throws {
        let service = try OAuthService(limit: .init(failures: 1, seconds: 1))
        let asked = try ask(service, try service.client("tv", Self.device + "}"))
        let wrong = try #require(UserCode(parsing: "BBBB-BBBB"))
        for number in 0..<guesser.allowed {
            let (person, address) = guesser.who(number)
            // Right ones in between use nothing up.
            #expect(try find(service, asked.userCode, UserID(person), from: address) != nil, "\(number)")
            #expect(try find(service, wrong, UserID(person), from: address) == nil)
        }
        let (person, address) = guesser.who(guesser.allowed)
        #expect { try find(service, asked.userCode, UserID(person), from: address) } throws: { error in
            if case .rateLimited(let seconds)? = error as? AccountError { seconds > 0 } else { false }
        }
    }

    @Test("sixty devices a minute from an address")
    func flood() throws {
        let service = try OAuthService(limit: .init(failures: 1, seconds: 1))
        let client = try service.client("tv", Self.device + "}")
        for _ in 0..<60 { _ = try ask(service, client) }
        #expect { try ask(service, client) } throws: { ($0 as? OAuthError)?.code == .temporarilyUnavailable }
    }
}

/// Bytes one after the other.
private final class ByteCounter: Sendable {
    private let state = Mutex<UInt8>(0)

    func next(_ count: Int) -> [UInt8] {
        state.withLock { byte in
            (0..<count).map { _ in
                defer { byte &+= 1 }
                return byte
            }
        }
    }
}
