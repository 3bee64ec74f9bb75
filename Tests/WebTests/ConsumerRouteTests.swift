// What others stand on: the feed, the metadata, and the door for proxies.

import HTTP
import MartletEncoding
import MartletJOSE
import Store
import Testing
import Tokens
import Web

struct ConsumerRouteTests {
    @Test("the snapshot is a JWT with a validator; asked again with it the answer is 304 while nothing is revoked")
    func snapshot() throws {
        let server = try Server()
        let user = try server.register()
        let response = try server.send("GET", "/.well-known/revocations")
        #expect(
            response.status == .ok && response.headers[.contentType] == "application/jwt" && response.headers[.cacheControl] == "no-cache")
        let etag = try #require(response.headers[.etag])
        #expect(try server.send("GET", "/.well-known/revocations", ["If-None-Match: \(etag)"]).status == .notModified)
        #expect(try server.send("POST", "/auth/logout-all", bearer: user.access).status == .noContent)
        let next = try server.send("GET", "/.well-known/revocations", ["If-None-Match: \(etag)"])
        #expect(next.status == .ok && next.headers[.etag] != etag)
        #expect(try claims(next)["revoked"]?["sid"]?.elements?.count == 1)
    }

    @Test(
        "what is asked of the feed wrongly is 400",
        arguments: ["after=x", "after=-1", "after=", "after=1&after=2", "after=0&wait=26", "after=0&wait=x", "after=99999999999999999999"])
    func badQuestions(query: String) throws {
        #expect(try Server().send("GET", "/.well-known/revocations?\(query)").status == .badRequest)
    }

    @Test("without a wait the answer is at once; with one it is held, unless there is news or it is HEAD")
    func waits() throws {
        let server = try Server()
        let user = try server.register()
        let sequence = try #require(try claims(try server.send("GET", "/.well-known/revocations"))["seq"]?.integer)
        let empty = try server.send("GET", "/.well-known/revocations?after=\(sequence)")
        #expect(empty.headers[.cacheControl] == "no-store")
        #expect(try (claims(empty)["after"]?.integer).map { $0 <= sequence } == true)
        #expect(try server.outcome("GET", "/.well-known/revocations?after=\(sequence)&wait=5").isParked)
        #expect(try !server.outcome("HEAD", "/.well-known/revocations?after=\(sequence)&wait=5").isParked)
        #expect(try server.outcome("GET", "/.well-known/revocations?after=\(sequence)&wait=5&lineage=test").isParked)
        let other = try server.send("GET", "/.well-known/revocations?after=\(sequence)&wait=5&lineage=other")
        #expect(try claims(other)["after"] == nil, "a number of another history means nothing: that is the snapshot")
        #expect(try server.send("POST", "/auth/logout-all", bearer: user.access).status == .noContent)
        #expect(try !server.outcome("GET", "/.well-known/revocations?after=\(sequence)&wait=5").isParked)
    }

    @Test("a feed for tokens wants one with the scope; a feed that is off is not there, and no metadata names it")
    func access() throws {
        let server = try Server(feed: .forTokens)
        let admin = try server.administrator()
        #expect(try server.send("GET", "/.well-known/revocations").status == .unauthorized)
        #expect(try server.send("GET", "/.well-known/revocations", bearer: admin.access).status == .forbidden)
        let login = try server.send(
            "POST", "/auth/login", json: #"{"username":"root","password":"correct horse","scope":"revocations"}"#)
        let access = try #require(login.json?["access"]?.string)
        #expect(try server.send("GET", "/.well-known/revocations", bearer: access).status == .ok)
        #expect(try server.send("GET", "/api/v1/users/me", bearer: access).status == .forbidden)
        let off = try Server(feed: .off)
        #expect(try off.send("GET", "/.well-known/revocations").status == .notFound)
        #expect(try off.send("GET", "/.well-known/oauth-authorization-server").json?["revocations_uri"] == nil)
    }

    @Test("of large snapshots a client has four on their way, and a place is given back when one is sent")
    func largeAnswers() throws {
        let server = try Server()
        guard case .open(let feed) = server.services.feed else { throw Missing() }
        feed.apply(
            (1...5000).map { number in
                RevocationEvent(
                    sequence: 1_000_000 + number, id: "e\(number)", kind: .session, target: "s\(number)", at: Server.start,
                    until: Server.start.adding(seconds: 600), issuedBefore: nil, reason: nil, cause: nil)
            })
        feed.publish(at: Server.start)
        var onTheirWay = try (0..<4).map { _ in try server.send("GET", "/.well-known/revocations") }
        #expect(onTheirWay.allSatisfy { $0.status == .ok && $0.contentLength > 65_536 })
        let refused = try server.send("GET", "/.well-known/revocations")
        #expect(refused.status == .serviceUnavailable && refused.json?["code"]?.string == "overloaded")
        onTheirWay.removeLast()
        #expect(try server.send("GET", "/.well-known/revocations").status == .ok)
    }

    @Test(
        "metadata says what is served, with the issuer as it is asked for",
        arguments: ["oauth-authorization-server", "openid-configuration"])
    func metadata(name: String) throws {
        let server = try Server()
        let json = try #require(try server.send("GET", "/.well-known/\(name)").json)
        #expect(json["issuer"]?.string == Server.issuer)
        for member in ["jwks_uri", "revocations_uri"] {
            let address = try #require(json[member]?.string)
            #expect(address.hasPrefix(Server.issuer))
            #expect(try server.send("GET", String(address.dropFirst(Server.issuer.count))).status == .ok, "\(member)")
        }
        for (member, value) in json.members where value.elements != nil {
            #expect(value.elements?.isEmpty == false, "\(member): RFC 8414 §3.2 has no empty lists")
        }
    }

    @Test("the user API names its authorization server")
    func resource() throws {
        let json = try #require(try Server().send("GET", "/.well-known/oauth-protected-resource").json)
        #expect(json["resource"]?.string == Server.issuer)
        #expect(json["authorization_servers"]?.strings == [Server.issuer])
    }

    @Test(
        "a proxy is told who it is, or why not",
        arguments: [
            ("", true, 200), ("?scope=account", true, 200), ("?scope=account%20admin", true, 403), ("?scope=admin", true, 403),
            ("?role=admin", true, 403), ("?audience=https://api.example", true, 401), ("", false, 401), ("?scope=a&scope=b", true, 400),
            ("?role=,", true, 400), ("?scope=%20", true, 400), ("?role=", true, 400),
        ])
    func forward(query: String, hasToken: Bool, status: Int) throws {
        let server = try Server()
        let user = try server.register()
        let response = try server.send("GET", "/auth/forward\(query)", bearer: hasToken ? user.access : nil)
        #expect(Int(response.status.code) == status)
        guard status == 200 else { return }
        #expect(response.headers["x-auth-subject"] == user.id && response.headers["x-auth-username"] == "ada")
        #expect(response.headers["x-auth-scope"] == "account" && response.headers["x-auth-roles"] == "")
        #expect(response.headers["x-auth-session"]?.isEmpty == false)
    }

    @Test("an administrator passes where the role is asked for, a revoked token nowhere")
    func forwardRoles() throws {
        let server = try Server()
        let admin = try server.administrator()
        let response = try server.send("GET", "/auth/forward?role=editor,admin&scope=admin", bearer: admin.access)
        #expect(response.status == .ok && response.headers["x-auth-roles"] == "admin")
        #expect(try server.send("POST", "/auth/logout-all", bearer: admin.access).status == .noContent)
        let refused = try server.send("GET", "/auth/forward", bearer: admin.access)
        #expect(refused.status == .unauthorized && refused.json?["code"]?.string == "token_revoked")
        #expect(refused.headers["x-auth-subject"] == nil)
    }

    @Test(
        "a role that would be read as another one, or as two, is left out",
        arguments: [
            ("x,admin", ""), (" admin", ""), ("admin ", ""), ("\u{3000}admin", ""), ("ad\u{1}min", ""), ("admin\u{7F}", ""), ("", ""),
            ("équipe / été", "équipe / été"),
        ])
    func forwardOddRoles(role: String, shown: String) throws {
        let server = try Server()
        let user = try server.register()
        _ = try server.services.store.write { transaction throws(StoreError) in
            try transaction.changeUser(
                UserID(user.id), UserChange(roles: ["first", role]), audit: AuditContext(actor: .commandLine), at: Server.start)
        }
        let login = try server.send("POST", "/auth/login", json: #"{"username":"ada","password":"correct horse"}"#)
        let response = try server.send("GET", "/auth/forward?role=first", bearer: try #require(login.json?["access"]?.string))
        #expect(response.headers["x-auth-roles"] == (shown.isEmpty ? "first" : "first,\(shown)"))
    }

    @Test("a token for another API passes where that audience is demanded, and only there")
    func forwardAudience() throws {
        let server = try Server()
        let user = try server.register()
        let answer = try server.send(
            "POST", "/auth/refresh", json: #"{"refresh":"\#(user.refresh)","audience":"https://api.example"}"#)
        let access = try #require(answer.json?["access"]?.string)
        #expect(try server.send("GET", "/auth/forward?audience=https://api.example", bearer: access).status == .ok)
        #expect(try server.send("GET", "/auth/forward", bearer: access).status == .unauthorized)
    }

    private func claims(_ response: Response) throws -> Claims {
        guard case .bytes(let text) = response.body else { throw Missing() }
        return try Claims(parsing: try CompactJWS(parsing: text).unverifiedPayload())
    }

    private struct Missing: Error {}
}

extension Outcome {
    fileprivate var isParked: Bool { if case .park = self { true } else { false } }
}
