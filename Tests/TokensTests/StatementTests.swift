// The keys of ID tokens and other statements: one line of them for each algorithm, and nothing that they sign is an access token.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import SQLStore
import Store
import Testing
import Tokens

@Suite struct StatementTests {
    private let start = Issuer.start
    private let payload = Array(#"{"iss":"https://auth.example"}"#.utf8)

    private func issuer(_ algorithm: SignatureAlgorithm = .es256) throws -> Issuer {
        let issuer = try Issuer(
            algorithm: algorithm, sharedSecret: algorithm.isSymmetric ? Array("0123456789abcdef0123456789abcdef".utf8) : nil)
        try issuer.rotation.maintainStatementKeys(at: start)
        try issuer.ring.reload()
        return issuer
    }

    private func algorithms(_ issuer: Issuer, _ state: SigningKeyRecord.State = .active) throws -> [String] {
        try issuer.keys(.id).filter { $0.state == state }.map(\.algorithm).sorted()
    }

    @Test(
        "there is a key for RS256, for ES256 and for the service's own algorithm",
        arguments: [
            (.es256, ["ES256", "RS256"]), (.rs256, ["ES256", "RS256"]), (.edDSA, ["ES256", "EdDSA", "RS256"]),
            (.hs256, ["ES256", "RS256"]),
        ] as [(SignatureAlgorithm, [String])])
    func keys(_ algorithm: SignatureAlgorithm, _ expected: [String]) throws {
        let issuer = try issuer(algorithm)
        #expect(try algorithms(issuer) == expected)
        #expect(issuer.sessions.statementAlgorithms.map(\.name).sorted() == expected)
        try issuer.rotation.maintainStatementKeys(at: start.adding(seconds: 5))
        #expect(try algorithms(issuer) == expected, "looking again makes no more")
    }

    @Test("a statement verifies by the published key of its algorithm, RS256 where none is named")
    func verifies() throws {
        let issuer = try issuer(.edDSA)
        let published = try JWKSet(parsing: issuer.ring.snapshot.publicJSON)
        for (named, algorithm) in [(nil, .rs256), ("ES256", .es256), ("EdDSA", .edDSA)] as [(String?, SignatureAlgorithm)] {
            let text = try issuer.sessions.statement(type: "JWT", algorithm: named, payload: payload, until: start)
            let jws = try CompactJWS(parsing: Array(text.utf8))
            #expect(jws.unverifiedHeader.algorithm == algorithm && jws.unverifiedHeader.type == "JWT")
            let keys = published.candidates(keyID: jws.unverifiedHeader.keyID, algorithm: algorithm, type: "JWT")
            #expect(keys.count == 1)
            #expect(throws: Never.self) { try jws.verified(by: try #require(keys.first)) }
        }
    }

    @Test("nothing but the known types is signed, and nothing by an algorithm without a key")
    func refuses() throws {
        let issuer = try issuer()
        for type in ["at+jwt", "rt+jwt", "", "jwt"] {
            #expect(throws: TokenFailure.self) { try issuer.sessions.statement(type: type, algorithm: nil, payload: payload, until: start) }
        }
        #expect(throws: TokenFailure.self) {
            try issuer.sessions.statement(type: "JWT", algorithm: "ES384", payload: payload, until: start)
        }
        #expect(!(try Issuer()).sessions.canState(by: .rs256), "before the keys are made")
    }

    @Test("what a key of statements signed is no access token, whatever it says it is")
    func noAccessToken() throws {
        let issuer = try issuer()
        let tokens = try issuer.begin(try issuer.user())
        let claims = try CompactJWS(parsing: Array(tokens.access.text.utf8)).unverifiedPayload()
        let idToken = try issuer.sessions.statement(type: "JWT", algorithm: "ES256", payload: claims, until: start.adding(seconds: 600))
        #expect(throws: VerificationFailure.wrongType) { try issuer.verifier().verify(idToken, at: start) }
        // Even by a thief of the key, who writes at+jwt.
        let record = try #require(try issuer.keys(.id).first { $0.algorithm == "ES256" })
        let forged = String(decoding: try issuer.opened(record).signer(type: "at+jwt").sign(claims), as: UTF8.self)
        #expect(throws: VerificationFailure.wrongKeyAlgorithm) { try issuer.verifier().verify(forged, at: start) }
        let elsewhere = TokenVerifier(
            policy: VerificationPolicy(issuer: Issuer.url, audiences: nil, leeway: 0),
            keys: LocalKeySource(try JWKSet(parsing: issuer.ring.snapshot.publicJSON)))
        #expect(throws: VerificationFailure.self) { try elsewhere.verify(forged, at: start) }
        #expect(throws: Never.self) { try elsewhere.verify(tokens.access.text, at: start) }
    }

    @Test("the mark of a key is raised by what it signs, and the key stays published until then")
    func marks() throws {
        let issuer = try issuer()
        _ = try issuer.sessions.statement(type: "JWT", algorithm: "ES256", payload: payload, until: start.adding(seconds: 600))
        // Whatever is written next comes after it.
        _ = try issuer.user()
        let marked = try issuer.keys(.id).filter { $0.lastTokenExpiresAt != nil }
        #expect(marked.map(\.algorithm) == ["ES256"] && marked.first?.lastTokenExpiresAt == start.adding(seconds: 4200))
        #expect(try rotate(issuer, .es256) == .rotated)
        try issuer.rotation.maintain(at: start.adding(seconds: 360))
        #expect(try issuer.keys(.id).filter { $0.algorithm == "ES256" }.map(\.state.rawValue).sorted() == ["active", "retiring"])
        #expect(try algorithms(issuer) == ["ES256", "RS256"], "a successor of one algorithm leaves the others signing")
        try issuer.rotation.maintain(at: start.adding(seconds: 4259))
        #expect(try algorithms(issuer, .retiring) == ["ES256"])
        try issuer.rotation.maintain(at: start.adding(seconds: 4260))
        #expect(try algorithms(issuer, .retired) == ["ES256"])
    }

    @Test("keys of all algorithms are rotated at once unless one is named; each waits for its own line alone")
    func rotation() throws {
        let issuer = try issuer()
        #expect(try rotate(issuer, .es256) == .rotated)
        #expect(try rotate(issuer, .es256) == .waiting)
        #expect(try rotate(issuer, .ps256) == .waiting, "one that is not signed with")
        #expect(try rotate(issuer) == .rotated)
        #expect(try algorithms(issuer, .next) == ["ES256", "RS256"])
        #expect(try rotate(issuer) == .waiting)
    }

    @Test("an emergency replaces the keys of every algorithm, and no others")
    func emergency() throws {
        let issuer = try issuer()
        let before = Set(try issuer.keys(.id).map(\.id))
        #expect(try rotate(issuer, isEmergency: true) == .rotated)
        try issuer.ring.reload()
        #expect(try algorithms(issuer) == ["ES256", "RS256"] && algorithms(issuer, .retired) == ["ES256", "RS256"])
        #expect(try issuer.states() == [.active])
        let events = try issuer.store.read { reads throws(StoreError) in try reads.liveEvents(at: start) }
        #expect(Set(events.filter { $0.kind == .key }.map(\.target)) == before)
        #expect(try issuer.audited(.keysReplaced).count == 2)
    }

    @Test("after ninety days each has a successor")
    func age() throws {
        let issuer = try issuer()
        try issuer.rotation.maintainStatementKeys(at: start.adding(seconds: 90 * 86_400))
        #expect(try algorithms(issuer, .next) == ["ES256", "RS256"])
    }

    @Test("a key of an algorithm that was the service's own goes on")
    func otherAlgorithm() throws {
        let issuer = try issuer(.edDSA)
        let now = KeyRotation(store: issuer.store, masterKey: issuer.masterKey, algorithm: .es256, days: 90, random: issuer.random)
        try now.maintainStatementKeys(at: start.adding(seconds: 90 * 86_400))
        #expect(try algorithms(issuer, .next) == ["ES256", "EdDSA", "RS256"])
    }

    private func rotate(
        _ issuer: Issuer, _ algorithm: SignatureAlgorithm? = nil, isEmergency: Bool = false
    ) throws -> KeyRotation.Outcome {
        try issuer.rotation.rotate(.id, algorithm: algorithm, isEmergency: isEmergency, audit: Issuer.audit, at: start)
    }
}
