// KeyRotation: when keys are made and when they move on. It asks the store, which decides by stored times in one
// transaction, so any process may ask as often as it likes.
//
//     next ──published for max-age + 60 s──▶ active ──its successor is active──▶ retiring ──last token + 60 s──▶ retired

package import MartletCryptography
package import MartletEncoding
package import MartletJOSE
import MartletVerifier
package import Store

/// Makes keys and moves them on.
package struct KeyRotation: Sendable {
    private let store: any Store
    private let masterKey: MasterKey
    private let algorithm: SignatureAlgorithm
    /// Nil where access tokens are signed with a shared secret, which is nobody's to rotate here.
    private var accessAlgorithm: SignatureAlgorithm? { algorithm.isSymmetric ? nil : algorithm }
    /// The feed is for everybody to verify, whatever access tokens are signed with.
    private var feedAlgorithm: SignatureAlgorithm { accessAlgorithm ?? .es256 }
    private let days: Int64
    private let random: RandomSource

    /// `Cache-Control: max-age` of the JWKS, in seconds.
    package static let publishedMaxAge: Int64 = 300
    /// Seconds that a key is published before it signs: every cache has it by then, clocks being a minute apart.
    package static let settleSeconds = publishedMaxAge + 60

    /// The rotation of a store's keys; `days` of 0 means that none is made for its age alone.
    package init(store: any Store, masterKey: MasterKey, algorithm: SignatureAlgorithm, days: Int64, random: RandomSource) {
        self.store = store
        self.masterKey = masterKey
        self.algorithm = algorithm
        self.days = days
        self.random = random
    }

    /// What came of asking for a new key.
    package enum Outcome: Sendable, Hashable {
        case rotated
        /// One is waiting already.
        case waiting
    }

    /// Makes the keys that are missing or due but for those of statements, and moves on all whose time has come. For the start, then
    /// every few seconds.
    ///
    /// A successor has the algorithm of the key it follows, so that one made for another algorithm on request is not undone;
    /// `changingAlgorithm`, for a start with another setting than before, makes one of the setting's.
    package func maintain(at now: UnixTime, changingAlgorithm: Bool = false) throws(KeyRing.Failure) {
        try maintain(lines, changingAlgorithm: changingAlgorithm, at: now)
    }

    /// Makes the keys of ID tokens and other statements that are missing or due. Apart from the rest, and not for the start: an RSA key
    /// takes some hundred milliseconds to make.
    package func maintainStatementKeys(at now: UnixTime) throws(KeyRing.Failure) {
        try maintain(statementLines(try read()), changingAlgorithm: false, at: now)
    }

    /// The algorithms that statements to clients are signed with: RS256, which OpenID Connect Discovery 1.0 §3 demands
    /// (`id_token_signing_alg_values_supported`), ES256, and the service's own.
    package static func statementAlgorithms(besides own: SignatureAlgorithm) -> [SignatureAlgorithm] {
        [.rs256, .es256] + (own.isSymmetric || own == .rs256 || own == .es256 ? [] : [own])
    }

    /// Makes a key now. An ordinary one waits until every cache has it; an emergency one replaces all of its purpose at once,
    /// and whatever they signed is dead. Keys of statements are made of every algorithm, unless one is named.
    package func rotate(
        _ purpose: SigningKeyRecord.Purpose, algorithm: SignatureAlgorithm?, isEmergency: Bool, audit: AuditContext, at now: UnixTime
    ) throws(KeyRing.Failure) -> Outcome {
        var made: [SigningKeyRecord] = []
        for (purpose, usual) in purpose == .id ? statementLines(try read()) : lines.filter({ $0.0 == purpose }) {
            if purpose == .id, let algorithm, algorithm != usual { continue }
            made.append(
                try makeKey(purpose, purpose == .access ? algorithm ?? usual : usual, activatedAt: isEmergency ? now : nil, at: now))
        }
        let keys = made
        guard !keys.isEmpty else { return .waiting }
        return try write { transaction throws(StoreError) in
            guard !isEmergency else {
                try transaction.replaceKeys(with: keys, audit: audit, at: now)
                return .rotated
            }
            var outcome = Outcome.waiting
            for key in keys {
                let isWaiting = try transaction.keys(includingRetired: false).contains { $0.line == key.line && $0.state == .next }
                if !isWaiting, try transaction.addKey(key, audit: audit, at: now) { outcome = .rotated }
            }
            return outcome
        }
    }

    /// Seals anew what an earlier master key sealed. Throws when one does not open.
    package func reseal() throws(KeyRing.Failure) {
        var sealed: [(id: String, privateKey: [UInt8])] = []
        for record in try read(includingRetired: true) {
            let opened: (secret: [UInt8], isStale: Bool)
            do throws(MasterKey.Failure) {
                opened = try masterKey.open(record.privateKey, keyID: record.id)
            } catch {
                throw .sealed(error, keyID: record.id)
            }
            guard opened.isStale else { continue }
            do throws(JOSEError) {
                sealed.append((record.id, try seal(opened.secret, record.id)))
            } catch {
                throw .cryptography(detail: error.message)
            }
        }
        let anew = sealed
        guard !anew.isEmpty else { return }
        try write { transaction throws(StoreError) in try transaction.resealKeys(anew) }
    }

    /// A purpose, and the algorithm that its keys usually have.
    private typealias Line = (SigningKeyRecord.Purpose, SignatureAlgorithm)

    private var lines: [Line] { (accessAlgorithm.map { [(.access, $0)] } ?? []) + [(.refresh, .hs256), (.feed, feedAlgorithm)] }

    /// A key of an algorithm that was the service's own once is followed, too: clients may be registered for it.
    private func statementLines(_ present: [SigningKeyRecord]) -> [Line] {
        let usual = Self.statementAlgorithms(besides: algorithm)
        let others = Set(present.filter { $0.purpose == .id }.compactMap { SignatureAlgorithm(rawValue: $0.algorithm) }).subtracting(usual)
        return (usual + SignatureAlgorithm.allCases.filter(others.contains)).map { (.id, $0) }
    }

    private func maintain(_ lines: [Line], changingAlgorithm: Bool, at now: UnixTime) throws(KeyRing.Failure) {
        let present = try read()
        var wanted: [(key: SigningKeyRecord, usual: SignatureAlgorithm)] = []
        for (purpose, usual) in lines {
            let due = due(purpose, usual, among: present, changingAlgorithm: changingAlgorithm, at: now)
            guard let due else { continue }
            wanted.append((try makeKey(purpose, due.algorithm, activatedAt: due.isFirst ? now : nil, at: now), usual))
        }
        let made = wanted
        try write { [self] transaction throws(StoreError) in
            // Another process may have made them since.
            let present = try transaction.keys(includingRetired: false)
            for (key, usual) in made {
                guard due(key.purpose, usual, among: present, changingAlgorithm: changingAlgorithm, at: now) != nil else { continue }
                _ = try transaction.addKey(key, audit: AuditContext(actor: .system), at: now)
            }
            _ = try transaction.advanceKeys(at: now, settleSeconds: Self.settleSeconds)
        }
    }

    /// The key that ought to be made now. The first one may sign at once: no cache can hold an older set.
    private func due(
        _ purpose: SigningKeyRecord.Purpose, _ usual: SignatureAlgorithm, among records: [SigningKeyRecord], changingAlgorithm: Bool,
        at now: UnixTime
    ) -> (algorithm: SignatureAlgorithm, isFirst: Bool)? {
        let line = SigningKeyRecord.Line(purpose, algorithm: usual.name)
        let own = records.filter { $0.line == line }
        guard let active = own.last(where: { $0.state == .active }) else { return (usual, true) }
        guard !own.contains(where: { $0.state == .next }) else { return nil }
        if changingAlgorithm, active.algorithm != usual.name { return (usual, false) }
        guard days > 0, let activatedAt = active.activatedAt,
            activatedAt.adding(seconds: days * 86_400 - Self.settleSeconds) <= now
        else { return nil }
        return (SignatureAlgorithm(rawValue: active.algorithm) ?? usual, false)
    }

    private func makeKey(
        _ purpose: SigningKeyRecord.Purpose, _ algorithm: SignatureAlgorithm, activatedAt: UnixTime?, at now: UnixTime
    ) throws(KeyRing.Failure) -> SigningKeyRecord {
        do throws(JOSEError) {
            let key = try JWK.generate(algorithm, signs: Self.types(of: purpose), random: random)
            guard let id = key.keyID else { throw .libraryFailure }
            return SigningKeyRecord(
                id: id, purpose: purpose, algorithm: algorithm.name, publicKey: key.publicJSON ?? [],
                privateKey: try seal(try key.privateJSON(), id), publishedAt: now, activatedAt: activatedAt)
        } catch {
            throw .cryptography(detail: error.message)
        }
    }

    /// `signs` of the keys that sign nothing else, whatever a verifier makes of its `typ`.
    private static func types(of purpose: SigningKeyRecord.Purpose) -> String? {
        switch purpose {
        case .access, .refresh: nil
        case .feed: RevocationDocument.type
        case .id: TokenPolicy.statementTypes.joined(separator: " ")
        }
    }

    private func seal(_ secret: [UInt8], _ id: String) throws(JOSEError) -> [UInt8] {
        do throws(CryptographyError) {
            return try masterKey.seal(secret, keyID: id, random: random)
        } catch {
            throw .libraryFailure
        }
    }

    private func read(includingRetired: Bool = false) throws(KeyRing.Failure) -> [SigningKeyRecord] {
        do throws(StoreError) {
            return try store.read { reads throws(StoreError) in try reads.keys(includingRetired: includingRetired) }
        } catch {
            throw .store(error)
        }
    }

    private func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value
    ) throws(KeyRing.Failure) -> Value {
        do throws(StoreError) {
            return try store.write(verb)
        } catch {
            throw .store(error)
        }
    }
}
