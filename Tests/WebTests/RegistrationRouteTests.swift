// Clients that register themselves (RFC 7591) and look after themselves (RFC 7592).

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import OAuth
import Store
import Synchronization
import Testing

@testable import Web

struct RegistrationRouteTests {
    private static let path = "/oauth2/register"
    private static let app = #"{"redirect_uris":["https://a.example/cb"],"client_name":"App","never_heard_of":{"a":[1]}}"#
    private static let token = "an initial access token, 32 or more"

    private func register(_ server: Server, _ json: String = app, bearer: String? = nil) throws -> Response {
        try server.send("POST", Self.path, json: json, bearer: bearer)
    }

    private func expect(_ response: Response, _ status: Int, _ error: String, _ comment: Comment? = nil) {
        #expect(response.status.code == status, comment)
        #expect(response.json?["error"]?.string == error, comment)
        #expect(response.json?["error_description"]?.string?.isEmpty == false, comment)
        #expect(response.headers[.cacheControl] == "no-store", comment)
    }

    @Test("the answer has all that RFC 7591 §3.2.1 and RFC 7592 §3 name, and unknown members are ignored")
    func answer() throws {
        let response = try register(try Server(clientRegistration: .open(token: nil)))
        #expect(response.status == .created && response.headers[.cacheControl] == "no-store")
        let json = try #require(response.json)
        let id = try #require(json["client_id"]?.string)
        #expect(json["client_secret"]?.string?.utf8.count == 43 && json["client_secret_expires_at"]?.integer == 0)
        #expect(json["client_id_issued_at"]?.integer == Server.start.seconds)
        #expect(json["registration_access_token"]?.string?.utf8.count == 43)
        #expect(json["registration_client_uri"]?.string == "https://auth.example/oauth2/register/\(id)")
        #expect(json["grant_types"]?.strings == ["authorization_code"] && json["response_types"]?.strings == ["code"])
        #expect(json["never_heard_of"] == nil)
    }

    @Test("a public client gets no secret, and can look after itself all the same")
    func publicClient() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let json = #"{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}"#
        let response = try register(server, json)
        #expect(response.json?["client_secret"] == nil && response.json?["client_secret_expires_at"] == nil)
        #expect(response.json?["registration_client_uri"] != nil)
    }

    @Test("who may come: nobody, those with the initial access token, or anybody")
    func access() throws {
        let closed = try Server(clientRegistration: .closed)
        expect(try register(closed), 403, "access_denied")
        expect(try register(closed, bearer: Self.token), 403, "access_denied")

        let vouched = try Server(clientRegistration: .token(Self.token))
        let missing = try register(vouched)
        expect(missing, 401, "invalid_token")
        #expect(missing.headers[.wwwAuthenticate] == "Bearer realm=\"martlet\"")
        let wrong = try register(vouched, bearer: Self.token + "x")
        expect(wrong, 401, "invalid_token")
        #expect(wrong.headers[.wwwAuthenticate] == "Bearer realm=\"martlet\", error=\"invalid_token\"")
        #expect(try register(vouched, bearer: Self.token).status == .created)
        expect(try vouched.send("POST", Self.path, ["Authorization: Basic YTpi"], json: Self.app), 401, "invalid_token")

        let open = try Server(clientRegistration: .open(token: Self.token))
        #expect(try register(open).status == .created)
        #expect(try register(open, bearer: Self.token).status == .created)
        expect(try register(open, bearer: "other"), 401, "invalid_token", "a wrong token is not the same as none")
    }

    @Test(
        "what an anonymous client may not have is left out where it can do without",
        arguments: [
            (
                #""grant_types":["authorization_code","refresh_token","client_credentials"]"#, "grant_types",
                "authorization_code refresh_token"
            ),
            (#""grant_types":["authorization_code","implicit"],"response_types":["code","token"]"#, "grant_types", "authorization_code"),
            (#""grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"]"#, "grant_types", "authorization_code"),
            (#""scope":"openid account admin revocations profile""#, "scope", "openid profile"),
            (#""first_party":true,"access_ttl":9999,"may_combine_resources":true"#, "response_types", "code"),
        ])
    func leavesOut(members: String, name: String, expected: String) throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let response = try register(server, #"{"redirect_uris":["https://a.example/cb"],\#(members)}"#)
        #expect(response.status == .created, "\(members)")
        let value = response.json?[name]
        #expect((value?.strings?.joined(separator: " ") ?? value?.string) == expected)
        let id = try #require(response.json?["client_id"]?.string)
        let record = try #require(try server.services.store.read { reads throws(StoreError) in try reads.client(id) })
        #expect(record.policy == "{}" && record.origin == .anonymous)
        #expect(record.unusedUntil == Server.start.adding(seconds: 7 * 86_400))
    }

    @Test(
        "what it cannot do without is refused by RFC 7591 §3.2.2",
        arguments: [
            (#"{"grant_types":["client_credentials"]}"#, "invalid_client_metadata"),
            (#"{"grant_types":["urn:ietf:params:oauth:grant-type:token-exchange"]}"#, "invalid_client_metadata"),
            (#"{"grant_types":[],"redirect_uris":["https://a.example/cb"]}"#, "invalid_client_metadata"),
            (#"{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}"#, "invalid_client_metadata"),
            (#"{"redirect_uris":["https://a.example/cb"],"scope":"account admin"}"#, "invalid_client_metadata"),
            (#"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_jwt"}"#, "invalid_client_metadata"),
            (#"{"redirect_uris":["https://a.example/cb"],"software_statement":"a.b.c"}"#, "unapproved_software_statement"),
            (#"{"redirect_uris":["https://a.example/cb"],"logo_uri":"javascript:alert(1)"}"#, "invalid_client_metadata"),
            (#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
            (#"{}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["javascript:alert(1)"]}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["data:text/html,x"]}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["http://evil.example/cb"]}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["https://a.example/cb#x"]}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["https://user@a.example/cb"]}"#, "invalid_redirect_uri"),
            (#"[]"#, "invalid_client_metadata"),
            (#"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}"#, "invalid_client_metadata"),
        ])
    func refuses(json: String, error: String) throws {
        let server = try Server(clientRegistration: .open(token: nil))
        expect(try register(server, json), 400, error, "\(json)")
        #expect(try server.services.store.read { reads throws(StoreError) in try reads.clients(page: Page()) }.items.isEmpty)
    }

    @Test("a client that somebody vouches for may be a machine, and stays unused for as long as it likes")
    func vouched() throws {
        let server = try Server(clientRegistration: .token(Self.token))
        let response = try register(server, #"{"grant_types":["client_credentials"],"scope":"admin read"}"#, bearer: Self.token)
        #expect(response.json?["grant_types"]?.strings == ["client_credentials"] && response.json?["scope"]?.string == "read")
        let id = try #require(response.json?["client_id"]?.string)
        let record = try #require(try server.services.store.read { reads throws(StoreError) in try reads.client(id) })
        #expect(record.origin == .registration && record.unusedUntil == nil)
    }

    @Test("a client reads, changes and removes itself with its own token")
    func management() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let made = try #require(try register(server).json)
        let (id, token) = (try #require(made["client_id"]?.string), try #require(made["registration_access_token"]?.string))
        let secret = try #require(made["client_secret"]?.string)
        let own = "\(Self.path)/\(id)"

        let shown = try server.send("GET", own, bearer: token)
        #expect(shown.status == .ok && shown.headers[.cacheControl] == "no-store" && shown.json?["client_secret"] == nil)
        #expect(shown.json?["registration_access_token"]?.string == token && shown.json?["registration_client_uri"] != nil)

        let put =
            #"{"client_id":"\#(id)","client_secret":"\#(secret)","redirect_uris":["https://b.example/cb"],"grant_types":["client_credentials","authorization_code"]}"#
        let changed = try server.send("PUT", own, json: put, bearer: token)
        #expect(changed.status == .ok && changed.json?["redirect_uris"]?.strings == ["https://b.example/cb"])
        #expect(changed.json?["client_name"] == nil, "what is left out is gone")
        #expect(changed.json?["grant_types"]?.strings == ["authorization_code"], "it gets no more than when it came")

        for json in [
            #"{"redirect_uris":["https://b.example/cb"]}"#, #"{"client_id":"other","redirect_uris":["https://b.example/cb"]}"#,
            #"{"client_id":"\#(id)","client_secret":"wrong","redirect_uris":["https://b.example/cb"]}"#,
        ] {
            expect(try server.send("PUT", own, json: json, bearer: token), 400, "invalid_client_metadata", "\(json)")
        }
        #expect(try server.send("DELETE", own, bearer: token).status == .noContent)
        for method in ["GET", "DELETE"] { expect(try server.send(method, own, bearer: token), 401, "invalid_token") }
    }

    @Test("a client that an administrator made the operator's own cannot change itself any more")
    func firstParty() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let access = try server.administrator().access
        let made = try #require(try register(server).json)
        let (id, token) = (try #require(made["client_id"]?.string), try #require(made["registration_access_token"]?.string))
        _ = try server.send("PATCH", "/admin/api/clients/\(id)", json: #"{"first_party":true}"#, bearer: access)
        let put = #"{"client_id":"\#(id)","redirect_uris":["https://e.example/cb"]}"#
        expect(try server.send("PUT", "\(Self.path)/\(id)", json: put, bearer: token), 400, "invalid_client_metadata")
        #expect(try server.send("GET", "\(Self.path)/\(id)", bearer: token).json?["redirect_uris"]?.strings == ["https://a.example/cb"])
    }

    @Test("another's token, none, and one for an operator's client are all refused alike")
    func strangers() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let access = try server.administrator().access
        _ = try server.send(
            "POST", "/admin/api/clients", json: #"{"client_id":"shop","redirect_uris":["https://a.example/cb"]}"#, bearer: access)
        let other = try #require(try register(server).json?["registration_access_token"]?.string)
        let own = try #require(try register(server).json?["client_id"]?.string)
        for id in [own, "shop", "nobody"] {
            for method in ["GET", "PUT", "DELETE"] {
                for bearer in [other, "", nil] {
                    let json = method == "PUT" ? #"{"client_id":"\#(id)","redirect_uris":["https://e.example/cb"]}"# : nil
                    expect(
                        try server.send(method, "\(Self.path)/\(id)", json: json, bearer: bearer), 401, "invalid_token", "\(method) \(id)")
                }
            }
        }
        #expect(try server.services.store.read { reads throws(StoreError) in try reads.clients(page: Page()) }.items.count == 3)
    }

    @Test("clients of one address are limited, and so are guesses of the token")
    func limits() throws {
        let limit = LoginThrottle.Limit(failures: 10, seconds: 60)
        let open = try Server(loginLimit: limit, clientRegistration: .open(token: nil))
        let answers = try (0..<21).map { _ in try register(open) }
        #expect(answers.prefix(20).allSatisfy { $0.status == .created })
        expect(answers[20], 429, "temporarily_unavailable")
        #expect(answers[20].headers[.cacheControl] == "no-store")

        let closed = try Server(loginLimit: limit, clientRegistration: .token(Self.token))
        for _ in 0..<20 { expect(try register(closed, bearer: "guess"), 401, "invalid_token") }
        expect(try register(closed, bearer: "guess"), 429, "temporarily_unavailable")
        #expect(try register(closed, bearer: Self.token).status == .created, "who has the token is not kept out by those who have not")
    }

    @Test("a body that is no JSON of that type is refused in the endpoint's own shape")
    func bodies() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        expect(try server.send("POST", Self.path, ["Content-Type: text/plain"]), 400, "invalid_request")
        expect(try register(server, "{"), 400, "invalid_client_metadata")
    }

    // MARK: Sectors (OpenID Connect Core 1.0 §8.1)

    private static let pairwise = #"""
        {"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise",
        "sector_identifier_uri":"https://s.example/u"}
        """#

    /// A host that says the same to everybody, and counts.
    private final class Host: Fetcher {
        private let answer: Result<FetchResponse, FetchFailure>
        private let asked = Mutex(0)

        init(_ answer: Result<FetchResponse, FetchFailure>) { self.answer = answer }

        convenience init(_ body: String, status: Int = 200) {
            self.init(.success(FetchResponse(status: status, body: Array(body.utf8))))
        }

        var calls: Int { asked.withLock { $0 } }

        func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
            asked.withLock { $0 += 1 }
            return try answer.get()
        }
    }

    @Test("a sector's document must list every redirect URI of whoever says to be of it")
    func sector() throws {
        let host = Host(#"["https://b.example/cb","https://a.example/cb","https://c.example/cb"]"#)
        let server = try Server(clientRegistration: .open(token: nil), sectors: host)
        let made = try register(server, Self.pairwise)
        #expect(made.status == .created && made.json?["sector_identifier_uri"]?.string == "https://s.example/u" && host.calls == 1)
        let token = try #require(made.json?["registration_access_token"]?.string)
        let path = "\(Self.path)/\(try #require(made.json?["client_id"]?.string))"
        #expect(try server.send("PUT", path, json: Self.pairwise, bearer: token).json?["error"]?.string == "invalid_client_metadata")
        let own = Self.pairwise.dropLast() + #","client_id":"\#(try #require(made.json?["client_id"]?.string))"}"#
        #expect(try server.send("PUT", path, json: String(own), bearer: token).status == .ok && host.calls == 3)
        expect(try server.send("PUT", path, json: String(own), bearer: token + "x"), 401, "invalid_token")
        #expect(host.calls == 3, "nobody has a host called for another's client")
        #expect(try register(server).status == .created && host.calls == 3, "who names none has none called")
    }

    @Test("what is no such document, cannot be fetched, or is not of a public name is refused")
    func badSector() throws {
        let hosts = [
            Host(#"["https://a.example/cb"]"#), Host("{}"), Host(""), Host("[]", status: 404), Host(.failure(.unreachable(detail: "x"))),
            Host(.failure(.timedOut)), Host(.failure(.tooLarge)),
        ]
        for host in hosts {
            let server = try Server(clientRegistration: .open(token: nil), sectors: host)
            expect(try register(server, Self.pairwise), 400, "invalid_client_metadata")
            #expect(host.calls == 1)
        }
        let host = Host(#"["https://a.example/cb"]"#)
        let server = try Server(clientRegistration: .open(token: nil), sectors: host)
        for uri in ["https://127.0.0.1/u", "https://localhost/u", "https://[::1]/u", "https://s.example"] {
            let text = #"{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"\#(uri)"}"#
            expect(try register(server, text), 400, "invalid_client_metadata")
        }
        #expect(host.calls == 0)
        expect(
            try register(try Server(clientRegistration: .open(token: nil)), Self.pairwise), 400, "invalid_client_metadata",
            "where none is fetched")
    }
}
