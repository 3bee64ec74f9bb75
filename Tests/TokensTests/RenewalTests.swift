// Renewing an access token: which may, what the next one keeps, and that a shared secret, of which the store knows nothing, does too.

import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier
import Store
import Testing
import Tokens

struct RenewalTests {
    private let start = Issuer.start

    @Test("the next one is of the same session, audience and user, under any kind of key", arguments: [SignatureAlgorithm.es256, .hs256])
    func renews(algorithm: SignatureAlgorithm) throws {
        let secret = algorithm == .hs256 ? [UInt8](repeating: 7, count: 32) : nil
        let issuer = try Issuer(algorithm: algorithm, sharedSecret: secret)
        let tokens = try issuer.begin(try issuer.user(), audience: "https://api.example")
        let token = try issuer.verifier().verify(tokens.access.text, at: start)
        let later = start.adding(seconds: 300)
        let renewed = try issuer.renew(token, as: .sliding(id: token.tokenID), at: later)
        let next = try issuer.verifier().verify(renewed.text, at: later)
        #expect(next.audience == ["https://api.example"] && next.scopes.isEmpty)
        #expect(next.sessionID == token.sessionID && next.subject == token.subject && next.tokenID == token.tokenID)
        #expect(renewed.expiresAt == later.adding(seconds: 600) && next.expiresAt == renewed.expiresAt.seconds)
        #expect(try issuer.renew(token, as: .drfJWT(origin: nil), at: later).text != renewed.text)
    }

    @Test("a plain one is not renewed, nor any of a session that has ended or is over")
    func refused() throws {
        let issuer = try Issuer(sessionLifetime: 400)
        let tokens = try issuer.begin(try issuer.user())
        let token = try issuer.verifier().verify(tokens.access.text, at: start)
        #expect(AccessForm(following: token) == .plain)
        #expect(issuer.failure(renewing: token, as: .plain, at: start) == .wrongType)
        #expect(issuer.failure(renewing: token, as: .sliding(id: nil), at: start.adding(seconds: 400)) == .refreshExpired)
        _ = try issuer.store.write { transaction throws(StoreError) in
            try transaction.revoke(.session(tokens.session.id, ofUser: nil), reason: nil, audit: Issuer.audit, at: start)
        }
        #expect(issuer.failure(renewing: token, as: .sliding(id: nil), at: start) == .sessionEnded)
    }

    @Test("the form of the next one is told by the claims alone")
    func forms() throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        var policy = issuer.sessions.policy
        policy.compatibility = .simplejwt
        policy.hasDRFJWTClaims = true
        let sessions = SessionService(policy: policy, store: issuer.store, ring: issuer.ring, random: issuer.random)
        let token = try issuer.verifier().verify(tokens.access.text, at: start)
        func next(_ form: AccessForm, of token: VerifiedToken) throws -> VerifiedToken {
            try issuer.verifier().verify(issuer.renew(token, as: form, by: sessions, at: start).text, at: start)
        }
        let sliding = try next(.sliding(id: nil), of: token)
        #expect(AccessForm(following: sliding) == .sliding(id: sliding.tokenID))
        let first = try next(.drfJWT(origin: nil), of: token)
        let second = try next(AccessForm(following: first), of: first)
        let third = try next(AccessForm(following: second), of: second)
        #expect(second.claims["orig_jti"]?.string == first.tokenID && third.claims["orig_jti"]?.string == first.tokenID)
        #expect(Set([first.tokenID, second.tokenID, third.tokenID]).count == 3)
        #expect(first.claims["orig_jti"] == nil && third.claims["orig_iat"]?.integer == start.seconds)
    }

    @Test(
        "user_id is a number where the account's earlier name is one, unless simplejwt's stands beside it",
        arguments: [
            ("7", true, false, "7"), ("7", true, true, #""7""#), ("7", false, true, #""7""#), ("007", true, false, #""007""#),
            ("+7", true, false, #""+7""#), ("9223372036854775808", true, false, #""9223372036854775808""#),
            (nil, true, false, #""user-ada""#), ("7", false, false, nil),
        ] as [(String?, Bool, Bool, String?)])
    func userID(externalID: String?, drfJWT: Bool, simplejwt: Bool, claim: String?) throws {
        let issuer = try Issuer()
        let tokens = try issuer.begin(try issuer.user())
        var user = tokens.user
        user.externalID = externalID
        var policy = issuer.sessions.policy
        policy.compatibility = simplejwt ? .simplejwt : nil
        policy.hasDRFJWTClaims = drfJWT
        let sessions = SessionService(policy: policy, store: issuer.store, ring: issuer.ring, random: issuer.random)
        let prepared = sessions.prepare(for: user.id, scope: "account", from: Issuer.client, at: start)
        let access = try sessions.tokens(of: tokens.session, user, begun: prepared, audience: nil, at: start).access
        let claims = try UnverifiedToken(parsing: Array(access.text.utf8)).unverifiedClaims
        #expect(claims["user_id"].map { String(decoding: $0.json, as: UTF8.self) } == claim)
        #expect((claims["username"]?.string == "ada") == drfJWT)
    }
}

extension Issuer {
    /// Renews an access token, and waits for it.
    fileprivate func renew(
        _ token: VerifiedToken, as form: AccessForm, by service: SessionService? = nil, at now: UnixTime
    ) throws(TokenFailure) -> AccessToken {
        let answer = Monitor<(@Sendable () throws(TokenFailure) -> AccessToken)?>(nil)
        (service ?? sessions).renew(token, as: form, at: now) { finish in
            answer.withLock { $0 = finish }
            answer.broadcast()
        }
        return try answer.wait { $0 }()
    }

    fileprivate func failure(renewing token: VerifiedToken, as form: AccessForm, at now: UnixTime) -> TokenFailure? {
        do throws(TokenFailure) {
            _ = try renew(token, as: form, at: now)
            return nil
        } catch {
            return error
        }
    }
}
