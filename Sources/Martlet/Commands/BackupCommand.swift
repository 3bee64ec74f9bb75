// martlet backup: a consistent copy of the database while the service runs. The master key stays behind unless it is
// asked for: who has both can sign tokens.

import ArgumentParser
import MartletCryptography
import MartletEncoding
import SQLStore
import Store
import Tokens

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database while the service runs.",
        discussion: "The copy has a lineage of its own, so that verifiers notice when it is put in the database's place.")

    @OptionGroup var settings: DatabaseFlags
    @Argument(help: "The file to make; it must not exist.") var path: String
    @Flag(help: "Copy the master key beside it, as PATH.key: whoever has both can sign tokens.") var withKey = false

    func run() throws {
        let configuration = try settings.configuration()
        guard !File.exists(path), !withKey || !File.exists(path + ".key") else { throw CommandFailure("\(path) exists already.") }
        guard File.exists(configuration.databasePath) else { throw CommandFailure("There is no database \(configuration.databasePath).") }
        try telling {
            try SQLStore.backUp(
                from: configuration.databasePath, to: path, lineage: Identifier.random(.secure)
            ) { done, total in Terminal.progress(done, of: total, "copying") }
        }
        if withKey {
            guard let key = File.read(configuration.dataFolder + "/master.key", limit: 4096), File.create(path + ".key", key) else {
                throw CommandFailure("The master key cannot be copied; the database was.")
            }
        }
        Terminal.print(
            "Copied the database to \(path)" + (withKey ? ", its master key to \(path).key." : "; the master key stayed behind."))
    }
}
