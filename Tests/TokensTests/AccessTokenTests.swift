// What an access token says: the contract's claims, for the right audience, with no more scope than is due.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Testing
import Tokens

struct AccessTokenTests {
    @Test("header and claims are those of the contract, no more and no less")
    func claims() throws {
        let issuer = try Issuer()
        let user = try issuer.user(roles: ["admin", "staff"])
        let tokens = try issuer.begin(user)
        let token = try UnverifiedToken(parsing: Array(tokens.access.text.utf8))
        let header = try JSONDocument(parsing: try #require(Base64URL.decode(String(tokens.access.text.prefix { $0 != "." })))).root
        #expect(Set(header.members.map(\.name)) == ["alg", "typ", "kid"])
        #expect(header["alg"]?.string == "ES256")
        #expect(header["typ"]?.string == "at+jwt")
        #expect(header["kid"]?.string == (try issuer.keys().first?.id))
        let claims = token.unverifiedClaims
        #expect(Set(claims.all.map(\.name)) == ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "roles"])
        #expect(claims.issuer == Issuer.url)
        #expect(claims.subject == user.id.text)
        #expect(claims.audience == [Issuer.url])
        #expect(claims["exp"]?.integer == 1_800_000_600)
        #expect(claims["iat"]?.integer == 1_800_000_000)
        #expect(claims.tokenID.flatMap { Base64URL.decode($0) }?.count == 16)
        #expect(claims.clientID == "martlet")
        #expect(claims["scope"]?.string == "account admin")
        #expect(claims.sessionID == tokens.session.id.text)
        #expect(claims["roles"]?.strings == ["admin", "staff"])
        #expect(tokens.access.expiresAt == UnixTime(seconds: 1_800_000_600))
        #expect(try issuer.verifier().verify(tokens.access.text, at: Issuer.start).subject == user.id.text)
    }

    @Test("without roles there is no claim of them, and every token has a jti of its own")
    func withoutRoles() throws {
        let issuer = try Issuer()
        let user = try issuer.user()
        let (one, other) = (try issuer.begin(user), try issuer.begin(user))
        let claims = try claims(one)
        #expect(claims["roles"] == nil)
        #expect(claims["scope"]?.string == "account")
        #expect(claims.tokenID != (try self.claims(other)).tokenID)
    }

    @Test(
        "first-party scopes go with the issuer's own audience only, and admin with the role only",
        arguments: [
            (Issuer.url, nil, [], "account admin", Issuer.url, "account"),
            (Issuer.url, nil, ["admin"], "account admin", Issuer.url, "account admin"),
            (Issuer.url, nil, ["admin"], "account", Issuer.url, "account"),
            (Issuer.url, nil, ["staff"], "admin", Issuer.url, nil),
            (Issuer.url, Issuer.url, ["admin"], "admin", Issuer.url, "admin"),
            (Issuer.url, "https://api.example", ["admin"], "account admin", "https://api.example", nil),
            (Issuer.url, Issuer.url + "/", ["admin"], "account admin", Issuer.url + "/", nil),
            ("https://api.example", nil, ["admin"], "account admin", "https://api.example", nil),
            ("https://api.example", Issuer.url, ["admin"], "account admin", Issuer.url, "account admin"),
        ] as [(String, String?, [String], String, String, String?)])
    func audience(standing: String, asked: String?, roles: [String], session: String, expected: String, scope: String?) throws {
        let issuer = try Issuer(audience: standing)
        let tokens = try issuer.begin(try issuer.user(roles: roles), scope: session, audience: asked)
        let claims = try claims(tokens)
        #expect(claims["aud"]?.string == expected)
        #expect(claims["scope"]?.string == scope)
    }

    @Test("a change of roles ends the access tokens: the next one has another sid of the same session, and the new roles")
    func epoch() throws {
        let issuer = try Issuer()
        let user = try issuer.user()
        let tokens = try issuer.begin(user)
        _ = try issuer.store.write { transaction throws(StoreError) in
            try transaction.changeUser(user.id, UserChange(roles: ["admin"]), audit: Issuer.audit, at: Issuer.start)
        }
        let next = try issuer.refresh(tokens.refresh, at: Issuer.start.adding(seconds: 1)).tokens
        let claims = try claims(next)
        #expect(claims.sessionID == "\(tokens.session.id.text).1")
        #expect(Session.id(ofAccessSessionID: claims.sessionID ?? "") == tokens.session.id)
        #expect(claims["roles"]?.strings == ["admin"])
        #expect(claims["scope"]?.string == "account admin")
    }

    @Test("with a shared secret it is an HS256 token that names no key of the ring")
    func shared() throws {
        let issuer = try Issuer(algorithm: .hs256, sharedSecret: Array("0123456789abcdef0123456789abcdef".utf8))
        let tokens = try issuer.begin(try issuer.user())
        let token = try UnverifiedToken(parsing: Array(tokens.access.text.utf8))
        #expect(token.unverifiedHeader.algorithm == .hs256)
        #expect(token.unverifiedHeader.type == "at+jwt")
        #expect(token.unverifiedHeader.keyID == KeyRing.sharedKeyID)
        #expect(try issuer.keys(.access).isEmpty)
        #expect(issuer.ring.isShared)
        let published = try JWKSet(parsing: issuer.ring.snapshot.publicJSON)
        #expect(published.keys.allSatisfy { $0.signs == "revocations+jwt" && $0.algorithm == .es256 }, "others still verify the feed")
        _ = try issuer.verifier().verify(tokens.access.text, at: Issuer.start)
    }

    @Test(
        "every algorithm of the contract signs tokens that verify",
        arguments: SignatureAlgorithm.asymmetric.filter { !$0.name.hasSuffix("12") })
    func algorithms(algorithm: SignatureAlgorithm) throws {
        let issuer = try Issuer(algorithm: algorithm)
        let tokens = try issuer.begin(try issuer.user())
        #expect(try issuer.verifier().verify(tokens.access.text, at: Issuer.start).algorithm == algorithm)
    }

    private func claims(_ tokens: SessionTokens) throws -> Claims {
        try UnverifiedToken(parsing: Array(tokens.access.text.utf8)).unverifiedClaims
    }
}

struct FirstPartyScopeTests {
    @Test(
        "what a login may ask for",
        arguments: [
            (nil, "account admin"), ("account", "account"), ("admin", "admin"), ("admin account", "account admin"),
            ("account account", "account"),
            ("  account  ", "account"), ("", nil), (" ", nil), ("email", nil), ("account email", nil), ("Account", nil),
            ("account,admin", nil),
            ("account\tadmin", nil), ("revocations", "revocations"), ("revocations account", "account revocations"),
        ] as [(String?, String?)])
    func requested(text: String?, expected: String?) {
        #expect(FirstPartyScope.requested(text) == expected)
    }

    @Test(
        "what a token gets of it, by the roles of the moment",
        arguments: [
            ("account admin", [], "account"), ("account admin", ["admin"], "account admin"), ("account", ["admin"], "account"),
            ("admin", [], ""),
            ("admin", ["administrator"], ""), ("", ["admin"], ""), ("account revocations", [], "account"),
            ("revocations", ["revocations"], "revocations"), ("revocations", ["admin"], "revocations"), ("admin", ["revocations"], ""),
        ])
    func granted(scope: String, roles: [String], expected: String) {
        #expect(FirstPartyScope.granted(scope, roles: roles) == expected)
    }
}
