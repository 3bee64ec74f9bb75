// Tokens that are for the holder of a key (RFC 9449 §7): never for whoever bears them, and for their holder once with each proof.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@Suite struct BoundTokenTests {
    static let now = Issuer.now
    static let uri = "https://api.example/orders"
    private let issuer: Issuer
    private let holder: JWK

    init() throws {
        issuer = try Issuer()
        holder = try JWK.generate(.es256)
    }

    private func bound(to confirmation: String? = nil, id: String = "t1") throws -> [UInt8] {
        let thumbprint = try Holder.thumbprint(of: holder)
        return try issuer.token(id: id) { writer in
            writer.name("cnf")
            writer.raw(Array((confirmation ?? #"{"jkt":"\#(thumbprint)"}"#).utf8))
        }
    }

    private func verify(
        _ verifier: TokenVerifier, _ token: [UInt8], _ proofs: [String], scope: String? = nil, at now: UnixTime = now
    ) throws(VerificationFailure) -> VerifiedToken {
        try verifier.verify(
            String(decoding: token, as: UTF8.self), proof: PresentedProof(proofs, method: "GET", uri: Self.uri), at: now, requiring: scope)
    }

    @Test(
        "whoever merely bears a bound token is nobody, however often it was seen, and in whatever way it is bound",
        arguments: [nil, #"{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#, "{}", "null", #""jkt""#])
    func bearing(_ confirmation: String?) throws {
        let verifier = issuer.verifier()
        let token = try bound(to: confirmation)
        let text = String(decoding: token, as: UTF8.self)
        for _ in 0..<2 {
            #expect(throws: VerificationFailure.proofRequired) { try verifier.verify(token, at: Self.now) }
            #expect(throws: VerificationFailure.proofRequired) { try verifier.verify(token[...], at: Self.now) }
            #expect(throws: VerificationFailure.proofRequired) { try verifier.verify(text, at: Self.now) }
            #expect(throws: VerificationFailure.proofRequired) { try FederatedVerifier([Issuer.url: verifier]).verify(token, at: Self.now) }
        }
        #expect(try verifier.examine(token, at: Self.now).isBound)
    }

    @Test("its holder gets in, once with each proof")
    func holding() throws {
        let verifier = issuer.verifier()
        let token = try bound()
        let proof = try Holder.proof(holder, token, id: "one")
        let verified = try verify(verifier, token, [proof], scope: "account")
        let thumbprint = try Holder.thumbprint(of: holder)
        #expect(verified.isBound && verified.proofKey == thumbprint)
        #expect(throws: VerificationFailure.badProof(.replayed)) { try verify(verifier, token, [proof]) }
        _ = try verify(verifier, token, [try Holder.proof(holder, token, id: "two")])
        // Another token of the same key is another matter, but the proof is not: it names the token.
        let other = try bound(id: "t2")
        #expect(throws: VerificationFailure.badProof(.wrongToken)) { try verify(verifier, other, [proof]) }
    }

    @Test("the same holds where issuers are several")
    func federated() throws {
        let token = try bound()
        let proof = PresentedProof([try Holder.proof(holder, token)], method: "GET", uri: Self.uri)
        let verifier = FederatedVerifier([Issuer.url: issuer.verifier()])
        #expect(try verifier.verify(String(decoding: token, as: UTF8.self), proof: proof, at: Self.now).subject == "user-1")
    }

    @Test("a token that is not bound to a key that can be proved does not go with a proof")
    func notBound() throws {
        let verifier = issuer.verifier()
        for token in [try issuer.token(), try bound(to: "{}"), try bound(to: #"{"jkt":1}"#)] {
            let proof = try Holder.proof(holder, token)
            #expect(throws: VerificationFailure.notBound) { try verify(verifier, token, [proof]) }
        }
    }

    @Test("what is refused uses no proof up; one proof, and no second one")
    func refused() throws {
        let verifier = issuer.verifier()
        let token = try bound()
        let proof = try Holder.proof(holder, token)
        let expired = VerificationFailure.expired
        #expect(throws: VerificationFailure.badProof(.missing)) { try verify(verifier, token, []) }
        #expect(throws: VerificationFailure.badProof(.repeated)) { try verify(verifier, token, [proof, proof]) }
        #expect(throws: VerificationFailure.insufficientScope("pay")) { try verify(verifier, token, [proof], scope: "pay") }
        #expect(throws: expired) { try verify(verifier, token, [proof], at: Self.now.adding(seconds: 3600)) }
        let stranger = try JWK.generate(.es256)
        #expect(throws: VerificationFailure.wrongProofKey) { try verify(verifier, token, [try Holder.proof(stranger, token)]) }
        #expect(throws: VerificationFailure.badProof(.tooOld)) { try verify(verifier, token, [proof], at: Self.now.adding(seconds: 61)) }
        _ = try verify(verifier, token, [proof])
    }

    @Test("where nonces are given out a proof names the newest or the one before")
    func nonces() throws {
        let nonces = DPoPNonces(secret: [1, 2, 3])
        let verifier = TokenVerifier(
            policy: VerificationPolicy(issuer: Issuer.url, audiences: [Issuer.url]), keys: issuer.source, proofNonces: nonces)
        let token = try bound()
        func outcome(_ nonce: String?, _ id: String) throws -> VerificationFailure? {
            let proof = try Holder.proof(holder, token, id: id, nonce: nonce)
            do throws(VerificationFailure) { _ = try verify(verifier, token, [proof]) } catch { return error }
            return nil
        }
        let slot = DPoPNonces.slot
        #expect(try outcome(nil, "a") == .badProof(.nonceNeeded))
        #expect(try outcome("", "b") == .badProof(.nonceNeeded))
        #expect(try outcome(DPoPNonces(secret: [9]).nonce(at: Self.now), "c") == .badProof(.nonceNeeded))
        #expect(try outcome(nonces.nonce(at: Self.now.adding(seconds: -2 * slot)), "d") == .badProof(.nonceNeeded))
        #expect(try outcome(nonces.nonce(at: Self.now.adding(seconds: slot)), "e") == .badProof(.nonceNeeded))
        #expect(try outcome(nonces.nonce(at: Self.now.adding(seconds: -slot)), "f") == nil)
        #expect(try outcome(nonces.nonce(at: Self.now), "g") == nil)
        let failure = VerificationFailure.badProof(.nonceNeeded)
        #expect(failure.code == "use_dpop_nonce" && VerificationFailure.badProof(.wrongURI).code == "invalid_dpop_proof")
    }

    @Test("a nonce changes with its slot, is short, and says nothing of the time")
    func nonceText() {
        let nonces = DPoPNonces(secret: [1])
        let start = UnixTime(seconds: 1_800_000_000 / DPoPNonces.slot * DPoPNonces.slot)
        let nonce = nonces.nonce(at: start)
        #expect(nonce.utf8.count == 22 && nonce == nonces.nonce(at: start.adding(seconds: DPoPNonces.slot - 1)))
        let next = start.adding(seconds: DPoPNonces.slot)
        #expect(nonces.nonce(at: next) != nonce && nonces.accepts(nonce, at: next) && !nonces.isCurrent(nonce, at: next))
        #expect(!nonces.accepts(nonce, at: next.adding(seconds: DPoPNonces.slot)))
        for extreme in [Int64.min, -1, 0, Int64.max] { #expect(!nonces.accepts(nonce, at: UnixTime(seconds: extreme))) }
    }
}

@Suite struct ProofReplayTests {
    private static let now = Issuer.now
    private func digest(_ number: Int) -> [UInt8] { Digest.sha256.hash(Array("\(number)".utf8)) }

    @Test("a proof is remembered for as long as it could be good, wherever in a generation it came")
    func memory() throws {
        for first in [0, 45, 90] as [Int64] {
            let replays = ProofReplays()
            try replays.use(digest(0), at: Self.now)
            let seen = Self.now.adding(seconds: first)
            try replays.use(digest(1), at: seen)
            // From 30 s before its iat to 60 s after it.
            for later in stride(from: Int64(0), through: 90, by: 10) {
                #expect(throws: DPoPFailure.replayed) { try replays.use(digest(1), at: seen.adding(seconds: later)) }
            }
            try replays.use(digest(1), at: seen.adding(seconds: 300))
        }
    }

    @Test("when there is no room the next proof waits, and nothing is forgotten")
    func bounded() throws {
        let replays = ProofReplays(capacity: 3)
        for number in 0..<3 { try replays.use(digest(number), at: Self.now) }
        #expect(throws: DPoPFailure.crowded) { try replays.use(digest(3), at: Self.now) }
        #expect(throws: DPoPFailure.replayed) { try replays.use(digest(0), at: Self.now) }
        try replays.use(digest(3), at: Self.now.adding(seconds: 91))
        #expect(throws: DPoPFailure.replayed) { try replays.use(digest(2), at: Self.now.adding(seconds: 91)) }
        #expect(VerificationFailure.badProof(.crowded).code == "not_ready")
    }

    @Test("a clock that is put back, or of the end of time, forgets nothing and traps nowhere")
    func clocks() throws {
        let replays = ProofReplays()
        try replays.use(digest(0), at: Self.now)
        #expect(throws: DPoPFailure.replayed) { try replays.use(digest(0), at: Self.now.adding(seconds: -1000)) }
        for extreme in [Int64.min, Int64.max, Int64.min] { _ = try? replays.use(digest(1), at: UnixTime(seconds: extreme)) }
    }
}

/// Who holds a key, and makes proofs.
enum Holder {
    static func thumbprint(of key: JWK) throws -> String {
        try DPoPProof(
            verifying: try DPoPProofTests.proof(key: key), method: "POST", uri: DPoPProofTests.uri, accessToken: nil, at: DPoPProofTests.now
        ).thumbprint
    }

    static func proof(_ key: JWK, _ token: [UInt8], id: String = "one", nonce: String? = nil) throws -> String {
        let hash = Base64URL.encode(Digest.sha256.hash(token))
        let proof = try DPoPProofTests.proof(
            key: key,
            claims: [
                "jti": "\"\(id)\"", "htm": #""GET""#, "htu": "\"\(BoundTokenTests.uri)\"", "ath": "\"\(hash)\"",
                "nonce": nonce.map { "\"\($0)\"" },
            ])
        return String(decoding: proof, as: UTF8.self)
    }
}
