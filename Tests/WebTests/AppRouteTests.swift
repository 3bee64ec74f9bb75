// The applications that a person let act for them.

import HTTP
import MartletEncoding
import MartletVerifier
import OAuth
import Store
import Testing

@testable import Web

struct AppRouteTests {
    private static let mine = "/api/v1/users/me/apps"
    private static let document = "https://client.example/some/client.json"

    private func consent(_ server: Server, _ user: String, _ client: String, _ scope: String, _ resources: [String] = []) throws {
        let consent = Consent(userID: UserID(user), clientID: client, scope: scope, resources: resources, grantedAt: Server.start)
        try server.services.store.write { transaction throws(StoreError) in
            try transaction.giveConsent(consent, audit: AuditContext(actor: .anonymous))
        }
    }

    private func ids(_ response: Response) -> [String]? { response.json?["items"]?.elements?.compactMap { $0["client_id"]?.string } }

    @Test("each application is there once: with a consent, with sessions, or with both")
    func list() throws {
        let server = try Server()
        try server.addClient("shop", #","client_uri":"https://shop.example/","logo_uri":"https://shop.example/logo.png""#)
        try server.addClient("mail")
        let user = try server.register()
        let signIn = try BrowserSignIn(server, user.id)
        try consent(server, user.id, "shop", "openid email gone", ["https://api.example"])
        _ = try signIn.letIn("shop", scope: "openid", resources: ["https://other.example"])
        _ = try signIn.letIn("mail", scope: "openid profile")
        try consent(server, user.id, "zzz", "email")
        let answer = try server.send("GET", Self.mine, bearer: user.access)
        #expect(answer.status == .ok && answer.headers[.cacheControl] == "no-store")
        #expect(ids(answer) == ["mail", "shop", "zzz"], "by name: The mail, The shop, zzz")
        let (mail, shop, other) = try #require(answer.json?["items"]?.elements.map { ($0[0], $0[1], $0[2]) })
        #expect(shop["client_name"]?.string == "The shop" && shop["client_uri"]?.string == "https://shop.example/")
        #expect(shop["logo_uri"]?.string == "https://shop.example/logo.png" && shop["has_sessions"]?.bool == true)
        let scopes = shop["scopes"]?.elements?.map { "\($0["name"]?.string ?? ""): \($0["description"]?.string ?? "")" }
        #expect(scopes == ["openid: know who you are", "email: see your e-mail address", "gone: "])
        #expect(shop["resources"]?.strings == ["https://api.example", "https://other.example"])
        #expect(shop["granted_at"]?.string == Server.start.rfc3339 && shop["last_used_at"]?.string == Server.start.rfc3339)
        #expect(mail["granted_at"]?.isNull == true && mail["has_sessions"]?.bool == true)
        #expect(other["has_sessions"]?.bool == false && other["last_used_at"]?.isNull == true && other["client_name"]?.string == "zzz")
    }

    @Test("taken back, its tokens are dead with the answer, and it is gone; again, and what never was, is 404")
    func remove() throws {
        let server = try Server()
        try server.addClient("shop")
        let user = try server.register()
        let tokens = try BrowserSignIn(server, user.id).letIn("shop")
        let access = try #require(tokens["access_token"]?.string)
        #expect(throws: Never.self) { try server.services.anyAudience.verify(Array(access.utf8)[...], at: Server.start) }
        #expect(try server.send("DELETE", Self.mine + "/shop", bearer: user.access).status == .noContent)
        #expect(throws: (any Error).self) { try server.services.anyAudience.verify(Array(access.utf8)[...], at: Server.start) }
        let refresh = try #require(tokens["refresh_token"]?.string)
        let refreshed = try server.send("POST", "/oauth2/token", form: "grant_type=refresh_token&client_id=shop&refresh_token=\(refresh)")
        #expect(refreshed.json?["error"]?.string == "invalid_grant")
        #expect(ids(try server.send("GET", Self.mine, bearer: user.access)) == [])
        for id in ["shop", "nobody", "martlet", "impersonation:x"] {
            #expect(try server.send("DELETE", Self.mine + "/\(id)", bearer: user.access).status == .notFound, "\(id)")
        }
        #expect(try server.send("GET", "/auth/sessions", bearer: user.access).status == .ok, "one's own session goes on")
    }

    @Test("an application whose id is an address is named in a path with its slashes escaped")
    func address() throws {
        let server = try Server()
        let user = try server.register()
        try consent(server, user.id, Self.document, "openid")
        let path = "\(Self.mine)/\(PercentEncoding.encode(Self.document))"
        #expect(try server.send("DELETE", path + "x", bearer: user.access).status == .notFound)
        #expect(try server.send("DELETE", path, bearer: user.access).status == .noContent)
        #expect(try server.send("DELETE", path, bearer: user.access).status == .notFound)
    }

    @Test("administrators see and take back anybody's, and nobody else does")
    func administrators() throws {
        let server = try Server()
        let (user, eve, root) = (try server.register(), try server.register("eve"), try server.administrator())
        try consent(server, user.id, Self.document, "openid")
        let path = "/admin/api/users/\(user.id)/apps"
        #expect(ids(try server.send("GET", path, bearer: root.access)) == [Self.document])
        #expect(try server.send("GET", "/admin/api/users/nobody/apps", bearer: root.access).status == .notFound)
        #expect(try server.send("GET", path, bearer: user.access).status == .forbidden)
        #expect(ids(try server.send("GET", Self.mine, bearer: eve.access)) == [])
        let app = "\(path)/\(PercentEncoding.encode(Self.document))"
        #expect(try server.send("DELETE", app, bearer: root.access).status == .noContent)
        #expect(try server.send("DELETE", app, bearer: root.access).status == .notFound)
        let trail = try server.services.store.read { reads throws(StoreError) in
            try reads.audit(AuditFilter(action: .consentWithdrawn), page: Page())
        }
        #expect(trail.items.map(\.actor) == ["user:\(root.id)"])
    }

    @Test("an application's own token is nobody here")
    func clientsToken() throws {
        let server = try Server()
        try server.addClient("shop")
        let user = try server.register()
        let access = try #require(try BrowserSignIn(server, user.id).letIn("shop")["access_token"]?.string)
        let answer = try server.send("GET", Self.mine, bearer: access)
        #expect(answer.status == .forbidden && answer.json?["code"]?.string == "insufficient_scope")
    }
}
