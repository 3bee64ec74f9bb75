// Issuer: an installation with a name, a key ring and sessions: what makes tokens and says whether one is good.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Tokens
import Web

struct Issuer: Sendable {
    /// `iss`.
    let name: String
    let installation: Installation
    let ring: KeyRing
    let rotation: KeyRotation
    let sessions: SessionService
    private let oldIssuer: OldIssuer?

    /// The issuer of an installation. Without a name it is the one that the service was last run with.
    ///
    /// With `preparing`, which is the service's to do, keys that are missing or due are made, and those under an earlier master
    /// key are sealed anew.
    /// - `oldIssuer`: whose tokens are accepted besides.
    init(
        _ installation: Installation, name: String?, preparing: Bool, oldIssuer: OldIssuer? = nil, at now: UnixTime
    ) throws(ConfigurationError) {
        let configuration = installation.configuration
        self.installation = installation
        self.oldIssuer = oldIssuer
        rotation = KeyRotation(
            store: installation.store, masterKey: installation.masterKey, algorithm: configuration.signingAlgorithm,
            days: configuration.keyRotationDays, random: installation.random)
        let algorithmBefore = try installation.fact(.signingAlgorithm)
        let isNewAlgorithm = algorithmBefore != nil && algorithmBefore != configuration.signingAlgorithm.name
        do throws(KeyRing.Failure) {
            if preparing {
                try rotation.reseal()
                try rotation.maintain(at: now, changingAlgorithm: isNewAlgorithm)
            }
            ring = try KeyRing(
                store: installation.store, masterKey: installation.masterKey, algorithm: configuration.signingAlgorithm,
                sharedSecret: configuration.sharedSecret, random: installation.random)
        } catch {
            throw installation.explain(error)
        }
        let last = try installation.fact(.issuer)
        let issuer = name ?? last ?? "http://localhost:8080"
        self.name = issuer
        let policy = TokenPolicy(
            issuer: issuer, audience: configuration.audience ?? issuer, accessLifetime: configuration.accessLifetime,
            refreshLifetime: configuration.refreshLifetime, sessionLifetime: configuration.sessionLifetime,
            graceSeconds: configuration.graceSeconds, compatibility: configuration.compatibleClaims,
            hasDRFJWTClaims: configuration.compat.contains(.drfJWT))
        sessions = SessionService(
            policy: policy, store: installation.store, ring: ring, random: installation.random, oldIssuer: oldIssuer)
    }

    /// Makes the keys of ID tokens where there are none yet: some hundred milliseconds for an RSA key.
    func makeStatementKeys(at now: UnixTime) throws(ConfigurationError) {
        guard !sessions.statementAlgorithms.allSatisfy(sessions.canState) else { return }
        do throws(KeyRing.Failure) {
            try rotation.maintainStatementKeys(at: now)
            try ring.reload()
        } catch {
            throw installation.explain(error)
        }
    }

    /// Notes in the database what the service runs with, for commands that are not told. Answers the issuer's name before, if it was
    /// another.
    func remember(at now: UnixTime) throws(ConfigurationError) -> String? {
        let facts: [(Fact, String)] = [(.issuer, name), (.signingAlgorithm, installation.configuration.signingAlgorithm.name)]
        let lineage = Identifier.random(installation.random)
        do throws(StoreError) {
            return try installation.store.write { [oldIssuer] transaction throws(StoreError) in
                if let oldIssuer { try transaction.acceptOldTokens(until: oldIssuer.until, at: now) }
                let before = try transaction.fact(.issuer)
                if try transaction.fact(.lineage) == nil { try transaction.setFact(.lineage, lineage) }
                for (fact, value) in facts where try transaction.fact(fact) != value { try transaction.setFact(fact, value) }
                return before == facts[0].1 ? nil : before
            }
        } catch {
            throw installation.explain(error)
        }
    }

    /// A verifier of this issuer's access tokens, those of the compatibility endpoints among them; without audiences it takes
    /// those for any. No leeway unless somebody asked for it: the clock that is read is the one that they were signed by.
    func verifier(audiences: [String]?, revocations: RevocationSet) -> TokenVerifier {
        let policy = VerificationPolicy(
            issuer: name, audiences: audiences, type: TokenPolicy.accessType,
            algorithms: SignatureAlgorithm.asymmetric + (ring.isShared ? [.hs256] : []), leeway: installation.configuration.leeway)
        let otherName = installation.configuration.compatibleClaims?.issuer
        return TokenVerifier(
            policy: policy.accepting(otherIssuers: otherName.map { [$0] } ?? []), keys: ring.source, revocations: revocations,
            oldIssuer: oldIssuer)
    }

    /// A verifier of those for the service's own APIs.
    func firstPartyVerifier(revocations: RevocationSet) -> TokenVerifier {
        let otherAudience = installation.configuration.compatibleClaims?.audience
        return verifier(audiences: [name] + (otherAudience.map { [$0] } ?? []), revocations: revocations)
    }
}
