// martlet migrate: brings the database to this program's schema. `serve` does so as well; this is for those who want it
// done, or looked at, beforehand.

import ArgumentParser
import MartletEncoding
import SQLStore
import Store

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database to this program's schema.")

    @OptionGroup var settings: DatabaseFlags
    @Flag(help: "Only say which migrations are pending.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let configuration = try settings.configuration()
        let migrations = try BundledFiles.migrations(from: configuration.migrationsFolder)
        let pending = try telling {
            try SQLStore.pendingMigrations(location: .file(configuration.databasePath), migrations: migrations)
        }
        if !dryRun { try settings.open(mayMake: true).store.close() }
        if json {
            let bytes = JSONWriter.object { writer in
                writer.member(dryRun ? "pending" : "applied", pending.map { "\($0.number) \($0.name)" })
            }
            return Terminal.print(String(decoding: bytes, as: UTF8.self))
        }
        guard !pending.isEmpty else { return Terminal.print("The database is up to date.") }
        for migration in pending { Terminal.print("\(dryRun ? "pending" : "applied") \(migration.number) \(migration.name)") }
    }
}
