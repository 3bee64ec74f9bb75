// Signed requests: what a client's signature covers, and every way in which it proves nothing.

import MartletEncoding
import MartletJOSE
import OAuth
import Store
import Testing

@Suite struct RequestObjectTests {
    static let now = UnixTime(seconds: 1_800_000_000)
    static let issuer = "https://issuer.example"

    static func client(_ members: String = "") throws -> Client {
        try AuthorizationRequestTests.client(
            #"{"redirect_uris":["https://a.example/cb"],"scope":"openid read write","jwks_uri":"https://a.example/keys"\#(members)}"#)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var claims: [String: String?] = [:]
        var type: String? = nil
        var client = ""
        var isGood = false
        var testDescription: String { what }
    }

    static func signed(_ changes: [String: String?], by key: JWK, type: String? = nil) throws -> String {
        var claims: [String: String?] = [
            "iss": #""app""#, "aud": #""https://issuer.example""#, "client_id": #""app""#, "exp": "1800000060",
            "response_type": #""code""#, "redirect_uri": #""https://a.example/cb""#, "scope": #""openid""#,
        ]
        claims.merge(changes) { $1 }
        let pairs = claims.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.sorted()
        return String(decoding: try key.signer(type: type).sign(Array("{\(pairs.joined(separator: ","))}".utf8)), as: UTF8.self)
    }

    @Test(
        "a request object is the client's, for this issuer, and of now",
        arguments: [
            Case(what: "good", isGood: true),
            Case(what: "with its type", type: "oauth-authz-req+jwt", isGood: true),
            Case(what: "with the type JWT", type: "JWT", isGood: true),
            Case(
                what: "for several audiences, this among them", claims: ["aud": #"["https://x.example","https://issuer.example"]"#],
                isGood: true),
            Case(what: "with its registered algorithm", client: #","request_object_signing_alg":"ES256""#, isGood: true),
            Case(what: "another algorithm than registered", client: #","request_object_signing_alg":"RS256""#),
            Case(what: "an access token's type", type: "at+jwt"),
            Case(what: "another iss", claims: ["iss": #""other""#]), Case(what: "no iss", claims: ["iss": nil]),
            Case(what: "another aud", claims: ["aud": #""https://other.example""#]), Case(what: "no aud", claims: ["aud": nil]),
            Case(what: "another client_id", claims: ["client_id": #""other""#]), Case(what: "no client_id", claims: ["client_id": nil]),
            Case(what: "over", claims: ["exp": "1800000000"]), Case(what: "no exp", claims: ["exp": nil]),
            Case(what: "good for a day", claims: ["exp": "1800086400"]), Case(what: "not yet", claims: ["nbf": "1800000031"]),
            Case(what: "a request inside", claims: ["request": #""a.b.c""#]),
            Case(what: "a request_uri inside", claims: ["request_uri": #""urn:x""#]),
            Case(what: "a list where a text belongs", claims: ["scope": #"["openid"]"#]),
        ])
    func table(_ row: Case) throws {
        let key = try JWK.generate(.es256)
        let text = try Self.signed(row.claims, by: key, type: row.type)
        let client = try Self.client(row.client)
        if row.isGood {
            let object = try RequestObject(parsing: text, of: client, by: JWKSet([key]), issuer: Self.issuer, at: Self.now)
            #expect(try object.parameters["scope"] == "openid" && object.parameters["iss"] == nil && object.parameters["exp"] == nil)
        } else {
            #expect { try RequestObject(parsing: text, of: client, by: JWKSet([key]), issuer: Self.issuer, at: Self.now) } throws: {
                ($0 as? OAuthError)?.code == .invalidRequestObject
            }
        }
    }

    @Test("numbers, objects and lists of resources become what they are in a query")
    func values() throws {
        let key = try JWK.generate(.es256)
        let text = try Self.signed(
            [
                "max_age": "60", "claims": #"{"userinfo":{"email":null}}"#, "resource": #"["https://api.example","https://b.example"]"#,
                "nonce": "null",
            ], by: key)
        let parameters = try RequestObject(
            parsing: text, of: try Self.client(), by: JWKSet([key]), issuer: Self.issuer, at: Self.now
        ).parameters
        #expect(try parameters["max_age"] == "60" && parameters["claims"] == #"{"userinfo":{"email":null}}"# && parameters["nonce"] == nil)
        #expect(parameters.all("resource") == ["https://api.example", "https://b.example"])
        #expect(try OAuthParameters(json: parameters.json) == parameters)
    }

    @Test("no signature, another's key, a secret, and what is no JWS prove nothing")
    func forged() throws {
        let (key, other, secret) = (try JWK.generate(.es256), try JWK.generate(.es256), try JWK.generate(.hs256))
        let good = try Self.signed([:], by: key)
        let parts = good.split(separator: ".")
        let none = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(parts[1])."
        for text in [try Self.signed([:], by: other), try Self.signed([:], by: secret), none, "\(parts[0]).\(parts[1]).AAAA", "a.b", ""] {
            #expect(throws: OAuthError.self) {
                try RequestObject(parsing: text, of: try Self.client(), by: JWKSet([key]), issuer: Self.issuer, at: Self.now)
            }
        }
    }
}
