// BrowserSignIn: somebody who is signed in with a browser, and the clients that this let in, for tests that begin there.

import Accounts
import HTTP
import MartletCryptography
import MartletEncoding
import OAuth
import Store
import Testing
import Tokens

@testable import Web

/// A browser that somebody is signed in with.
struct BrowserSignIn {
    let server: Server
    let id: String
    let user: User
    let value: BrowserCookie.Value

    /// The header line with the cookie.
    var cookie: String { "Cookie: __Host-martlet-session=\(Base64URL.encode(value.bytes))" }
    /// The token of forms.
    var formToken: String { server.services.formTokens.token(for: value) }

    init(_ server: Server, _ userID: String, id: String = "sign-in-1") throws {
        try server.makeStatementKeys()
        let value = BrowserCookie.Value(random: .secure)
        let now = Server.start
        let begun = try server.services.store.write { transaction throws(StoreError) -> User? in
            guard let user = try transaction.user(UserID(userID)) else { return nil }
            let session = BrowserSession(
                id: id, cookieHash: value.hash, userID: user.id, authenticatedAt: now, methods: ["pwd"], createdAt: now,
                idleExpiresAt: now.adding(seconds: 28_800), expiresAt: now.adding(seconds: 604_800), ip: "192.0.2.1", userAgent: "test")
            _ = try transaction.beginBrowserSession(
                session, ifUserVersion: user.version, replacing: nil, audit: AuditContext(actor: .anonymous), at: now)
            return user
        }
        self.server = server
        self.id = id
        self.value = value
        user = try #require(begun)
    }

    /// The tokens of a public client that is let in: a code that is redeemed.
    func letIn(_ client: String, scope: String = "openid email", resources: [String] = []) throws -> JSONValue {
        let (text, verifier) = ("code of \(client)", String(repeating: "v", count: 43))
        let code = AuthorizationCode(
            hash: CodeText.hash(text), clientID: client, userID: user.id, redirectURI: "https://\(client).example/cb",
            challenge: Digest.sha256.hash(Array(verifier.utf8)), proofKey: nil, scope: scope,
            details: GrantDetails(resources: resources, signIn: id, hasRefreshToken: true).json, browserSession: id,
            expiresAt: Server.start.adding(seconds: 60))
        try server.services.store.write { transaction throws(StoreError) in try transaction.addCode(code, at: Server.start) }
        let form = "grant_type=authorization_code&client_id=\(client)&code_verifier=\(verifier)&code=\(PercentEncoding.encode(text))"
        let answer = try server.send("POST", "/oauth2/token", form: form)
        #expect(answer.status == .ok, "\(answer.text)")
        return try #require(answer.json)
    }

    /// An ID token of this sign-in for a client, or one that is wrong in some way.
    func idToken(for client: String, issuer: String = Server.issuer, subject: String? = nil, signIn: String? = nil, type: String = "JWT")
        throws -> String
    {
        let payload = JSONWriter.object { writer in
            writer.member("iss", issuer)
            writer.member("sub", subject ?? user.id.text)
            writer.member("aud", client)
            writer.member("exp", Server.start.seconds - 3600)
            writer.member("sid", signIn ?? id)
        }
        return try server.services.sessions.statement(type: type, algorithm: nil, payload: payload, until: Server.start)
    }
}

extension Server {
    /// A public client that the operator made, at `https://ID.example`.
    func addClient(_ id: String, _ members: String = "") throws {
        let metadata =
            #"{"client_name":"The \#(id)","redirect_uris":["https://\#(id).example/cb"],"token_endpoint_auth_method":"none","#
            + #""grant_types":["authorization_code","refresh_token"],"post_logout_redirect_uris":["https://\#(id).example/bye"]\#(members)}"#
        let client = OAuthClient(id: id, origin: .operator, secret: nil, metadata: metadata, createdAt: Self.start, updatedAt: Self.start)
        _ = try services.store.write { transaction throws(StoreError) in
            try transaction.addClient(client, audit: AuditContext(actor: .commandLine))
        }
    }
}
