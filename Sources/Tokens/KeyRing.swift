// KeyRing: the keys in use, as an immutable snapshot that readers take without waiting.
//
//     store records ──open with the master key──▶ Snapshot ──▶ signers (issuer), key set (verifier), JWKS (web)
//
// What the keys are and when they move on is decided in the store by stored times (KeyRotation asks for it); the ring
// only mirrors it. It is loaded at the start and again whenever the log of events says that the ring changed.

package import MartletCryptography
package import MartletEncoding
package import MartletJOSE
package import MartletVerifier
package import Store
import Synchronization

/// The keys in use.
package final class KeyRing: Sendable {
    /// What the ring is at one moment.
    package final class Snapshot: Sendable {
        /// Signs access tokens.
        package let access: JWSSigner
        /// The key that signs refresh tokens.
        let refreshKeyID: String
        /// Every refresh key that is not retired, by `kid`.
        let refreshKeys: [String: (signer: JWSSigner, key: JWSVerificationKey)]
        /// Signs the revocation feed; nil with a database that no service of this version has run with yet.
        let feed: JWSSigner?
        /// Sign ID tokens and other statements, by the name of the algorithm; none until they have been made.
        let statements: [String: JWSSigner]
        /// Keys that others verify with: next, active and retiring, those of statements, the feed's, and a shared secret.
        package let verifying: JWKSet
        /// The JWK Set as it is published.
        package let publicJSON: [UInt8]
        /// Its strong validator, with the quotes.
        package let etag: String
        /// Records that are not retired.
        package let records: [SigningKeyRecord]

        init(
            access: JWSSigner, refreshKeyID: String, refreshKeys: [String: (signer: JWSSigner, key: JWSVerificationKey)],
            feed: JWSSigner?, statements: [String: JWSSigner], verifying: JWKSet, records: [SigningKeyRecord]
        ) {
            self.access = access
            self.refreshKeyID = refreshKeyID
            self.refreshKeys = refreshKeys
            self.feed = feed
            self.statements = statements
            self.verifying = verifying
            self.records = records
            publicJSON = verifying.publicJSON
            etag = "\"" + Base64URL.encode(Array(Digest.sha256.hash(publicJSON).prefix(16))) + "\""
        }
    }

    /// Why the ring cannot be used.
    package enum Failure: Error, Sendable, Hashable {
        case store(StoreError)
        /// A private key does not open.
        case sealed(MasterKey.Failure, keyID: String)
        case cryptography(detail: String)
        /// There is no active key of this purpose.
        case noActiveKey(SigningKeyRecord.Purpose)
    }

    /// The shared secret for HS256, which stands in the place of the access keys.
    package static let sharedKeyID = "shared"

    /// What the verifier reads keys from; follows the ring.
    package let source: LocalKeySource
    let store: any Store
    let masterKey: MasterKey
    let random: RandomSource
    /// The algorithm that new access keys are for.
    package let algorithm: SignatureAlgorithm
    private let shared: JWK?
    private let state: Mutex<State>
    private let reloading = Mutex(())

    private struct State {
        var snapshot: Snapshot
        /// The high-water marks that are in the store for sure, in milliseconds, by `kid`.
        var marks: [String: Int64]
    }

    /// The ring of a store that has its keys already (``KeyRotation/prepare(_:at:)``). `sharedSecret` goes with HS256.
    package init(
        store: any Store, masterKey: MasterKey, algorithm: SignatureAlgorithm, sharedSecret: [UInt8]?, random: RandomSource
    ) throws(Failure) {
        self.store = store
        self.masterKey = masterKey
        self.algorithm = algorithm
        self.random = random
        shared = try sharedSecret.map { secret throws(Failure) in try Self.sharedKey(secret) }
        let snapshot = try Self.load(store, masterKey, algorithm, shared)
        source = LocalKeySource(snapshot.verifying)
        state = Mutex(State(snapshot: snapshot, marks: Self.marks(snapshot)))
    }

    /// The ring at this moment.
    package var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// Whether tokens are signed with a secret that others hold.
    package var isShared: Bool { shared != nil }

    /// Takes the ring from the store again.
    package func reload() throws(Failure) {
        // One after the other: what was read earlier must not be put in place of what was read later.
        try reloading.withLock { _ throws(Failure) in
            let snapshot = try Self.load(store, masterKey, algorithm, shared)
            state.withLock { $0 = State(snapshot: snapshot, marks: Self.marks(snapshot)) }
            source.replace(with: snapshot.verifying)
        }
    }

    /// The marks to raise before tokens with these expiries are given out. Each is raised an hour further than needed, so
    /// that most transactions raise none.
    package func marks(_ snapshot: Snapshot, accessUntil: UnixTime, refreshUntil: UnixTime?) -> [KeyMark] {
        let wanted: [(String?, UnixTime?)] = [(snapshot.access.keyID, accessUntil), (snapshot.refreshKeyID, refreshUntil)]
        return state.withLock { state in
            wanted.compactMap { keyID, until in
                guard let keyID, let until, keyID != Self.sharedKeyID, (state.marks[keyID] ?? .min) < until.milliseconds else { return nil }
                return KeyMark(keyID: keyID, expiresAt: until.adding(seconds: 3600))
            }
        }
    }

    /// The mark to raise for a statement with this expiry; nil where it is high enough.
    func mark(_ keyID: String, until: UnixTime) -> KeyMark? {
        state.withLock { state in
            (state.marks[keyID] ?? .min) < until.milliseconds ? KeyMark(keyID: keyID, expiresAt: until.adding(seconds: 3600)) : nil
        }
    }

    /// Notes that marks are in the store.
    package func raised(_ marks: [KeyMark]) {
        guard !marks.isEmpty else { return }
        state.withLock { state in
            for mark in marks where (state.marks[mark.keyID] ?? .min) < mark.expiresAt.milliseconds {
                state.marks[mark.keyID] = mark.expiresAt.milliseconds
            }
        }
    }

    private static func load(
        _ store: any Store, _ masterKey: MasterKey, _ algorithm: SignatureAlgorithm, _ shared: JWK?
    ) throws(Failure) -> Snapshot {
        let records: [SigningKeyRecord]
        do throws(StoreError) {
            records = try store.read { reads throws(StoreError) in try reads.keys(includingRetired: false) }
        } catch {
            throw .store(error)
        }
        var published: [JWK] = []
        var access: JWSSigner?
        var feed: JWSSigner?
        var feedKeys: [JWK] = []
        var statements: [String: JWSSigner] = [:]
        var statementKeys: [String: [JWK]] = [:]
        var refreshKeyID: String?
        var refreshKeys: [String: (signer: JWSSigner, key: JWSVerificationKey)] = [:]
        for record in records {
            let key = try open(record, masterKey)
            do throws(JOSEError) {
                switch record.purpose {
                case .access:
                    published.append(key)
                    guard record.state == .active, shared == nil else { continue }
                    // While a key of a newly chosen algorithm waits, the active one of the algorithm before signs on.
                    if access == nil || record.algorithm == algorithm.name {
                        access = try key.signer(type: TokenPolicy.accessType)
                    }
                case .refresh:
                    let signer = try key.signer(type: TokenPolicy.refreshType)
                    refreshKeys[record.id] = (signer, try key.verificationKey(signer.algorithm))
                    if record.state == .active { refreshKeyID = record.id }
                case .feed:
                    feedKeys.append(key)
                    if record.state == .active { feed = try key.signer(type: RevocationDocument.type) }
                case .id:
                    statementKeys[record.algorithm, default: []].append(key)
                    if record.state == .active { statements[record.algorithm] = try key.signer(type: TokenPolicy.idTokenType) }
                }
            } catch {
                throw .cryptography(detail: "key \(record.id): \(error.message)")
            }
        }
        if let shared {
            published.append(shared)
            do throws(JOSEError) {
                access = try shared.signer(.hs256, type: TokenPolicy.accessType)
            } catch {
                throw .cryptography(detail: error.message)
            }
        }
        guard let access else { throw .noActiveKey(.access) }
        guard let refreshKeyID else { throw .noActiveKey(.refresh) }
        return Snapshot(
            access: access, refreshKeyID: refreshKeyID, refreshKeys: refreshKeys, feed: feed, statements: statements,
            verifying: JWKSet(published + statementKeys.sorted { $0.key < $1.key }.flatMap(\.value) + feedKeys), records: records)
    }

    private static func open(_ record: SigningKeyRecord, _ masterKey: MasterKey) throws(Failure) -> JWK {
        let json: [UInt8]
        do throws(MasterKey.Failure) {
            json = try masterKey.open(record.privateKey, keyID: record.id).secret
        } catch {
            throw .sealed(error, keyID: record.id)
        }
        do throws(JOSEError) {
            return try JWK(parsing: json)
        } catch {
            throw .cryptography(detail: "key \(record.id): \(error.message)")
        }
    }

    private static func marks(_ snapshot: Snapshot) -> [String: Int64] {
        var marks: [String: Int64] = [:]
        for record in snapshot.records { marks[record.id] = record.lastTokenExpiresAt?.milliseconds }
        return marks
    }

    private static func sharedKey(_ secret: [UInt8]) throws(Failure) -> JWK {
        let json = JSONWriter.object { writer in
            writer.member("kty", "oct")
            writer.member("kid", sharedKeyID)
            writer.member("alg", SignatureAlgorithm.hs256.name)
            writer.member("k", Base64URL.encode(secret))
        }
        do throws(JOSEError) {
            return try JWK(parsing: json)
        } catch {
            throw .cryptography(detail: "the shared secret: \(error.message)")
        }
    }
}
