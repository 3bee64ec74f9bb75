// Who is signed in, by the cookie of the pages, and when the idle end of that is put off.

import Accounts
import HTTP
import MartletCryptography
import MartletEncoding
import OAuth
import Store
import Testing

@testable import Web

struct SignedInTests {
    /// A browser that ada is signed in with, its cookie, and the request that it sends so many seconds later.
    private func browser(_ server: Server) throws -> (BrowserCookie.Value, UserID) {
        let id = UserID(try server.register().id)
        return (try server.signIn(id), id)
    }

    private func request(_ value: BrowserCookie.Value, after seconds: Int64 = 0) throws -> Request {
        let cookie = "__Host-martlet-session=" + Base64URL.encode(value.bytes)
        return try WebTests.request("GET", "/", ["Cookie: \(cookie)"], at: Server.start.adding(seconds: seconds))
    }

    @Test("a browser is known by its cookie alone, for as long as it may be idle")
    func known() throws {
        let server = try Server()
        let (value, id) = try browser(server)
        #expect(try server.services.signedIn(request(value))?.user.id == id)
        #expect(try server.services.signedIn(request(value))?.session.methods == ["pwd"])
        #expect(try server.services.signedIn(request(BrowserCookie.Value(random: .secure))) == nil)
        #expect(try server.services.signedIn(WebTests.request("GET", "/")) == nil)
        #expect(try server.services.signedIn(request(value, after: 28_799)) != nil)
        let other = try Server()
        let (unused, _) = try browser(other)
        #expect(try other.services.signedIn(request(unused, after: 28_800)) == nil)
    }

    @Test("every use puts the idle end off, and nothing the absolute one")
    func idle() throws {
        let server = try Server()
        let (value, _) = try browser(server)
        for hour in 1...167 {
            #expect(try server.services.signedIn(request(value, after: Int64(hour) * 3600)) != nil, "hour \(hour)")
            // Behind the write of the use.
            _ = try server.services.store.write { _ throws(StoreError) in 0 }
        }
        #expect(try server.services.signedIn(request(value, after: 604_800)) == nil)
    }

    @Test("an account that is disabled is nobody's to be signed in with")
    func disabled() throws {
        let server = try Server()
        let (value, id) = try browser(server)
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(id, UserChange(isActive: false), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        #expect(try server.services.signedIn(request(value)) == nil)
    }
}

extension Server {
    /// Signs somebody in; what their browser's cookie holds.
    func signIn(_ id: UserID, at now: UnixTime = start) throws -> BrowserCookie.Value {
        let value = BrowserCookie.Value(random: .secure)
        let outcome = try services.store.write { transaction throws(StoreError) -> BeginBrowserSessionOutcome? in
            guard let user = try transaction.user(id) else { return nil }
            let session = BrowserSession(
                id: "sign-in-\(id.text)", cookieHash: value.hash, userID: id, authenticatedAt: now, methods: ["pwd"], createdAt: now,
                idleExpiresAt: now.adding(seconds: 28_800), expiresAt: now.adding(seconds: 604_800), ip: "192.0.2.1", userAgent: "")
            return try transaction.beginBrowserSession(
                session, ifUserVersion: user.version, replacing: nil, audit: AuditContext(actor: .anonymous), at: now)
        }
        guard case .begun? = outcome else { throw StoreError.unavailable(detail: "nobody was signed in") }
        return value
    }
}
