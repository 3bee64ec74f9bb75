// The list of checks of the authorization endpoint: what a request may be, and who hears what is wrong with it.

import MartletEncoding
import OAuth
import Store
import Testing

@Suite struct AuthorizationRequestTests {
    static let good = [
        "response_type": "code", "redirect_uri": "https://a.example/cb", "state": "s", "scope": "openid read",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    ]

    static func client(
        _ metadata: String = #"{"redirect_uris":["https://a.example/cb"],"scope":"openid read write"}"#, policy: String = "{}"
    ) throws -> Client {
        let now = UnixTime(seconds: 1_800_000_000)
        return try Client(
            OAuthClient(
                id: "app", origin: .operator, secret: nil, metadata: metadata, policy: policy, createdAt: now, updatedAt: now))
    }

    static func read(
        _ changes: [String: String?] = [:], more: String = "", of client: Client? = nil, wasPushed: Bool = false,
        resources: [String]? = ["https://api.example", "https://b.example"]
    ) throws -> AuthorizationRequest {
        let values = good.merging(changes.compactMapValues(\.self)) { $1 }.filter { changes[$0.key] != .some(nil) }
        let query = values.sorted { $0.key < $1.key }.map { "\($0)=\(PercentEncoding.encode($1))" }.joined(separator: "&") + more
        return try AuthorizationRequest(
            reading: try OAuthParameters(parsing: Array(query.utf8)[...]), of: try client ?? Self.client(), wasPushed: wasPushed,
            rules: AuthorizationRequest.Rules(
                scopes: ScopeCatalogue(own: ["read", "write", "other"].map { ScopeDescription(name: $0, text: $0) }),
                resources: ResourceCatalogue(known: resources)),
            issuer: "https://issuer.example")
    }

    @Test("a good request is read whole")
    func good() throws {
        let request = try Self.read([
            "nonce": "n", "prompt": "login consent", "max_age": "60", "login_hint": "ada", "acr_values": "b a", "ui_locales": "de en",
            "resource": "https://api.example", "response_mode": "form_post",
            "dpop_jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        ])
        #expect(request.scope.names == ["openid", "read"] && request.resources == ["https://api.example"])
        #expect(request.nonce == "n" && request.prompts == [.login, .consent] && request.maximumAge == 60)
        #expect(request.demand.contexts == ["b", "a"] && request.locales == ["de", "en"] && request.loginHint == "ada")
        #expect(request.answer.mode == .formPost && request.answer.state == "s" && request.wantsIDToken)
        #expect(request.proofKey == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    }

    @Test(
        "what is wrong with the way back is told here, and nobody is redirected",
        arguments: [
            ["redirect_uri": "https://a.example/other"], ["redirect_uri": "https://evil.example/cb"],
            ["redirect_uri": "https://a.example/cb/"], ["response_mode": "jwt"],
            ["redirect_uri": "https://a.example/cb", "response_mode": "web"],
        ])
    func told(_ changes: [String: String]) {
        #expect { try Self.read(changes) } throws: { error in
            guard case .told(let error)? = error as? AuthorizationFailure else { return false }
            return error.code == .invalidRequest
        }
    }

    @Test("a repeated redirect URI or state is told here", arguments: ["&redirect_uri=https%3A%2F%2Fa.example%2Fcb", "&state=t"])
    func repeatedWayBack(_ more: String) {
        #expect { try Self.read(more: more) } throws: { error in
            guard case .told? = error as? AuthorizationFailure else { return false }
            return true
        }
    }

    @Test(
        "everything else that is wrong is answered to the client",
        arguments: [
            (["response_type": nil], .invalidRequest), (["response_type": "token"], .unsupportedResponseType),
            (["response_type": "code id_token"], .unsupportedResponseType), (["code_challenge": nil], .invalidRequest),
            (["code_challenge_method": "plain"], .invalidRequest), (["code_challenge_method": nil], .invalidRequest),
            (["scope": "other"], .invalidScope), (["scope": "unknown"], .invalidScope), (["scope": "a\"b"], .invalidScope),
            (["prompt": "none login"], .invalidRequest), (["prompt": "dance"], .invalidRequest), (["max_age": "-1"], .invalidRequest),
            (["max_age": "1e3"], .invalidRequest), (["max_age": "9999999999"], .invalidRequest), (["resource": "api"], .invalidTarget),
            (["resource": "https://api.example#x"], .invalidTarget), (["resource": "https://c.example"], .invalidTarget),
            (["dpop_jkt": "short"], .invalidRequest), (["registration": "{}"], .registrationNotSupported),
        ] as [([String: String?], OAuthError.Code)])
    func answered(_ changes: [String: String?], _ code: OAuthError.Code) {
        #expect { try Self.read(changes) } throws: { error in
            guard case .answered(let error, let answer)? = error as? AuthorizationFailure else { return false }
            return error.code == code && answer.redirectURI == "https://a.example/cb" && answer.state == "s"
        }
    }

    @Test(
        "any parameter but resource stands once, whether this service knows it or not",
        arguments: [
            "&scope=read", "&nonce=a&nonce=b", "&foo=1&foo=2", "&code_challenge=x",
        ])
    func repeated(_ more: String) {
        #expect { try Self.read(more: more) } throws: { error in
            guard case .answered(let error, _)? = error as? AuthorizationFailure else { return false }
            return error.code == .invalidRequest
        }
    }

    @Test("a grant may be for several resources, each of them one that the client may have")
    func resources() throws {
        let two = "&resource=https%3A%2F%2Fapi.example&resource=https%3A%2F%2Fb.example"
        #expect(try Self.read(more: two).resources == ["https://api.example", "https://b.example"])
        let limited = try Self.client(#"{"redirect_uris":["https://a.example/cb"],"resources":["https://b.example"]}"#)
        #expect(throws: AuthorizationFailure.self) { try Self.read(["resource": "https://api.example", "scope": nil], of: limited) }
        #expect(try Self.read(["resource": "https://b.example", "scope": nil], of: limited).resources == ["https://b.example"])
        #expect(try Self.read(["resource": "https://c.example"], resources: nil).resources == ["https://c.example"])
    }

    @Test("the only redirect URI may be left out, one of two may not")
    func leftOut() throws {
        #expect(try Self.read(["redirect_uri": nil]).answer.redirectURI == "https://a.example/cb")
        let two = try Self.client(#"{"redirect_uris":["https://a.example/cb","https://a.example/cb2"],"scope":"openid read"}"#)
        #expect(throws: AuthorizationFailure.self) { try Self.read(["redirect_uri": nil], of: two) }
    }

    @Test("a client that must push its requests is refused without")
    func pushed() throws {
        let client = try Self.client(
            #"{"redirect_uris":["https://a.example/cb"],"require_pushed_authorization_requests":true,"scope":"openid read"}"#)
        #expect(throws: AuthorizationFailure.self) { try Self.read(of: client) }
        _ = try Self.read(of: client, wasPushed: true)
    }

    @Test("a client without the grant is unauthorized_client")
    func unauthorized() throws {
        let client = try Self.client(#"{"redirect_uris":["https://a.example/cb"],"grant_types":["refresh_token"],"scope":"openid read"}"#)
        #expect { try Self.read(of: client) } throws: { error in
            guard case .answered(let error, _)? = error as? AuthorizationFailure else { return false }
            return error.code == .unauthorizedClient
        }
    }

    @Test(
        "every answer names the issuer, and keeps the redirect URI's own query",
        arguments: [
            ("https://a.example/cb", ResponseMode.query, "https://a.example/cb?code=c&state=s%20%26&iss=https%3A%2F%2Fi.example"),
            ("https://a.example/cb?x=1", .query, "https://a.example/cb?x=1&code=c&state=s%20%26&iss=https%3A%2F%2Fi.example"),
            ("https://a.example/cb?x=1", .fragment, "https://a.example/cb?x=1#code=c&state=s%20%26&iss=https%3A%2F%2Fi.example"),
        ])
    func answers(_ uri: String, _ mode: ResponseMode, _ location: String) {
        let answer = AuthorizationAnswer(redirectURI: uri, mode: mode, state: "s &", issuer: "https://i.example")
        #expect(answer.location(answer.parameters(code: "c")) == location)
        let error = answer.parameters(error: OAuthError(.accessDenied, "No."))
        #expect(error.map(\.name) == ["error", "error_description", "state", "iss"])
    }
}
