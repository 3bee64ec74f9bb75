// Where the keys of clients are, and how often another host is asked for them.

import Accounts
import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth
import Store
import Testing

@Suite struct ClientKeysTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    private let own = ScriptedHost()
    private let elsewhere = ScriptedHost()
    private let keys: ClientKeys

    init() { keys = ClientKeys(fetcher: own, publicFetcher: elsewhere, throttle: LoginThrottle(limit: nil)) }

    private func client(_ members: String, origin: OAuthClient.Origin = .operator) throws -> Client {
        try Client(
            OAuthClient(
                id: "app", origin: origin, secret: nil,
                metadata: #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt"\#(members)}"#,
                createdAt: Self.now, updatedAt: Self.now))
    }

    private static let uri = #","jwks_uri":"https://a.example/keys""#

    private static func json(_ keys: JWK...) -> [UInt8] {
        Array(#"{"keys":[\#(keys.map { String(decoding: $0.publicJSON ?? [], as: UTF8.self) }.joined(separator: ","))]}"#.utf8)
    }

    @Test("keys in the registration are known at once, and no host is asked")
    func inline() throws {
        let key = try JWK.generate(.es256)
        let client = try client(#","jwks":\#(String(decoding: Self.json(key), as: UTF8.self))"#)
        #expect(keys.cached(client, keyID: nil, at: Self.now)?.contains(keyID: key.keyID) == true)
        #expect(keys.cached(client, keyID: "another", at: Self.now) != nil)
        #expect(own.requests.isEmpty && elsewhere.requests.isEmpty)
    }

    @Test("a client without keys has none")
    func none() throws {
        let client = try Client(
            OAuthClient(
                id: "app", origin: .operator, secret: nil, metadata: #"{"redirect_uris":["https://a.example/cb"]}"#, createdAt: Self.now,
                updatedAt: Self.now))
        #expect(keys.cached(client, keyID: nil, at: Self.now)?.keys.isEmpty == true)
    }

    @Test("keys at an address are fetched once; those of strangers by the fetcher that calls public addresses alone")
    func fetched() throws {
        let key = try JWK.generate(.es256)
        for host in [own, elsewhere] { host.answer { _ in FetchResponse(status: 200, body: Self.json(key)) } }
        for origin in [OAuthClient.Origin.operator, .anonymous, .registration] {
            let client = try client(Self.uri, origin: origin)
            for _ in 0..<3 { #expect(try keys.load(client, keyID: key.keyID, at: Self.now).contains(keyID: key.keyID)) }
            #expect(keys.cached(client, keyID: key.keyID, at: Self.now) != nil)
        }
        #expect(own.requests.count == 1 && elsewhere.requests.count == 1)
    }

    @Test("strangers' addresses take nothing from the operator's clients")
    func budgets() throws {
        let keys = ClientKeys(
            fetcher: own, publicFetcher: elsewhere, throttle: LoginThrottle(limit: LoginThrottle.Limit(failures: 10, seconds: 60)))
        let key = try JWK.generate(.es256)
        for host in [own, elsewhere] { host.answer { _ in FetchResponse(status: 200, body: Self.json(key)) } }
        for number in 0..<120 {
            let stranger = try client(#","jwks_uri":"https://s\#(number).example/keys""#, origin: .anonymous)
            _ = try keys.load(stranger, keyID: nil, at: Self.now)
        }
        let refused = try client(#","jwks_uri":"https://last.example/keys""#, origin: .anonymous)
        #expect(throws: OAuthError.self) { try keys.load(refused, keyID: nil, at: Self.now) }
        #expect(try keys.load(client(Self.uri), keyID: key.keyID, at: Self.now).contains(keyID: key.keyID))
    }

    @Test("a key that is not there is looked for again, once a minute at most")
    func rotated() throws {
        let (old, new) = (try JWK.generate(.es256), try JWK.generate(.es256))
        own.answer { _ in FetchResponse(status: 200, body: Self.json(old)) }
        let client = try client(Self.uri)
        _ = try keys.load(client, keyID: old.keyID, at: Self.now)
        own.answer { _ in FetchResponse(status: 200, body: Self.json(old, new)) }
        for offset in [0, 30, 59] as [Int64] {
            let found = try keys.load(client, keyID: new.keyID, at: Self.now.adding(seconds: offset))
            #expect(!found.contains(keyID: new.keyID))
        }
        #expect(own.requests.count == 1)
        #expect(try keys.load(client, keyID: new.keyID, at: Self.now.adding(seconds: 60)).contains(keyID: new.keyID))
        #expect(own.requests.count == 2)
    }

    @Test("a secret in a published set is no key")
    func secrets() throws {
        let secret = #"{"keys":[{"kty":"oct","kid":"s","alg":"HS256","k":"c2VjcmV0IG9mIG1vcmUgdGhhbiAzMiBieXRlcyB0aGVu"}]}"#
        own.answer { _ in FetchResponse(status: 200, body: Array(secret.utf8)) }
        #expect(try keys.load(try client(Self.uri), keyID: nil, at: Self.now).keys.isEmpty)
    }

    @Test("what is no key set is told as the client's fault, a host that is away as a reason to try again")
    func broken() throws {
        own.answer { _ in FetchResponse(status: 200, body: Array("no".utf8)) }
        #expect { try keys.load(try client(Self.uri), keyID: nil, at: Self.now) } throws: { ($0 as? OAuthError)?.code == .invalidClient }
        own.fail(.unreachable(detail: "gone"))
        #expect { try keys.load(try client(Self.uri), keyID: nil, at: Self.now.adding(seconds: 61)) } throws: {
            ($0 as? OAuthError)?.code == .temporarilyUnavailable
        }
    }
}
