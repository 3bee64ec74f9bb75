// How clients prove who they are, and every way in which they do not.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import OAuth
import Store
import Testing

@Suite struct PresentedClientTests {
    static func present(_ authorization: String?, _ body: String) throws -> PresentedClient {
        try PresentedClient(authorization: authorization, try OAuthParameters(parsing: Array(body.utf8)[...]))
    }

    @Test(
        "each way is read, decoded as RFC 6749 §2.3.1 has it",
        arguments: [
            (nil, "client_id=app", "app", .nothing, false),
            (nil, "client_id=app&client_secret=s%20", "app", .secret("s ", .clientSecretPost), false),
            ("Basic YXBwOnM=", "", "app", .secret("s", .clientSecretBasic), true),
            ("basic YXBwOnM=", "client_id=app", "app", .secret("s", .clientSecretBasic), true),
            // a%3Ab:s+t%25 → "a:b", "s t%"
            ("Basic YSUzQWI6cyt0JTI1", "", "a:b", .secret("s t%", .clientSecretBasic), true),
            ("Basic YXBwOg==", "", "app", .secret("", .clientSecretBasic), true),
        ] as [(String?, String, String, PresentedClient.Proof, Bool)])
    func reads(_ authorization: String?, _ body: String, _ id: String, _ proof: PresentedClient.Proof, _ usedHeader: Bool) throws {
        let client = try Self.present(authorization, body)
        #expect(client.id == id && client.proof == proof && client.usedHeader == usedHeader)
    }

    @Test(
        "two ways, or two clients, are no way",
        arguments: [
            ("Basic YXBwOnM=", "client_secret=s", OAuthError.Code.invalidRequest),
            ("Basic YXBwOnM=", "client_id=other", .invalidRequest),
            ("Basic YXBwOnM=", "client_assertion=x", .invalidRequest),
            (nil, "client_id=app&client_secret=s&client_assertion=x", .invalidRequest),
            (nil, "client_id=app&client_id=app", .invalidRequest),
            (nil, "client_id=app&client_secret=a&client_secret=b", .invalidRequest),
            (nil, "client_assertion=a.b.c", .invalidRequest),
            (nil, "client_assertion=a.b.c&client_assertion_type=other", .invalidRequest),
            (nil, "client_assertion=a.b&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer", .invalidClient),
            (nil, "", .invalidClient),
            (nil, "client_secret=s", .invalidClient),
            (nil, "client_id=a%0ab", .invalidClient),
            ("Basic", "", .invalidClient),
            ("Basic !!!!", "", .invalidClient),
            ("Basic YXBw", "", .invalidClient),
            ("Basic YXBwOnM", "", .invalidClient),
            ("Basic JXp6OnM=", "", .invalidClient),
            ("Bearer YXBwOnM=", "", .invalidClient),
        ] as [(String?, String, OAuthError.Code)])
    func refuses(_ authorization: String?, _ body: String, _ code: OAuthError.Code) {
        #expect { try Self.present(authorization, body) } throws: { ($0 as? OAuthError)?.code == code }
    }
}

@Suite struct ClientAuthenticatorTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    static let secrets = ClientSecrets(key: HMACKey(Array("a key of thirty-two bytes or more".utf8)))
    static let authenticator = ClientAuthenticator(secrets: secrets, issuer: "https://issuer.example")

    static func client(_ method: String, secret: [UInt8]? = nil, keys: String = "") throws -> Client {
        try Client(
            OAuthClient(
                id: "app", origin: .operator, secret: secret,
                metadata: #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"\#(method)"\#(keys)}"#, createdAt: now,
                updatedAt: now))
    }

    static func presented(_ proof: String) throws -> PresentedClient { try PresentedClientTests.present(nil, proof) }

    @Test("a secret is good where it is the one, and came the way it was registered for")
    func secrets() throws {
        let (secret, stored) = Self.secrets.make(random: .secure)
        #expect(secret.utf8.count == 43 && stored != Array(secret.utf8))
        let client = try Self.client("client_secret_post", secret: stored)
        let good = try Self.presented("client_id=app&client_secret=\(secret)")
        #expect(try Self.authenticator.authenticate(good, as: client, at: Self.now).client == client)
        let basic = try PresentedClientTests.present("Basic " + Self.base64("app:\(secret)"), "")
        let wrong = [
            (basic, client), (try Self.presented("client_id=app&client_secret=\(secret)x"), client),
            (try Self.presented("client_id=app"), client),
            (good, try Self.client("client_secret_basic", secret: stored)), (good, try Self.client("none")), (good, nil),
            (good, try Self.client("client_secret_post", secret: nil)),
        ]
        for (presented, client) in wrong {
            #expect { try Self.authenticator.authenticate(presented, as: client, at: Self.now) } throws: {
                ($0 as? OAuthError)?.code == .invalidClient
            }
        }
        let another = ClientSecrets(key: HMACKey(Array("another key of thirty-two bytes!!".utf8)))
        #expect(!another.isRight(secret, stored: stored))
    }

    @Test("a public client has nothing to prove, and one that is not cannot say that it has nothing")
    func publicClient() throws {
        let presented = try Self.presented("client_id=app")
        #expect(try Self.authenticator.authenticate(presented, as: try Self.client("none"), at: Self.now).onceOnly == nil)
        for client in [try Self.client("client_secret_basic", secret: [1]), nil] {
            #expect(throws: OAuthError.self) { try Self.authenticator.authenticate(presented, as: client, at: Self.now) }
        }
    }

    struct Assertion: Sendable, CustomTestStringConvertible {
        var what: String
        var claims: [String: String?] = [:]
        var isGood = false
        var testDescription: String { what }
    }

    @Test(
        "an assertion is for this issuer, of this client, short-lived, and counts once",
        arguments: [
            Assertion(what: "good", isGood: true),
            Assertion(what: "good with nbf", claims: ["nbf": "1800000000"], isGood: true),
            Assertion(what: "no iss", claims: ["iss": nil]),
            Assertion(what: "another iss", claims: ["iss": #""other""#]),
            Assertion(what: "no aud", claims: ["aud": nil]),
            Assertion(what: "the token endpoint as aud", claims: ["aud": #""https://issuer.example/oauth2/token""#]),
            Assertion(what: "two audiences", claims: ["aud": #"["https://issuer.example","https://other.example"]"#]),
            Assertion(what: "no exp", claims: ["exp": nil]),
            Assertion(what: "over", claims: ["exp": "1800000000"]),
            Assertion(what: "too long", claims: ["exp": "1800000601"]),
            Assertion(what: "nbf ahead", claims: ["nbf": "1800000031"]),
            Assertion(what: "no jti", claims: ["jti": nil]),
            Assertion(what: "an empty jti", claims: ["jti": #""""#]),
        ])
    func assertions(_ assertion: Assertion) throws {
        let key = try JWK.generate(.es256)
        let keys = JWKSet([key])
        let client = try Self.client("private_key_jwt", keys: #","jwks_uri":"https://a.example/keys""#)
        var claims: [String: String?] = [
            "iss": #""app""#, "sub": #""app""#, "aud": #""https://issuer.example""#, "exp": "1800000060", "jti": #""j1""#,
        ]
        claims.merge(assertion.claims) { $1 }
        let text = try Self.signed(claims, by: key)
        if assertion.isGood {
            let once = try Self.authenticator.authenticate(try Self.presented(Self.body(text)), as: client, keys: keys, at: Self.now)
                .onceOnly
            #expect(once?.until == UnixTime(seconds: 1_800_000_060) && once?.digest.count == 32)
        } else {
            #expect {
                try Self.authenticator.authenticate(try Self.presented(Self.body(text)), as: client, keys: keys, at: Self.now)
            } throws: {
                ($0 as? OAuthError)?.code == .invalidClient
            }
        }
    }

    @Test("an assertion by another key, under HMAC, or for a client of another method is refused")
    func foreignAssertions() throws {
        let (key, other) = (try JWK.generate(.es256), try JWK.generate(.es256))
        let keys = JWKSet([key])
        let client = try Self.client("private_key_jwt", keys: #","jwks_uri":"https://a.example/keys""#)
        let claims: [String: String?] = [
            "iss": #""app""#, "sub": #""app""#, "aud": #""https://issuer.example""#, "exp": "1800000060", "jti": #""j1""#,
        ]
        let secret = try JWK.generate(.hs256)
        let wrong = [
            (try Self.signed(claims, by: other), client), (try Self.signed(claims, by: secret), client),
            (try Self.signed(claims, by: key), try Self.client("client_secret_post", secret: [1])),
            (try Self.signed(claims, by: key), try Self.client("none")), (try Self.signed(claims, by: key), nil),
        ]
        for (text, client) in wrong {
            #expect(throws: OAuthError.self) {
                try Self.authenticator.authenticate(try Self.presented(Self.body(text)), as: client, keys: keys, at: Self.now)
            }
        }
    }

    private static func signed(_ claims: [String: String?], by key: JWK) throws -> String {
        let pairs = claims.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.sorted()
        return String(decoding: try key.signer(type: nil).sign(Array("{\(pairs.joined(separator: ","))}".utf8)), as: UTF8.self)
    }

    private static func body(_ assertion: String) -> String {
        "client_assertion=\(assertion)&client_assertion_type=\(PercentEncoding.encode(PresentedClient.assertionType))"
    }

    private static func base64(_ text: String) -> String {
        let encoded = Base64URL.encode(Array(text.utf8)).utf8.map {
            $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0
        }
        return String(decoding: encoded, as: UTF8.self) + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    }
}
