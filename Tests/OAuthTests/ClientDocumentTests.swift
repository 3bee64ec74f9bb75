// Clients that are documents elsewhere: which addresses can be one, which documents are believed, and for how long.

import Accounts
import MartletEncoding
import MartletThreads
import MartletVerifier
import OAuth
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct ClientDocumentURLTests {
    @Test(
        "an id that is an https URL with a path is the address of a document",
        arguments: [
            "https://app.example/client.json", "https://app.example/", "https://app.example:8443/a/b", "https://a.b.example/c?v=1",
            "https://app.example/a..b", "https://app.example/...", "https://xn--bcher-kva.example/c", "https://1.example/c",
        ])
    func reads(id: String) throws {
        let url = try #require(ClientDocumentURL(id))
        #expect(url.description == id && url.url.description == id)
    }

    @Test(
        "nothing else is",
        arguments: [
            ("app", "no URL"), ("", "nothing"),
            ("http://app.example/c", "not https"), ("HTTPS://app.example/c", "another spelling of the scheme"),
            ("https://app.example", "no path"), ("https://app.example?c", "no path"), ("https:///c", "no host"),
            ("https://app.example/c#f", "a fragment"), ("https://user@app.example/c", "user information"),
            ("https://user:pass@app.example/c", "user information"), ("https://app.example:/c", "an empty port"),
            ("https://app.example/../c", "dot segments"), ("https://app.example/./c", "a dot segment"),
            ("https://app.example/a/..", "dot segments"), ("https://app.example/%2e%2E/c", "escaped dot segments"),
            ("https://app.example/.%2e/c", "half escaped"), ("https://app.example/%zz", "a bad escape"),
            ("https://127.0.0.1/c", "an address"), ("https://[::1]/c", "an address"), ("https://2130706433/c", "an address as one number"),
            ("https://0x7f.1/c", "an address in another spelling"), ("https://127.1/c", "a short address"),
            ("https://10.0.0.0x1/c", "an address in another spelling"), ("https://localhost/c", "no dot"),
            ("https://app/c", "no dot"), ("https://.example/c", "an empty label"), ("https://app.example./c", "an empty label"),
            ("https://app.example/a b", "a space"), ("https://app.example/\u{e9}", "not ASCII"), ("https://app.example\\c", "a backslash"),
            ("https://app.example/" + String(repeating: "a", count: 2048), "too long"),
        ])
    func refuses(id: String, reason: String) {
        #expect(ClientDocumentURL(id) == nil, "\(reason)")
    }
}

@Suite struct ClientDocumentTests {
    static let id = "https://app.example/client.json"

    static func document(_ members: String = "", id: String = id) -> [UInt8] {
        Array(#"{"client_id":"\#(id)","redirect_uris":["https://app.example/cb"]\#(members)}"#.utf8)
    }

    private func read(_ bytes: [UInt8]) throws -> ClientDocument {
        try ClientDocument(parsing: bytes, at: try #require(ClientDocumentURL(Self.id)))
    }

    @Test("a document says what its client is: public unless it has keys, and no more than anybody may")
    func reads() throws {
        let plain = try read(Self.document(#","client_name":"App","anything":1"#)).metadata
        #expect(plain.name == "App" && plain.authenticationMethod == .none && plain.grants == [.authorizationCode])
        let keys = #","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[]}"#
        #expect(try read(Self.document(keys)).metadata.authenticationMethod == .privateKeyJWT)
        let greedy =
            #","grant_types":["authorization_code","refresh_token","client_credentials"],"scope":"openid admin","first_party":true"#
        let client = Client(document: try read(Self.document(greedy)))
        #expect(client.metadata.grants == [.authorizationCode, .refreshToken] && client.metadata.scope?.text == "openid")
        #expect(client.id == Self.id && client.secret == nil && !client.policy.isFirstParty)
    }

    @Test(
        "what is no such document is refused",
        arguments: [
            ("", "nothing"), ("[]", "no object"), (#"{"client_id":"https://app.example/client.json""#, "cut short"),
            (#"{"redirect_uris":["https://app.example/cb"]}"#, "no client_id"),
            (#"{"client_id":"https://app.example/client.json/","redirect_uris":["https://app.example/cb"]}"#, "another client_id"),
            (#"{"client_id":"https://APP.example/client.json","redirect_uris":["https://app.example/cb"]}"#, "another spelling"),
            (#"{"client_id":["https://app.example/client.json"],"redirect_uris":["https://app.example/cb"]}"#, "no text"),
            (#"{"client_id":"https://app.example/client.json"}"#, "no redirect URI"),
        ])
    func refusesTexts(text: String, reason: String) {
        #expect(throws: OAuthError.self, "\(reason)") { try read(Array(text.utf8)) }
    }

    @Test(
        "what a document may not say is refused",
        arguments: [
            #","client_secret":"s""#, #","client_secret_expires_at":0"#, #","token_endpoint_auth_method":"client_secret_basic""#,
            #","token_endpoint_auth_method":"client_secret_post""#, #","token_endpoint_auth_method":"client_secret_jwt""#,
            #","token_endpoint_auth_method":"private_key_jwt""#, #","grant_types":["client_credentials"]"#,
            #","software_statement":"a.b.c""#, #","logo_uri":"javascript:alert(1)""#, #","redirect_uris":["https://b.example"]"#,
            #","post_logout_redirect_uris":["data:x"]"#,
        ])
    func refusesMembers(members: String) {
        #expect { try read(Self.document(members)) } throws: { ($0 as? OAuthError)?.code == .invalidClient }
    }
}

@Suite struct ClientDocumentsTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    private let host = ScriptedHost()

    private func documents(limit: LoginThrottle.Limit? = nil) -> ClientDocuments {
        ClientDocuments(fetcher: host, throttle: LoginThrottle(limit: limit))
    }

    private func url(_ id: String = ClientDocumentTests.id) throws -> ClientDocumentURL { try #require(ClientDocumentURL(id)) }

    @Test("a document is fetched once, within its bounds, and known from then on")
    func once() throws {
        let documents = documents()
        #expect(documents.cached(try url(), at: Self.now) == .unknown)
        let client = try documents.load(try url(), at: Self.now)
        #expect(documents.cached(try url(), at: Self.now) == .known(client))
        #expect(try documents.load(try url(), at: Self.now) == client)
        let request = try #require(host.requests.first)
        #expect(host.requests.count == 1 && request.url.description == ClientDocumentTests.id)
        #expect(request.maximumBody == 16_384 && request.timeout == 5000)
    }

    @Test(
        "it is fresh for as long as it says, from five minutes to a day",
        arguments: [
            (nil, 3600), ("max-age=600", 600), ("max-age=1", 300), ("no-store", 300), ("max-age=9999999", 86_400), ("max-age=x", 300),
        ] as [(String?, Int64)])
    func freshness(field: String?, seconds: Int64) throws {
        host.answer { url in
            FetchResponse(status: 200, headers: field.map { [("cache-control", $0)] } ?? [], body: ClientDocumentTests.document(id: url))
        }
        let documents = documents()
        let client = try documents.load(try url(), at: Self.now)
        #expect(documents.cached(try url(), at: Self.now.adding(milliseconds: seconds * 1000 - 1)) == .known(client))
        #expect(documents.cached(try url(), at: Self.now.adding(seconds: seconds)) == .unknown)
        #expect(documents.cached(try url(), at: Self.now.adding(seconds: -86_400)) == .unknown, "a clock that was wrong makes nothing last")
    }

    @Test(
        "a document that is gone, redirects or is not in order is no client, and is not asked for again for a minute",
        arguments: [404, 410, 301, 302, 307, 204, 200])
    func gone(status: Int) throws {
        let documents = documents()
        _ = try documents.load(try url(), at: Self.now)
        host.answer { _ in FetchResponse(status: status, headers: [("location", "https://other.example/c")], body: Array("{}".utf8)) }
        let later = Self.now.adding(seconds: 3600)
        for _ in 0..<2 {
            #expect { try documents.load(try url(), at: later) } throws: { ($0 as? OAuthError)?.code == .invalidClient }
        }
        #expect(documents.cached(try url(), at: later) == .unknown && host.requests.count == 2)
        host.answer { FetchResponse(status: 200, body: ClientDocumentTests.document(id: $0)) }
        #expect(try documents.load(try url(), at: later.adding(seconds: 60)).id == ClientDocumentTests.id)
    }

    @Test("while its host is away, what it said last holds for a day and no longer")
    func outage() throws {
        let documents = documents()
        let client = try documents.load(try url(), at: Self.now)
        for failure in [FetchFailure.timedOut, .unreachable(detail: "down"), .untrusted(detail: "expired")] {
            host.fail(failure)
            #expect(try documents.load(try url(), at: Self.now.adding(seconds: 4000)) == client)
        }
        host.answer { _ in FetchResponse(status: 503) }
        #expect(try documents.load(try url(), at: Self.now.adding(seconds: 86_399)) == client)
        #expect { try documents.load(try url(), at: Self.now.adding(seconds: 86_500)) } throws: {
            ($0 as? OAuthError)?.code == .temporarilyUnavailable
        }
    }

    @Test("why a host cannot be reached is for the log alone: it would tell what listens where")
    func silence() throws {
        var told: Set<String> = []
        for failure in [FetchFailure.timedOut, .unreachable(detail: "refused"), .untrusted(detail: "self-signed")] {
            host.fail(failure)
            do { _ = try documents().load(try url(), at: Self.now) } catch let error as OAuthError {
                told.insert("\(error.code) \(error.description)")
                #expect(error.logDetail != nil)
            }
        }
        #expect(told.count == 1)
    }

    @Test("a host is not asked more often than ten times a minute, whatever ids are made up")
    func limits() throws {
        host.answer { _ in FetchResponse(status: 404) }
        let documents = documents(limit: LoginThrottle.Limit(failures: 10, seconds: 60))
        for number in 0..<50 { _ = try? documents.load(try url("https://app.example/\(number)"), at: Self.now) }
        #expect(host.requests.count == 10)
        _ = try? documents.load(try url("https://other.example/1"), at: Self.now)
        #expect(host.requests.count == 11)
    }

    @Test("many who ask for one document at once share one fetch")
    func shared() async throws {
        let documents = documents()
        let url = try url()
        host.answer { id in
            // The others come while this one is under way.
            usleep(100_000)
            return FetchResponse(status: 200, body: ClientDocumentTests.document(id: id))
        }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try documents.load(url, at: Self.now).id } }
            for try await id in group { #expect(id == ClientDocumentTests.id) }
        }
        #expect(host.requests.count == 1)
    }

    @Test("while somebody looks again, the others are not kept waiting")
    func lookingAgain() throws {
        let documents = documents()
        let (url, later) = (try url(), Self.now.adding(seconds: 3600))
        let client = try documents.load(url, at: Self.now)
        let (begun, ended) = (Monitor(false), Monitor(false))
        host.answer { id in
            begun.withLock { $0 = true }
            begun.broadcast()
            ended.wait { $0 ? () : nil }
            return FetchResponse(status: 404)
        }
        let slow = try #require(Thread { _ = try? documents.load(url, at: later) })
        begun.wait { $0 ? () : nil }
        #expect(try documents.load(url, at: later) == client)
        ended.withLock { $0 = true }
        ended.broadcast()
        slow.join()
        #expect(throws: OAuthError.self) { try documents.load(url, at: later) }
    }

    @Test("a bounded number of documents is kept")
    func bounds() throws {
        let documents = documents()
        for number in 0..<1200 { _ = try documents.load(try url("https://app.example/\(number)"), at: Self.now) }
        let kept = try (0..<1200).count { documents.cached(try url("https://app.example/\($0)"), at: Self.now) != .unknown }
        #expect((256...512).contains(kept))
    }
}
