// What a token can be exchanged for, and by whom (RFC 8693): the cases that need tokens which nothing over HTTP gives out.

import MartletEncoding
import OAuth
import Store
import Testing
import Tokens

@Suite struct TokenExchangeTests {
    private let start = OAuthService.start
    private static let exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let access = "urn:ietf:params:oauth:token-type:access_token"
    private static let metadata =
        #"{"grant_types":["urn:ietf:params:oauth:grant-type:token-exchange"],"response_types":[],"resources":["https://orders.example"]}"#

    private static func request(_ subject: String, _ more: [String: String] = [:]) -> [String: String] {
        ["grant_type": exchange, "subject_token": subject, "subject_token_type": access].merging(more) { $1 }
    }

    private func orders(_ service: OAuthService, _ policy: String = #"{"token_exchange":"delegation"}"#) throws -> Client {
        try service.client("orders", Self.metadata, policy: policy)
    }

    struct MayAct: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var json: String
        var isThem: Bool

        init(_ json: String, _ isThem: Bool) { (testDescription, self.json, self.isThem) = (json, json, isThem) }
    }

    @Test(
        "may_act names who may act, by everything that it says (RFC 8693 §4.4)",
        arguments: [
            MayAct(#"{"sub":"orders"}"#, true), MayAct(#"{"sub":"orders","iss":"https://issuer.example"}"#, true),
            MayAct(#"{"client_id":"orders"}"#, true), MayAct(#"{"sub":"stock"}"#, false),
            MayAct(#"{"sub":"orders","iss":"https://other.example"}"#, false), MayAct(#"{"sub":"orders","email":"a@b.example"}"#, false),
            MayAct(#"{"iss":"https://issuer.example"}"#, false), MayAct("{}", false), MayAct("null", false), MayAct(#""orders""#, false),
            MayAct(#"{"sub":["orders"]}"#, false),
        ], ["delegation", "impersonation"])
    func mayAct(_ mayAct: MayAct, _ policy: String) throws {
        let service = try OAuthService()
        let orders = try orders(service, #"{"token_exchange":"\#(policy)"}"#)
        let subject = try service.session(of: try service.user(), for: "front") { content in
            content.members = [.init(name: "may_act", json: Array(mayAct.json.utf8))]
        }.access
        #expect(service.error(of: Self.request(subject), to: orders) == (mayAct.isThem ? nil : .invalidRequest))
    }

    @Test("a token that is bound to a key is exchanged by its holder alone, for one that is bound to it (RFC 9449)")
    func bound() throws {
        let service = try OAuthService()
        let orders = try orders(service)
        let subject = try service.session(of: try service.user(), for: "front") { $0.proofKey = "key-1" }.access
        #expect(service.error(of: Self.request(subject), to: orders) == .invalidRequest)
        #expect(service.error(of: Self.request(subject), to: orders, proofKey: "key-2") == .invalidRequest)
        let tokens = try service.grant(Self.request(subject), to: orders, proofKey: "key-1")
        #expect(tokens.isBound && tokens.issuedType == Self.access)
        #expect(try service.claims(tokens.access.text)["cnf"]?["jkt"]?.string == "key-1")
        // A free token may become a bound one.
        let free = try service.session(of: try #require(try service.found()), for: "front").access
        #expect(try service.grant(Self.request(free), to: orders, proofKey: "key-2").isBound)
    }

    @Test("neither the subject's token nor the actor's is outlived")
    func lifetime() throws {
        let service = try OAuthService()
        let user = try service.user()
        let orders = try orders(service, #"{"token_exchange":"delegation","access_ttl":300}"#)
        let subject = try service.session(of: user, for: "front").access
        let actor = try service.session(of: user, for: "orders", at: start.adding(seconds: -450)).access
        func end(_ more: [String: String] = [:], at seconds: Int64) throws -> Int64 {
            try service.grant(Self.request(subject, more), to: orders, at: start.adding(seconds: seconds)).access.expiresAt.seconds
                - start.seconds
        }
        #expect(try end(at: 0) == 300, "the client's own")
        #expect(try end(at: 500) == 600, "the subject token's")
        #expect(try end(["actor_token": actor, "actor_token_type": Self.access], at: 0) == 150, "the actor token's")
        #expect(service.error(of: Self.request(subject), to: orders, at: start.adding(seconds: 600)) == .invalidRequest)
    }

    @Test("what was proved stays said, and nothing else is taken over")
    func claims() throws {
        let service = try OAuthService()
        let orders = try orders(service)
        let (session, subject, _) = try service.session(of: try service.user(), for: "front") { content in
            content.authenticatedAt = OAuthService.start
            content.context = "urn:martlet:acr:password"
            content.methods = ["pwd"]
            content.members = [.init(name: "roles", json: Array(#"["admin"]"#.utf8)), .init(name: "plan", json: Array("1".utf8))]
        }
        let claims = try service.claims(try service.grant(Self.request(subject), to: orders).access.text)
        #expect(claims["auth_time"]?.integer == start.seconds && claims["acr"]?.string == "urn:martlet:acr:password")
        #expect(claims["amr"]?.strings == ["pwd"] && claims["sid"]?.string == session.accessSessionID)
        #expect(claims["roles"] == nil && claims["plan"] == nil)
    }

    @Test("scopes: those of the token that the client may have, and never this service's own")
    func scopes() throws {
        let service = try OAuthService()
        let orders = try orders(service)
        let narrow = try service.client(
            "narrow", Self.metadata.replacing(#""response_types""#, with: #""scope":"write account other","response_types""#),
            policy: #"{"token_exchange":"delegation"}"#)
        let subject = try service.session(of: try service.user(), for: "front", scope: "read write account admin revocations other").access
        #expect(try service.grant(Self.request(subject), to: orders).scope == "read write", "what nobody knows is nobody's to have")
        #expect(try service.grant(Self.request(subject), to: narrow).scope == "write other")
        #expect(try service.grant(Self.request(subject, ["scope": "write"]), to: orders).scope == "write")
        for (client, scope) in [(orders, "account"), (orders, "read admin"), (orders, "other"), (narrow, "read"), (narrow, "account")] {
            #expect(service.error(of: Self.request(subject, ["scope": scope]), to: client) == .invalidScope, "\(client.id) \(scope)")
        }
    }

    @Test("audiences: those of the token, and those that the policy adds")
    func audiences() throws {
        let service = try OAuthService()
        let user = try service.user()
        let orders = try orders(service, #"{"token_exchange":"delegation","exchange_to":["https://stock.example"]}"#)
        let both = try service.session(of: user, for: "front", audience: ["https://orders.example", "https://b.example"]).access
        func audience(_ more: [String: String]) throws -> [String] {
            let aud = try service.claims(try service.grant(Self.request(both, more), to: orders).access.text)["aud"]
            return aud?.string.map { [$0] } ?? aud?.strings ?? []
        }
        #expect(service.error(of: Self.request(both), to: orders) == .invalidTarget, "one token, one API (RFC 8707 §2.2)")
        #expect(try audience(["audience": "https://b.example"]) == ["https://b.example"])
        #expect(try audience(["resource": "https://stock.example"]) == ["https://stock.example"])
        #expect(try audience(["resource": "https://stock.example", "audience": "https://stock.example"]) == ["https://stock.example"])
        for other in ["https://c.example", "https://stock.example/", OAuthService.issuer] {
            #expect(service.error(of: Self.request(both, ["audience": other]), to: orders) == .invalidTarget)
        }
    }

    @Test("an administrator who acts as somebody cannot be exchanged away")
    func impersonations() throws {
        let service = try OAuthService()
        let orders = try orders(service)
        let client = Session.impersonationClient(of: UserID("root"))
        let subject = try service.session(of: try service.user(), for: client) { $0.actor = Array(#"{"sub":"root"}"#.utf8) }.access
        #expect(service.error(of: Self.request(subject), to: orders) == .invalidRequest)
    }

    @Test("an actor who acts for somebody already is none")
    func actorsOfActors() throws {
        let service = try OAuthService()
        let user = try service.user()
        let orders = try orders(service, #"{"token_exchange":"impersonation"}"#)
        let subject = try service.session(of: user, for: "front").access
        let acting = try service.session(of: user, for: "orders") { $0.actor = Array(#"{"sub":"x"}"#.utf8) }.access
        let actor = ["actor_token": acting, "actor_token_type": Self.access]
        #expect(service.error(of: Self.request(subject, actor), to: orders) == .invalidRequest)
    }

    @Test("what came of an exchange ends with the session, however it ends")
    func ends() throws {
        let service = try OAuthService()
        let user = try service.user()
        let orders = try orders(service)
        let ends: [@Sendable (SessionID) -> RevocationTarget] = [{ .session($0, ofUser: nil) }, { _ in .user(UserID("user-ada")) }]
        for end in ends {
            let (session, subject, _) = try service.session(of: user, for: "front")
            let token = try service.grant(Self.request(subject), to: orders).access.text
            #expect(try service.isActive(token, for: orders))
            _ = try service.store.write { transaction throws(StoreError) in
                try transaction.revoke(end(session.id), reason: nil, audit: OAuthService.audit, at: OAuthService.start)
            }
            #expect(try !service.isActive(token, for: orders))
            #expect(service.error(of: Self.request(subject), to: orders) == .invalidRequest)
        }
    }

    @Test(
        "a policy that cannot be read is refused",
        arguments: [#"{"token_exchange":"all"}"#, #"{"token_exchange":true}"#, #"{"exchange_from":"a"}"#, #"{"exchange_to":[1]}"#])
    func policies(_ json: String) throws {
        #expect { try ClientPolicy(parsing: try JSONDocument(parsing: Array(json.utf8)).root) } throws: {
            ($0 as? OAuthError)?.code == .invalidClientMetadata
        }
    }
}

extension OAuthService {
    /// The account that was made.
    fileprivate func found() throws -> User? {
        try store.read { reads throws(StoreError) in try reads.user(UserID("user-ada")) }
    }
}
