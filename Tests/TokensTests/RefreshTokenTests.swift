// The refresh token: made again byte for byte from the session's row, and refused when anything about it is another's.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Testing
import Tokens

struct RefreshTokenTests {
    @Test("it says what the row says, and is the same bytes whenever it is made from that row")
    func fromTheRow() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let row = try #require(
            try issuer.store.read { reads throws(StoreError) in try reads.session(tokens.session.id, at: Issuer.start) })
        #expect(try RefreshToken.text(of: row, tokens.user, keys: issuer.ring.snapshot, policy: issuer.sessions.policy) == tokens.refresh)
        try issuer.ring.reload()
        #expect(try RefreshToken.text(of: row, tokens.user, keys: issuer.ring.snapshot, policy: issuer.sessions.policy) == tokens.refresh)
        let token = try issuer.sessions.read(Array(tokens.refresh.utf8))
        #expect(token.session == row.id)
        #expect(token.user == row.userID)
        #expect(token.counter == 0)
        #expect(token.nonce == row.nonce && row.nonce.count == 16)
        #expect(token.issuedAt == Issuer.start)
        #expect(token.expiresAt == Issuer.start.adding(seconds: 1_209_600))
        let claims = try JSONDocument(parsing: token.claims).root
        #expect(claims.members.map(\.name) == ["iss", "sub", "aud", "sid", "ctr", "nonce", "iat", "exp"])
        #expect(claims["aud"]?.string == Issuer.url)
        let header = try UnverifiedToken(parsing: Array(tokens.refresh.utf8)).unverifiedHeader
        #expect(header.type == "rt+jwt")
        #expect(header.algorithm == .hs256)
        #expect(header.keyID == (try issuer.keys(.refresh).first?.id))
    }

    @Test("with simplejwt's claims it is the same bytes from the same row, too, and its jti is another after each rotation")
    func compatibility() throws {
        let issuer = try Issuer()
        var (row, user) = { ($0.session, $0.user) }(try issuer.begin(try issuer.user()))
        var policy = issuer.sessions.policy
        policy.compatibility = .simplejwt
        let keys = issuer.ring.snapshot
        let text = try RefreshToken.text(of: row, user, keys: keys, policy: policy)
        #expect(try RefreshToken.text(of: row, user, keys: keys, policy: policy) == text)
        let claims = try JSONDocument(parsing: try issuer.sessions.read(Array(text.utf8)).claims).root
        #expect(claims["token_type"]?.string == "refresh")
        #expect(claims["user_id"]?.string == user.id.text)
        user.externalID = "42"
        row.counter += 1
        let next = try RefreshToken.text(of: row, user, keys: keys, policy: policy)
        let nextClaims = try JSONDocument(parsing: try issuer.sessions.read(Array(next.utf8)).claims).root
        #expect(nextClaims["user_id"]?.string == "42", "the name that the account came with")
        #expect(claims["jti"]?.string != nil && nextClaims["jti"]?.string != claims["jti"]?.string)
    }

    @Test("a token made by whoever stole the secret is of no session: the nonce is in the row alone")
    func nonce() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let token = try issuer.sessions.read(Array(tokens.refresh.utf8))
        var forged = tokens.session
        forged.nonce[0] ^= 1
        #expect(token.isOf(tokens.session))
        #expect(!token.isOf(forged))
        #expect(!token.isOf(nil))
    }

    @Test("its key is never published")
    func secretKey() throws {
        let issuer = try Issuer()
        let refreshKey = try #require(try issuer.keys(.refresh).first)
        let published = String(decoding: issuer.ring.snapshot.publicJSON, as: UTF8.self)
        #expect(!published.contains(refreshKey.id) && !published.contains("oct") && !published.contains("\"d\""))
        #expect(refreshKey.publicKey.isEmpty)
        #expect(!issuer.ring.snapshot.verifying.contains(keyID: refreshKey.id))
    }

    @Test("time: it is over at its exp, not a second later")
    func expiry() throws {
        let issuer = try Issuer()
        let token = try issuer.sessions.read(Array(try issuer.begin(try issuer.user()).refresh.utf8))
        #expect(!token.isExpired(at: token.expiresAt.adding(milliseconds: -1)))
        #expect(token.isExpired(at: token.expiresAt))
    }

    /// What is changed of a good token before it is signed with the ring's own secret.
    struct Forgery: Sendable, CustomTestStringConvertible {
        let name: String
        var type: String? = "rt+jwt"
        /// Members to put in place of the good ones, as JSON; nil takes one away.
        var claims: [String: String?] = [:]
        var testDescription: String { name }

        static let refused: [Forgery] = [
            Forgery(name: "no typ", type: nil), Forgery(name: "typ JWT", type: "JWT"), Forgery(name: "typ of an ID token", type: "id+jwt"),
            Forgery(name: "another iss", claims: ["iss": #""https://evil.example""#]),
            Forgery(name: "no iss", claims: ["iss": String?.none]),
            Forgery(name: "another aud", claims: ["aud": #""https://api.example""#]),
            Forgery(name: "no aud", claims: ["aud": String?.none]),
            Forgery(name: "one aud more", claims: ["aud": #"["https://auth.example","https://api.example"]"#]),
            Forgery(name: "no sid", claims: ["sid": String?.none]), Forgery(name: "sid a number", claims: ["sid": "1"]),
            Forgery(name: "no sub", claims: ["sub": String?.none]), Forgery(name: "no ctr", claims: ["ctr": String?.none]),
            Forgery(name: "ctr a string", claims: ["ctr": #""0""#]), Forgery(name: "ctr a fraction", claims: ["ctr": "0.5"]),
            Forgery(name: "no nonce", claims: ["nonce": String?.none]), Forgery(name: "nonce no base64url", claims: ["nonce": #""a+b=""#]),
            Forgery(name: "no iat", claims: ["iat": String?.none]), Forgery(name: "no exp", claims: ["exp": String?.none]),
            Forgery(name: "exp a string", claims: ["exp": #""1900000000""#]),
        ]
    }

    @Test("signed with the very secret of the ring, a token with anything else in it is still refused", arguments: Forgery.refused)
    func forged(forgery: Forgery) throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let text = try forge(tokens, forgery, by: issuer.opened(try #require(try issuer.keys(.refresh).first)))
        guard case .invalid = failure(reading: text, issuer) else {
            Issue.record("\(String(describing: failure(reading: text, issuer)))")
            return
        }
        let untouched = try forge(tokens, Forgery(name: "nothing"), by: issuer.opened(try #require(try issuer.keys(.refresh).first)))
        #expect(failure(reading: untouched, issuer) == nil, "the same token unchanged is good")
    }

    @Test("an access token is told apart from it, by its own typ or by the secret's")
    func wrongType() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        #expect(failure(reading: Array(tokens.access.text.utf8), issuer) == .wrongType)
        let key = try issuer.opened(try #require(try issuer.keys(.refresh).first))
        #expect(failure(reading: try forge(tokens, Forgery(name: "typ", type: "at+jwt"), by: key), issuer) == .wrongType)
        #expect(throws: (any Error).self) { try issuer.verifier().verify(tokens.refresh, at: Issuer.start) }
    }

    @Test("a key that is not the ring's, or has its kid and another secret, signs nothing that is read")
    func otherKey() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        let stranger = try JWK.generate(.hs256, random: .repeatable(seed: 5))
        let good = Forgery(name: "nothing")
        #expect(failure(reading: try forge(tokens, good, by: stranger), issuer) == .invalid(reason: "bad_signature"))
        let kid = try #require(try issuer.keys(.refresh).first?.id)
        let secret = Base64URL.encode([UInt8](repeating: 3, count: 32))
        let impostor = try JWK(parsing: Array(#"{"kty":"oct","alg":"HS256","kid":"\#(kid)","k":"\#(secret)"}"#.utf8))
        #expect(failure(reading: try forge(tokens, good, by: impostor), issuer) == .invalid(reason: "bad_signature"))
        // The access key's holder, who signs the public kind of token, cannot make one either.
        let accessKey = try issuer.opened(try #require(try issuer.keys(.access).first))
        guard case .invalid = failure(reading: try forge(tokens, good, by: accessKey), issuer) else {
            Issue.record("the access key signed a refresh token")
            return
        }
    }

    @Test("the alg of the header decides nothing", arguments: ["none", "HS384", "ES256", "hs256", "HS256 "])
    func algorithm(name: String) throws {
        let issuer = try Issuer()
        let parts = try issuer.begin(try issuer.user()).refresh.split(separator: ".")
        let kid = try #require(try issuer.keys(.refresh).first?.id)
        let header = Base64URL.encode(Array(#"{"alg":"\#(name)","typ":"rt+jwt","kid":"\#(kid)"}"#.utf8))
        for signature in [String(parts[2]), ""] {
            #expect(throws: TokenFailure.self) { try issuer.sessions.read(Array("\(header).\(parts[1]).\(signature)".utf8)) }
        }
    }

    @Test("no letter of it can be changed")
    func changed() throws {
        let issuer = try Issuer()
        let good = Array(try issuer.begin(try issuer.user()).refresh.utf8)
        for place in good.indices {
            var text = good
            text[place] = text[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(failure(reading: text, issuer) != nil, "at \(place)")
        }
        for length in [0, 1, good.count / 2, good.count - 1] { #expect(failure(reading: Array(good[..<length]), issuer) != nil) }
        #expect(failure(reading: good + [UInt8(ascii: "A")], issuer) != nil)
    }

    private func failure(reading text: [UInt8], _ issuer: Issuer) -> TokenFailure? {
        do throws(TokenFailure) {
            _ = try issuer.sessions.read(text)
            return nil
        } catch {
            return error
        }
    }
}

/// A token like this session's refresh token, with changes.
func forge(_ tokens: SessionTokens, _ forgery: RefreshTokenTests.Forgery, by key: JWK) throws -> [UInt8] {
    let good = try UnverifiedToken(parsing: Array(tokens.refresh.utf8)).unverifiedClaims
    let payload = JSONWriter.object { writer in
        for (name, value) in good.all {
            switch forgery.claims[name] {
            case .none:
                writer.name(name)
                writer.raw(Array(value.json))
            case .some(.none): break
            case .some(.some(let json)):
                writer.name(name)
                writer.raw(Array(json.utf8))
            }
        }
    }
    return try key.signer(type: forgery.type).sign(payload)
}
