// ID tokens and userinfo as clients get them: a code that was given is redeemed, refreshed, and asked about.

import HTTP
import MartletCryptography
import MartletEncoding
import MartletJOSE
import OAuth
import Store
import Testing
import Tokens

@testable import Web

/// A server with the keys of ID tokens, a person who registered, and a client that a code is given to.
private struct Flow {
    let server: Server
    let user: User
    let client: ClientDraft
    private static let verifier = String(repeating: "v", count: 43)

    init(
        _ metadata: String = "", scopes: String = #"{"scopes":{}}"#, attributes: String = "{}", id: String = "app", hasKeys: Bool = true,
        of other: Flow? = nil
    ) throws {
        server = try other?.server ?? Server(scopes: try ScopesFile(parsing: Array(scopes.utf8)))
        if let other {
            user = other.user
        } else {
            if hasKeys { try server.makeStatementKeys() }
            let id = UserID(try server.register().id)
            let changed = try server.services.store.write { transaction throws(StoreError) in
                try transaction.changeUser(
                    id,
                    UserChange(
                        displayName: "Ada L", email: "ada@example.com", emailVerified: true, roles: ["staff"], attributes: attributes),
                    audit: AuditContext(actor: .commandLine), at: Server.start)
            }
            guard case .changed(let user) = changed else { throw Unmade() }
            self.user = user
        }
        let text = #"""
            {"redirect_uris":["https://a.example/cb"],"grant_types":["authorization_code","refresh_token"],
            "token_endpoint_auth_method":"client_secret_post"\#(metadata)}
            """#
        let draft = try server.services.registrar.make(
            try ClientMetadata(parsing: try JSONDocument(parsing: Array(text.utf8)).root), id: id, origin: .operator, at: Server.start)
        client = draft
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.addClient(draft.record, audit: AuditContext(actor: .commandLine))
        }
    }

    struct Unmade: Error {}

    /// What the token endpoint answers to a code for this scope.
    func tokens(_ scope: String, claims: String? = nil, at now: UnixTime = Server.start) throws -> JSONValue {
        try redeem(try code(scope, claims: claims, at: now), at: now)
    }

    func code(_ scope: String, claims: String? = nil, at now: UnixTime = Server.start) throws -> String {
        let details = GrantDetails(
            nonce: "n-0S6", authenticatedAt: now.adding(seconds: -5), methods: ["pwd"], context: "urn:martlet:acr:password", signIn: "s-1",
            claims: claims.map { Array($0.utf8) }, hasRefreshToken: true)
        let text = CodeText.make(.secure)
        let code = AuthorizationCode(
            hash: CodeText.hash(text), clientID: client.record.id, userID: user.id, redirectURI: "https://a.example/cb",
            challenge: Digest.sha256.hash(Array(Self.verifier.utf8)), proofKey: nil, scope: scope, details: details.json,
            browserSession: nil, expiresAt: now.adding(seconds: CodeText.lifetime))
        try server.services.store.write { transaction throws(StoreError) in try transaction.addCode(code, at: now) }
        return text
    }

    func redeem(_ code: String, at now: UnixTime = Server.start) throws -> JSONValue {
        try token(
            ["grant_type": "authorization_code", "code": code, "code_verifier": Self.verifier, "redirect_uri": "https://a.example/cb"],
            at: now)
    }

    func refresh(_ tokens: JSONValue, scope: String? = nil, at now: UnixTime) throws -> JSONValue {
        var form = ["grant_type": "refresh_token", "refresh_token": try #require(tokens["refresh_token"]?.string)]
        form["scope"] = scope
        return try token(form, at: now)
    }

    private func token(_ form: [String: String], at now: UnixTime) throws -> JSONValue {
        let client = ["client_id": client.record.id, "client_secret": try #require(client.secret)]
        let response = try server.post("/oauth2/token", form: form.merging(client) { $1 }, at: now)
        return try #require(response.json)
    }

    /// The ID token, verified by the published key of its algorithm.
    func idToken(_ tokens: JSONValue, algorithm: SignatureAlgorithm = .rs256) throws -> JSONValue {
        let jws = try CompactJWS(parsing: Array(try #require(tokens["id_token"]?.string).utf8))
        #expect(jws.unverifiedHeader.algorithm == algorithm && jws.unverifiedHeader.type == "JWT")
        let keys = try JWKSet(parsing: server.services.ring.snapshot.publicJSON)
            .candidates(keyID: jws.unverifiedHeader.keyID, algorithm: algorithm, type: "JWT")
        return try JSONDocument(parsing: try jws.verified(by: try #require(keys.first)).payload).root
    }

    func access(_ tokens: JSONValue) throws -> JSONValue {
        let text = Array(try #require(tokens["access_token"]?.string).utf8)
        return try JSONDocument(parsing: try CompactJWS(parsing: text).unverifiedPayload()).root
    }

    func userInfo(_ tokens: JSONValue, at now: UnixTime = Server.start) throws -> Response {
        try server.send("GET", "/oauth2/userinfo", bearer: try #require(tokens["access_token"]?.string), at: now)
    }
}

extension Server {
    /// The keys of ID tokens, which only tests that get some need.
    func makeStatementKeys() throws {
        try services.rotation.maintainStatementKeys(at: Self.start)
        try services.ring.reload()
    }
}

@Suite struct IDTokenRouteTests {
    private let now = Server.start

    @Test("an ID token says who signed in, when, how and for whom, and names the tokens that it came with")
    func says() throws {
        let flow = try Flow()
        let tokens = try flow.tokens("openid profile email")
        let claims = try flow.idToken(tokens)
        #expect(claims["iss"]?.string == Server.issuer && claims["sub"]?.string == flow.user.id.text && claims["aud"]?.string == "app")
        #expect(claims["iat"]?.integer == now.seconds && claims["exp"]?.integer == now.seconds + 600)
        #expect(claims["auth_time"]?.integer == now.seconds - 5 && claims["nonce"]?.string == "n-0S6" && claims["sid"]?.string == "s-1")
        #expect(claims["acr"]?.string == "urn:martlet:acr:password" && claims["amr"]?.strings == ["pwd"])
        let hash = Digest.sha256.hash(Array(try #require(tokens["access_token"]?.string).utf8))
        #expect(claims["at_hash"]?.string == Base64URL.encode(Array(hash.prefix(16))))
        #expect(claims["c_hash"]?.string?.utf8.count == 22)
        // OpenID Connect Core 1.0 §5.4: with an access token, these are userinfo's.
        #expect(claims["email"] == nil && claims["name"] == nil)
    }

    @Test("without the scope openid there is none")
    func noOpenID() throws {
        let flow = try Flow()
        let tokens = try flow.tokens("email")
        #expect(tokens["id_token"] == nil && tokens["access_token"] != nil)
        let refused = try flow.userInfo(tokens)
        #expect(refused.status == .forbidden && refused.json?["error"]?.string == "insufficient_scope")
        #expect(refused.headers[.wwwAuthenticate]?.hasPrefix("Bearer realm=\"martlet\", error=\"insufficient_scope\"") == true)
    }

    @Test(
        "it is signed as the client registered",
        arguments: [(#""ES256""#, .es256), (#""RS256""#, .rs256)] as [(String, SignatureAlgorithm)])
    func algorithm(_ name: String, _ algorithm: SignatureAlgorithm) throws {
        let flow = try Flow(#","id_token_signed_response_alg":\#(name)"#)
        _ = try flow.idToken(try flow.tokens("openid"), algorithm: algorithm)
    }

    @Test("an algorithm that is not served is not registered", arguments: ["none", "HS256", "ES384", "EdDSA", "RS512"])
    func otherAlgorithm(_ name: String) throws {
        #expect { try Flow(#","id_token_signed_response_alg":"\#(name)""#) } throws: { error in
            (error as? OAuthError)?.code == .invalidClientMetadata && (error as? OAuthError)?.member == "id_token_signed_response_alg"
        }
    }

    @Test("while the keys are being made a code is not used up")
    func noKeys() throws {
        let flow = try Flow(hasKeys: false)
        let code = try flow.code("openid")
        #expect(try flow.redeem(code)["error"]?.string == "temporarily_unavailable")
        try flow.server.makeStatementKeys()
        _ = try flow.idToken(try flow.redeem(code))
    }

    @Test("a refreshed one has no nonce, the same sub and auth_time, and a new iat")
    func refreshed() throws {
        let flow = try Flow()
        let first = try flow.tokens("openid email")
        let later = now.adding(seconds: 100)
        let next = try flow.refresh(first, at: later)
        let claims = try flow.idToken(next)
        #expect(claims["nonce"] == nil && claims["c_hash"] == nil && claims["iat"]?.integer == later.seconds)
        #expect(claims["sub"]?.string == flow.user.id.text && claims["auth_time"]?.integer == now.seconds - 5)
        let narrower = try flow.refresh(next, scope: "email", at: now.adding(seconds: 200))
        #expect(narrower["id_token"] == nil && narrower["access_token"] != nil)
    }

    @Test("an ID token opens nothing, not even userinfo")
    func noAccessToken() throws {
        let flow = try Flow()
        let tokens = try flow.tokens("openid")
        let text = try #require(tokens["id_token"]?.string)
        for path in ["/oauth2/userinfo", "/api/v1/users/me"] {
            #expect(try flow.server.send("GET", path, bearer: text).status == .unauthorized)
        }
    }

    @Test("what a request names for the ID token stands there, as far as its scopes go")
    func requested() throws {
        let flow = try Flow()
        let claims = #"{"id_token":{"email":null,"name":{"essential":true},"sub":null},"userinfo":{"name":null}}"#
        let token = try flow.idToken(try flow.tokens("openid email", claims: claims))
        #expect(token["email"]?.string == "ada@example.com" && token["name"] == nil && token["email_verified"] == nil)
    }

    @Test("the operator's claims stand where the file says, by the scopes that were granted")
    func own() throws {
        let flow = try Flow(
            scopes: #"""
                {"scopes":{
                  "crew":{"description":"see your crew","claims":{
                    "access_token":{"roles":{"from":"roles"},"tenant":{"constant":{"id":7}}},
                    "id_token":{"crew":{"from":"attribute:crew"},"email":{"from":"email"}},
                    "userinfo":{"crew":{"from":"attribute:crew"},"ext":{"from":"external_id"}}}},
                  "profile":{"claims":{"userinfo":{"name":{"from":"username"}}}}}}
                """#, attributes: #"{"crew":["red","blue"]}"#)
        let without = try flow.tokens("openid profile")
        #expect(try flow.access(without)["roles"] == nil && flow.idToken(without)["crew"] == nil)
        let with = try flow.tokens("openid profile crew")
        #expect(try flow.access(with)["roles"]?.strings == ["staff"] && flow.access(with)["tenant"]?["id"]?.integer == 7)
        let token = try flow.idToken(with)
        #expect(token["crew"]?.strings == ["red", "blue"] && token["email"]?.string == "ada@example.com")
        let info = try #require(try flow.userInfo(with).json)
        #expect(info["crew"]?.strings == ["red", "blue"] && info["ext"] == nil)
        #expect(
            info["name"]?.string == "ada" && info["preferred_username"]?.string == "ada", "the operator's rule is in the place of the usual"
        )
    }
}

@Suite struct UserInfoRouteTests {
    private let path = "/oauth2/userinfo"

    @Test(
        "the claims are those of the scopes",
        arguments: [
            ("openid", ["sub"]), ("openid profile", ["sub", "name", "preferred_username", "updated_at"]),
            ("openid email", ["sub", "email", "email_verified"]), ("openid offline_access", ["sub"]),
        ])
    func scopes(_ scope: String, _ names: [String]) throws {
        let flow = try Flow()
        let response = try flow.userInfo(try flow.tokens(scope))
        #expect(
            response.status == .ok && response.headers[.contentType] == "application/json" && response.headers[.cacheControl] == "no-store")
        let json = try #require(response.json)
        #expect(json.members.map(\.name) == names && json["sub"]?.string == flow.user.id.text)
        if scope.contains("profile") { #expect(json["name"]?.string == "Ada L" && json["updated_at"]?.integer != nil) }
        if scope.contains("email") { #expect(json["email"]?.string == "ada@example.com" && json["email_verified"]?.bool == true) }
    }

    @Test("the token may come by POST, in the header or in a form, and in one of them only")
    func methods() throws {
        let flow = try Flow()
        let token = try #require(try flow.tokens("openid")["access_token"]?.string)
        #expect(try flow.server.send("POST", path, bearer: token).status == .ok)
        #expect(try flow.server.post(path, form: ["access_token": token]).status == .ok)
        #expect(try flow.server.post(path, ["Authorization: Bearer \(token)"], form: [:]).status == .ok)
        let both = try flow.server.post(path, ["Authorization: Bearer \(token)"], form: ["access_token": token])
        #expect(both.status == .badRequest && both.json?["error"]?.string == "invalid_request")
        #expect(try flow.server.send("GET", "\(path)?access_token=\(token)").status == .unauthorized, "RFC 6750 §2.3 is not served")
    }

    @Test("who comes without a token hears no error code, and who comes with a bad one does")
    func challenges() throws {
        let flow = try Flow()
        func challenge(_ response: Response) -> String? { response.headers[.wwwAuthenticate] }
        let bare = try flow.server.send("GET", path)
        #expect(bare.status == .unauthorized && challenge(bare)?.hasPrefix("Bearer realm=\"martlet\", DPoP") == true)
        #expect(challenge(try flow.server.post(path, form: ["a": "b"])) == challenge(bare))
        for bad in [try flow.server.send("GET", path, bearer: "x.y.z"), try flow.server.post(path, form: ["access_token": "x.y.z"])] {
            #expect(bad.status == .unauthorized && bad.json?["error"]?.string == "invalid_token")
            #expect(challenge(bad)?.hasPrefix("Bearer realm=\"martlet\", error=\"invalid_token\"") == true)
        }
    }

    @Test("the first-party login has no such scope")
    func firstParty() throws {
        let server = try Server()
        #expect(try server.send("GET", path, bearer: try server.register().access).status == .forbidden)
    }

    @Test("when the session, the user or the client is gone there is nothing to know")
    func ended() throws {
        for end in ["session", "user", "client"] {
            let flow = try Flow()
            let tokens = try flow.tokens("openid")
            let id = Session.id(ofAccessSessionID: try #require(try flow.access(tokens)["sid"]?.string))
            try flow.server.services.store.write { [user = flow.user.id] transaction throws(StoreError) in
                let audit = AuditContext(actor: .commandLine)
                switch end {
                case "session": _ = try transaction.revoke(.session(id, ofUser: nil), reason: nil, audit: audit, at: Server.start)
                case "user": _ = try transaction.changeUser(user, UserChange(isActive: false), audit: audit, at: Server.start)
                default: _ = try transaction.removeClient("app", audit: audit, at: Server.start)
                }
            }
            let response = try flow.userInfo(tokens)
            #expect(response.status == .unauthorized && response.json?["error"]?.string == "invalid_token", "\(end)")
        }
    }

    @Test("a client that asked for it has names of its own sector for people, the same everywhere")
    func pairwise() throws {
        let pairwise = #","subject_type":"pairwise""#
        let flow = try Flow(pairwise)
        let tokens = try flow.tokens("openid")
        let subject = try #require(try flow.idToken(tokens)["sub"]?.string)
        #expect(subject != flow.user.id.text && subject.utf8.count == 43)
        #expect(try flow.access(tokens)["sub"]?.string == subject && flow.userInfo(tokens).json?["sub"]?.string == subject)
        #expect(try flow.idToken(try flow.refresh(tokens, at: Server.start.adding(seconds: 9)))["sub"]?.string == subject)
        let neighbour = try Flow(pairwise, id: "neighbour", of: flow)
        #expect(try neighbour.idToken(try neighbour.tokens("openid"))["sub"]?.string == subject, "of the same host")
    }
}
