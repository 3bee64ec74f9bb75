// Installation: the database, the master key and the key ring of one issuer, opened in the order that they need each
// other. The service and every command that touches the database begin with it.

import Logging
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import SQLStore
import Store
import Tokens

struct Installation: Sendable {
    let configuration: Configuration
    let issuer: String
    let store: any Store
    let ring: KeyRing
    let rotation: KeyRotation
    let sessions: SessionService
    let random = RandomSource.secure

    /// Opens what the configuration names: makes the data folder and the master key at the first start, migrates the
    /// database, makes the first keys. Without an issuer it is the one that the service was last run with. Throws one line
    /// that says what is wrong with what.
    init(_ configuration: Configuration, issuer: String?, logger: Logger, at now: UnixTime) throws(ConfigurationError) {
        self.configuration = configuration
        guard File.makeFolder(configuration.dataFolder) else {
            throw ConfigurationError("The data directory \(configuration.dataFolder) cannot be made; set MARTLET_DATA_DIR.")
        }
        let isNew = !File.exists(configuration.databasePath)
        let (masterKey, masterKeyName) = try Self.masterKey(configuration, mayMake: isNew)
        let path = configuration.databasePath
        let migrations = try BundledFiles.migrations(from: configuration.migrationsFolder)
        do throws(StoreError) {
            store = try SQLStore(
                location: .file(path), migrations: migrations, random: { RandomSource.secure.bytes($0) },
                auditDays: configuration.auditDays, at: now)
        } catch {
            throw ConfigurationError("The database \(path) cannot be used: \(error.detail)")
        }
        rotation = KeyRotation(
            store: store, masterKey: masterKey, algorithm: configuration.signingAlgorithm, days: configuration.keyRotationDays,
            random: random)
        do throws(KeyRing.Failure) {
            let resealed = try rotation.reseal()
            if resealed > 0 { logger.notice("sealed \(resealed) keys anew under the current master key") }
            try rotation.maintain(at: now)
            ring = try KeyRing(
                store: store, masterKey: masterKey, algorithm: configuration.signingAlgorithm, sharedSecret: configuration.sharedSecret,
                random: random)
        } catch {
            throw Self.explain(error, masterKeyName: masterKeyName, database: path)
        }
        do throws(StoreError) {
            let random = random
            let last = try store.write { transaction throws(StoreError) in
                if try transaction.fact(.lineage) == nil { try transaction.setFact(.lineage, Identifier.random(random)) }
                return try transaction.fact(.issuer)
            }
            self.issuer = issuer ?? last ?? "http://localhost:8080"
        } catch {
            throw ConfigurationError("The database \(path) cannot be used: \(error.detail)")
        }
        let issuer = self.issuer
        let policy = TokenPolicy(
            issuer: issuer, audience: configuration.audience ?? issuer, accessLifetime: configuration.accessLifetime,
            refreshLifetime: configuration.refreshLifetime, sessionLifetime: configuration.sessionLifetime,
            graceSeconds: configuration.graceSeconds)
        sessions = SessionService(policy: policy, store: store, ring: ring, random: random)
    }

    /// A verifier of this issuer's access tokens; without audiences it takes those for any.
    func verifier(audiences: [String]?, revocations: RevocationSet) -> TokenVerifier {
        TokenVerifier(
            policy: VerificationPolicy(
                issuer: issuer, audiences: audiences, type: TokenPolicy.accessType,
                algorithms: SignatureAlgorithm.asymmetric + (ring.isShared ? [.hs256] : []), leeway: 0),
            keys: ring.source, revocations: revocations)
    }

    /// The master key and what to call it in an error. Without a setting it is a file in the data folder, made with a new database.
    private static func masterKey(_ configuration: Configuration, mayMake: Bool) throws(ConfigurationError) -> (MasterKey, String) {
        let path = configuration.dataFolder + "/master.key"
        let bytes: [UInt8]
        let name: String
        if let given = configuration.masterKey {
            (bytes, name) = (given, Setting.masterKey.variable)
        } else if let text = File.read(path, limit: 4096) {
            guard let decoded = Base64URL.decode(String(decoding: text, as: UTF8.self).trimmingLineEnds), decoded.count == 32 else {
                throw ConfigurationError(
                    "The master key in \(path) is damaged: it must be 43 characters of base64url. Restore it from a backup.")
            }
            (bytes, name) = (decoded, path)
        } else {
            guard mayMake else {
                throw ConfigurationError("The master key \(path) is missing; restore it, or set \(Setting.masterKey.variable).")
            }
            bytes = RandomSource.secure.bytes(32)
            name = path
            guard File.create(path, Array((Base64URL.encode(bytes) + "\n").utf8)) else {
                throw ConfigurationError("The master key \(path) cannot be written.")
            }
        }
        guard let key = MasterKey(bytes, previous: configuration.previousMasterKey) else {
            throw ConfigurationError("\(name) must hold 32 bytes.")
        }
        return (key, name)
    }

    private static func explain(_ failure: KeyRing.Failure, masterKeyName: String, database: String) -> ConfigurationError {
        switch failure {
        case .store(let error): ConfigurationError("The database \(database) cannot be used: \(error.detail)")
        case .sealed(.otherKey, let id):
            ConfigurationError("The key \(id) in \(database) was sealed under another master key than \(masterKeyName).")
        case .sealed(_, let id):
            ConfigurationError(
                "The key \(id) in \(database) does not open: it, or \(masterKeyName), is damaged. Restore both from one backup.")
        case .cryptography(let detail): ConfigurationError("The key ring in \(database) cannot be used: \(detail)")
        case .noActiveKey(let purpose): ConfigurationError("The key ring in \(database) has no active \(purpose.rawValue) key.")
        }
    }
}
