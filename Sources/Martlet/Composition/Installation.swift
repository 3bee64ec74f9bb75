// Installation: the database and the master key, opened. The service and every command that touches the database
// begin with it. A command works beside a running service, whose settings it may not have: it only does what it was
// asked to, and leaves keys and purging to the service.

import Accounts
import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth
import PasswordHashing
import SQLStore
import Store
import Tokens

struct Installation: Sendable {
    let configuration: Configuration
    let store: any Store
    let masterKey: MasterKey
    /// What to call the master key in an error: a setting or a file.
    let masterKeyName: String
    let random = RandomSource.secure

    /// Who opens it. An import is a command that writes more than any other.
    enum Opener {
        case service, command, bulk
    }

    /// Opens what the configuration names: makes the data folder and the master key with a new database, and migrates. Throws
    /// one line that says what is wrong with what.
    init(_ configuration: Configuration, for opener: Opener, at now: UnixTime) throws(ConfigurationError) {
        self.configuration = configuration
        guard File.makeFolder(configuration.dataFolder) else {
            throw ConfigurationError("The data directory \(configuration.dataFolder) cannot be made; set MARTLET_DATA_DIR.")
        }
        let isNew = !File.exists(configuration.databasePath)
        (masterKey, masterKeyName) = try Self.masterKey(configuration, mayMake: isNew)
        let migrations = try BundledFiles.migrations(from: configuration.migrationsFolder)
        do throws(StoreError) {
            store = try SQLStore(
                location: .file(configuration.databasePath), migrations: migrations, random: { RandomSource.secure.bytes($0) },
                auditDays: opener == .service ? configuration.auditDays : nil, cacheKiB: opener == .bulk ? 131_072 : 4096, at: now)
        } catch {
            throw ConfigurationError("The database \(configuration.databasePath) cannot be used: \(error.detail)")
        }
    }

    var hasher: PasswordHasher { PasswordHasher(parameters: configuration.argon2, random: random) }

    /// What makes clients and their secrets. The key that those are stored under is made with the first one who asks. Which algorithm is
    /// the service's matter, not that of a command's environment.
    func clientRegistrar() throws(ConfigurationError) -> ClientRegistrar {
        let algorithm = try fact(.signingAlgorithm).flatMap(SignatureAlgorithm.init(rawValue:)) ?? configuration.signingAlgorithm
        return ClientRegistrar(secrets: ClientSecrets(key: try key(.clientSecretKey)), algorithm: algorithm, random: random)
    }

    /// The nonces of proofs, under a key that is made of the one of client secrets: the same in every process on this database.
    func proofNonces() throws(ConfigurationError) -> DPoPNonces {
        DPoPNonces(secret: try key(.clientSecretKey).code(for: Array("dpop nonces".utf8)))
    }

    /// What users are called to clients.
    func subjects() throws(ConfigurationError) -> Subjects { Subjects(key: try secret(.pairwiseSubjectKey)) }

    /// A key that the database keeps, sealed; made with the first one who asks.
    func key(_ fact: Fact) throws(ConfigurationError) -> HMACKey { HMACKey(try secret(fact)) }

    private func secret(_ fact: Fact) throws(ConfigurationError) -> [UInt8] {
        do throws(KeyRing.Failure) {
            return try SealedFact.load(fact, store: store, masterKey: masterKey, random: random)
        } catch {
            throw explain(error)
        }
    }

    /// The key of the tokens of forms, made with the first one who asks.
    func formTokenKey() throws(ConfigurationError) -> HMACKey {
        do throws(KeyRing.Failure) {
            return HMACKey(try SealedFact.load(.formTokenKey, store: store, masterKey: masterKey, random: random))
        } catch {
            throw explain(error)
        }
    }

    /// What the service was last run with.
    func fact(_ fact: Fact) throws(ConfigurationError) -> String? {
        do throws(StoreError) {
            return try store.read { reads throws(StoreError) in try reads.fact(fact) }
        } catch {
            throw explain(error)
        }
    }

    /// What is wrong with the database, in one line.
    func explain(_ error: StoreError) -> ConfigurationError {
        ConfigurationError("The database \(configuration.databasePath) cannot be used: \(error.detail)")
    }

    /// What is wrong with the keys, in one line.
    func explain(_ failure: KeyRing.Failure) -> ConfigurationError {
        let database = configuration.databasePath
        return switch failure {
        case .store(let error): explain(error)
        case .sealed(.otherKey, let id):
            ConfigurationError("The key \(id) in \(database) was sealed under another master key than \(masterKeyName).")
        case .sealed(_, let id):
            ConfigurationError(
                "The key \(id) in \(database) does not open: it, or \(masterKeyName), is damaged. Restore both from one backup.")
        case .cryptography(let detail): ConfigurationError("The key ring in \(database) cannot be used: \(detail)")
        case .noActiveKey(let purpose): ConfigurationError("The key ring in \(database) has no active \(purpose.rawValue) key.")
        }
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
}
