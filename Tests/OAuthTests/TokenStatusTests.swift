// Whose business a token is, and for how long a refresh token is active (RFC 7662, RFC 7009).

import MartletEncoding
import OAuth
import Store
import Testing
import Tokens

@Suite struct TokenStatusTests {
    private let start = OAuthService.start
    private static let machine = #"{"grant_types":["client_credentials"],"response_types":[]"#

    @Test("an access token is active for its client, for its API and for the operator's own, and for nobody else")
    func accessTokens() throws {
        let service = try OAuthService()
        let token = try service.session(of: try service.user(), for: "front").access
        let expected: [(Client, Bool)] = [
            (try service.client("front", Self.machine + "}"), true),
            (try service.client("orders", Self.machine + #","resources":["https://orders.example"]}"#), true),
            (try service.client("stock", Self.machine + #","resources":["https://stock.example","https://orders.example/"]}"#), false),
            (try service.client("other", Self.machine + "}"), false),
            (try service.client("own", Self.machine + "}", policy: #"{"first_party":true}"#), true),
        ]
        for (client, isActive) in expected { #expect(try service.isActive(token, for: client) == isActive, "\(client.id)") }
        #expect(try !service.isActive(token, for: expected[0].0, at: start.adding(seconds: 600)))
        let phone = try service.client("phone", #"{"token_endpoint_auth_method":"none","redirect_uris":["https://a.example/"]}"#)
        #expect { try service.isActive(token, for: phone) } throws: { ($0 as? OAuthError)?.code == .unauthorizedClient }
        #expect { try service.server.introspect(try OAuthParameters(parsing: []), by: expected[0].0, at: start) } throws: {
            ($0 as? OAuthError)?.code == .invalidRequest
        }
    }

    @Test("a refresh token is active for its own client, while the token endpoint would take it")
    func refreshTokens() throws {
        let service = try OAuthService()
        let front = try service.client("front", #"{"grant_types":["refresh_token"],"response_types":[]}"#)
        let own = try service.client("own", Self.machine + "}", policy: #"{"first_party":true}"#)
        let (_, _, first) = try service.session(of: try service.user(), for: "front")
        #expect(try service.isActive(first, for: front) && !service.isActive(first, for: own))
        #expect(try !service.isActive(first, for: front, at: start.adding(seconds: 1_209_600)), "RFC 7662 §2.2: exp")

        let rotated = start.adding(seconds: 60)
        let refresh = ["grant_type": "refresh_token", "refresh_token": first]
        let second = try #require(try service.grant(refresh, to: front, at: rotated).refresh)
        #expect(try service.isActive(second, for: front, at: rotated))
        #expect(try service.isActive(first, for: front, at: rotated.adding(seconds: 29)), "within the grace")
        #expect(try !service.isActive(first, for: front, at: rotated.adding(seconds: 30)), "after it")
        #expect(try service.isActive(second, for: front, at: rotated.adding(seconds: 30)), "asking ends nothing")
    }

    @Test("a refresh token ends its session for its own client alone, an older one of it too")
    func revokedRefreshTokens() throws {
        let service = try OAuthService()
        let front = try service.client("front", #"{"grant_types":["refresh_token"],"response_types":[]}"#)
        let other = try service.client("other", #"{"grant_types":["refresh_token"],"response_types":[]}"#)
        let (_, access, first) = try service.session(of: try service.user(), for: "front")
        let later = start.adding(seconds: 100)
        let second = try service.grant(["grant_type": "refresh_token", "refresh_token": first], to: front, at: later)
        #expect(try service.revoke(first, as: other, at: later) == .notTheirs)
        #expect(try service.isActive(access, for: front, at: later))
        #expect(try service.revoke(first, as: front, at: later) == .done)
        for token in [access, second.access.text, try #require(second.refresh)] {
            #expect(try !service.isActive(token, for: front, at: later))
        }
        #expect(try service.revoke(first, as: front, at: later) == .done, "RFC 7009 §2.2: what is over is no error")
    }

    @Test("an access token goes alone, and another client's is refused")
    func revokedAccessTokens() throws {
        let service = try OAuthService()
        let front = try service.client("front", #"{"grant_types":["refresh_token"],"response_types":[]}"#)
        let other = try service.client("other", Self.machine + #","resources":["https://orders.example"]}"#)
        let (_, access, refresh) = try service.session(of: try service.user(), for: "front")
        #expect { try service.revoke(access, as: other) } throws: { ($0 as? OAuthError)?.code == .invalidGrant }
        #expect(try service.revoke(access, as: front) == .done)
        #expect(try !service.isActive(access, for: front) && service.isActive(refresh, for: front))
        #expect(try service.server.revocation(OAuthParameters(["token": "x.y.z"]), by: front, at: start) == .nothing)
    }

    @Test("the refresh token of a login here is no client's, whatever the client is called")
    func firstParty() throws {
        let service = try OAuthService()
        let user = try service.user()
        let prepared = service.sessions.prepare(for: user.id, scope: "account", from: OAuthService.origin, at: start)
        let outcome = try service.store.write { transaction throws(StoreError) in
            try transaction.beginSession(
                prepared.new, ifUserVersion: user.version, maximumPerUser: 100, audit: OAuthService.audit, at: OAuthService.start)
        }
        guard case .begun(let session, _) = outcome else { throw Unexpected(what: "\(outcome)") }
        let tokens = try service.sessions.tokens(of: session, user, begun: prepared, audience: nil, at: start)
        let named = try service.client(TokenPolicy.firstPartyClient, Self.machine + "}", policy: #"{"first_party":true}"#)
        #expect(try !service.isActive(tokens.refresh, for: named))
        #expect(try service.revoke(tokens.refresh, as: named) == .notTheirs)
    }
}
