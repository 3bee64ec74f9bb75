// InstallationExamination: the list of what is looked at in an installation. From outside: what clients see at the issuer (IssuerChecks).
// Beside the service: settings, files and keys as well (SettingChecks, FileChecks, KeyRingChecks).

import MartletEncoding
import MartletThreads
import MartletVerifier
import SQLStore
import Store
import Tokens

final class InstallationExamination {
    /// Who is looked at, once that is known.
    private(set) var issuer: String?
    private let network: DoctorNetwork
    private let clock: @Sendable () -> UnixTime
    private let telling: (Finding) -> Void
    private var findings: [Finding] = []

    /// `telling` hears of every finding as it comes.
    init(
        network: DoctorNetwork, clock: @escaping @Sendable () -> UnixTime = SystemClock.now, telling: @escaping (Finding) -> Void
    ) {
        self.network = network
        self.clock = clock
        self.telling = telling
    }

    /// What anybody sees of an issuer.
    func outside(_ issuer: String) -> [Finding] {
        look(at: issuer, feedIsClosed: false)
        return findings
    }

    /// All of an installation, with the settings of its service. Changes nothing in it.
    func inside(_ configuration: Configuration) -> [Finding] {
        note(SettingChecks(configuration).findings)
        note(FileChecks(configuration).findings)
        let known = database(configuration)
        look(at: configuration.issuer ?? known ?? "http://localhost:8080", feedIsClosed: configuration.feed == .tokenHolders)
        return findings
    }

    private func look(at issuer: String, feedIsClosed: Bool) {
        self.issuer = issuer
        IssuerChecks(issuer: issuer, network: network, feedIsClosed: feedIsClosed, clock: clock, telling: note).run()
    }

    /// What the database says; answers the issuer that the service was last run as.
    private func database(_ configuration: Configuration) -> String? {
        let path = configuration.databasePath
        guard File.exists(path) else {
            note([.failed("database", "there is no \(path)", "Name the folder (--data-dir), or start the service once, which makes it.")])
            return nil
        }
        do throws(ConfigurationError) {
            let migrations = try BundledFiles.migrations(from: configuration.migrationsFolder)
            let pending: [Migration]
            do throws(StoreError) {
                pending = try SQLStore.pendingMigrations(location: .file(path), migrations: migrations)
            } catch {
                throw ConfigurationError("The database \(path) cannot be used: \(error.detail)")
            }
            // To open it would bring it forward, which is the service's to do.
            guard pending.isEmpty else {
                note([
                    .warn(
                        "database", "\(pending.count) migrations are not applied yet",
                        "Start the service of this version, or run `martlet migrate`.")
                ])
                return nil
            }
            let installation = try Installation(configuration, for: .command, at: clock())
            defer { installation.store.close() }
            note([.ok("database", "\(path) can be read")])
            note(KeyRingChecks(installation, at: clock()).findings)
            return try installation.fact(.issuer)
        } catch {
            note([.failed("database", error.description, "Restore what is missing or damaged from one backup.")])
            return nil
        }
    }

    private func note(_ more: [Finding]) {
        findings += more
        more.forEach(telling)
    }
}
