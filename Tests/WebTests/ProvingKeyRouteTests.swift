// Keys that clients prove (RFC 9449): what a grant binds to them, and what opens with them. The forms of bad proofs are VerifierTests'.

import HTTP
import MartletCryptography
import MartletEncoding
import MartletThreads
import MartletVerifier
import OAuth
import Store
import Testing
import Tokens

@testable import Web

struct ProvingKeyRouteTests {
    private static let token = "/oauth2/token"
    private static let verifier = String(repeating: "v", count: 43)
    private static let redirect = "https://app.example/cb"

    /// A service with a client, which is public unless told otherwise, and a person's account.
    private struct Desk {
        let server: Server
        let user: String

        init(nonces: DPoPNonces? = nil, metadata: String = "") throws {
            server = try Server(proofNonces: nonces)
            try server.makeStatementKeys()
            let access = try server.administrator().access
            user = try server.register().id
            let app =
                #"{"client_id":"app","redirect_uris":["\#(redirect)"],"token_endpoint_auth_method":"none","#
                + #""grant_types":["authorization_code","refresh_token"]\#(metadata)}"#
            let made = try server.send("POST", "/admin/api/clients", json: app, bearer: access)
            #expect(made.status == .created, "\(made.text)")
        }

        /// A code that a person's yes was turned into; `proofKey` is what `dpop_jkt` named.
        func code(_ text: String = "code", proofKey: String? = nil) throws -> String {
            let code = AuthorizationCode(
                hash: CodeText.hash(text), clientID: "app", userID: UserID(user), redirectURI: redirect,
                challenge: Digest.sha256.hash(Array(verifier.utf8)), proofKey: proofKey, scope: "read",
                details: GrantDetails(hasRefreshToken: true).json, browserSession: nil, expiresAt: Server.start.adding(seconds: 60))
            try server.services.store.write { transaction throws(StoreError) in try transaction.addCode(code, at: Server.start) }
            return text
        }

        func redeem(_ code: String, _ fields: [String]) throws -> Response {
            try server.send(
                form: "grant_type=authorization_code&client_id=app&code=\(code)&code_verifier=\(verifier)&redirect_uri=\(redirect)",
                to: token, fields)
        }

        func refresh(_ text: String, _ fields: [String]) throws -> Response {
            try server.send(form: "grant_type=refresh_token&client_id=app&refresh_token=\(text)", to: token, fields)
        }
    }

    private func error(_ response: Response) -> String? { response.json?["error"]?.string }

    @Test("a code announced for a key (RFC 9449 §10) is for its holder alone, and stays good for them")
    func announced() throws {
        let desk = try Desk()
        let (holder, thief) = (try KeyHolder(), try KeyHolder())
        let code = try desk.code(proofKey: try holder.thumbprint)
        #expect(error(try desk.redeem(code, [])) == "invalid_grant")
        #expect(error(try desk.redeem(code, [try thief.field()])) == "invalid_grant")
        let answer = try desk.redeem(code, [try holder.field()])
        #expect(answer.status == .ok && answer.json?["token_type"]?.string == "DPoP", "\(answer.text)")
    }

    @Test("a code that was announced for no key is bound to the one that it is redeemed with, or to none")
    func unannounced() throws {
        let desk = try Desk()
        let holder = try KeyHolder()
        let bound = try desk.redeem(try desk.code("one"), [try holder.field()])
        #expect(bound.json?["token_type"]?.string == "DPoP")
        let access = try #require(bound.json?["access_token"]?.string)
        #expect(try desk.server.services.anyAudience.examine(access, at: Server.start).proofKey == (try holder.thumbprint))
        let plain = try desk.redeem(try desk.code("two"), [])
        #expect(plain.status == .ok && plain.json?["token_type"]?.string == "Bearer")
    }

    @Test("the refresh token of a public client is for the holder of its key alone (RFC 9449 §5)")
    func refreshing() throws {
        let desk = try Desk()
        let (holder, thief) = (try KeyHolder(), try KeyHolder())
        let first = try #require(try desk.redeem(try desk.code(), [try holder.field()]).json?["refresh_token"]?.string)
        #expect(error(try desk.refresh(first, [])) == "invalid_grant")
        #expect(error(try desk.refresh(first, [try thief.field()])) == "invalid_grant")
        let next = try desk.refresh(first, [try holder.field()])
        #expect(next.status == .ok && next.json?["token_type"]?.string == "DPoP", "it was not used up by who may not have it")
    }

    @Test("a client that is registered for bound tokens alone gets no other (RFC 9449 §5.2)")
    func required() throws {
        let desk = try Desk(metadata: #","dpop_bound_access_tokens":true"#)
        let holder = try KeyHolder()
        let code = try desk.code()
        #expect(error(try desk.redeem(code, [])) == "invalid_dpop_proof")
        #expect(try desk.redeem(code, [try holder.field()]).json?["token_type"]?.string == "DPoP")
    }

    @Test("a proof counts once, and one that was refused for its request's sake is used up as well")
    func once() throws {
        let desk = try Desk()
        let holder = try KeyHolder()
        let proof = try holder.field()
        #expect(error(try desk.redeem("no code", [proof])) == "invalid_grant")
        #expect(error(try desk.redeem(try desk.code(), [proof])) == "invalid_dpop_proof")
        #expect(error(try desk.redeem("code", [try holder.field(), try holder.field()])) == "invalid_dpop_proof")
        // What is no client's is nobody's: the proof is not looked at.
        let unknown = try desk.server.send(form: "grant_type=refresh_token&client_id=nobody", to: Self.token, ["DPoP: x"])
        #expect(error(unknown) == "invalid_client")
    }

    @Test("nonces (RFC 9449 §8): given with the refusal, taken for two slots, and renewed with an answer when there is another")
    func nonces() throws {
        let nonces = DPoPNonces(secret: [7])
        let desk = try Desk(nonces: nonces)
        let holder = try KeyHolder()
        let code = try desk.code()
        let first = try desk.redeem(code, [try holder.field()])
        #expect(first.status == .badRequest && error(first) == "use_dpop_nonce")
        let nonce = try #require(first.headers[.dpopNonce])
        #expect(nonce == nonces.nonce(at: Server.start) && first.headers[.cacheControl] == "no-store")
        let old = nonces.nonce(at: Server.start.adding(seconds: -2 * DPoPNonces.slot))
        #expect(error(try desk.redeem(code, [try holder.field(nonce: old)])) == "use_dpop_nonce")
        let good = try desk.redeem(code, [try holder.field(nonce: nonce)])
        #expect(good.status == .ok && good.headers[.dpopNonce] == nil)
        let before = nonces.nonce(at: Server.start.adding(seconds: -DPoPNonces.slot))
        let late = try desk.redeem(try desk.code("two"), [try holder.field(nonce: before)])
        #expect(late.status == .ok && late.headers[.dpopNonce] == nonce)
        // Who proves no key hears of no nonce.
        let plain = try desk.redeem(try desk.code("three"), [])
        #expect(plain.status == .ok && plain.headers[.dpopNonce] == nil)
    }

    // MARK: The service's own APIs

    /// A token with these scopes for whoever holds the key.
    private func bound(_ server: Server, _ subject: String, _ scope: String, to holder: KeyHolder) throws -> String {
        let grant = ClientGrant(
            clientID: subject, scope: scope, audience: [Server.issuer], lifetime: 600, proofKey: try holder.thumbprint)
        let made = Monitor<(@Sendable () throws(TokenFailure) -> AccessToken)?>(nil)
        server.services.sessions.token(for: grant, at: Server.start) { finish in
            made.withLock { $0 = finish }
            made.broadcast()
        }
        let finish = made.wait { $0 }
        return try finish().text
    }

    @Test("the account of a bound token opens with a proof, and with nothing else")
    func account() throws {
        let server = try Server()
        let (user, holder) = (try server.register(), try KeyHolder())
        let (path, uri) = ("/api/v1/users/me", Server.issuer + "/api/v1/users/me")
        let token = try bound(server, user.id, "account", to: holder)
        let scheme = "Authorization: DPoP \(token)"
        let proof = try holder.field("GET", uri, token: token)
        #expect(try server.send("GET", path, [scheme, proof]).json?["id"]?.string == user.id)
        #expect(try server.send("GET", path, [scheme, proof]).json?["code"]?.string == "invalid_dpop_proof")
        let other = Server.issuer + "/api/v1/users"
        #expect(try server.send("GET", path, [scheme, try holder.field("GET", other, token: token)]).status == .unauthorized)
        let borne = try server.send("GET", path, [try holder.field("GET", uri, token: token)], bearer: token)
        #expect(borne.status == .unauthorized && borne.json?["code"]?.string == "invalid_token")
        // Nor by a cookie, a body, or as the word of a proxy that nobody trusts.
        #expect(try server.send("POST", "/auth/verify", json: #"{"token":"\#(token)"}"#).status == .unauthorized)
        let asked = ["X-Forwarded-Method: GET", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.example", "X-Forwarded-Uri: /x"]
        let proxied = try holder.field("GET", "https://a.example/x", token: token)
        #expect(try server.send("GET", "/auth/forward", [scheme, proxied] + asked).status == .unauthorized)
    }

    @Test("steps that look at the caller again within one request use its proof up once")
    func severalLooks() throws {
        let server = try Server()
        let (admin, holder) = (try server.administrator(), try KeyHolder())
        let token = try bound(server, admin.id, "account admin", to: holder)
        let scheme = "Authorization: DPoP \(token)"
        func proof(_ method: String, _ path: String) throws -> String {
            try holder.field(method, Server.issuer + path, token: token)
        }
        let list = "/admin/api/clients"
        #expect(try server.send("GET", list, [scheme, try proof("GET", list)]).status == .ok)
        let json = #"{"client_id":"a","redirect_uris":["https://a.example/cb"]}"#
        #expect(try server.send("POST", list, [scheme, try proof("POST", list)], json: json).status == .created)
        let person = "/api/v1/users/\(admin.id)"
        #expect(try server.send("GET", person, [scheme, try proof("GET", person)]).status == .ok)
    }

    @Test(
        "a challenge speaks in the scheme of its request, and names the other",
        arguments: [
            ([], ["Bearer realm", "DPoP realm"], nil),
            (["Authorization: Bearer x"], ["Bearer realm", "DPoP realm"], "invalid_token"),
            (["Authorization: DPoP x"], ["DPoP realm", "Bearer realm"], "invalid_token"),
        ] as [([String], [String], String?)])
    func challenges(_ fields: [String], _ order: [String], _ error: String?) throws {
        let values = try Server().send("GET", "/api/v1/users/me", fields).headers.values(.wwwAuthenticate)
        #expect(values.count == 1 && values[0].hasPrefix(order[0] + "=\"martlet\""), "\(values)")
        let second = try #require(values[0].firstRange(of: ", \(order[1])="))
        let challenges = (values[0][..<second.lowerBound], values[0][second.upperBound...])
        #expect(challenges.0.contains("error=") == (error != nil) && !challenges.1.contains("error="))
        if let error { #expect(challenges.0.contains("error=\"\(error)\"")) }
    }
}
