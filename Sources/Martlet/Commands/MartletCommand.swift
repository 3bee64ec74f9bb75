// The command line: `martlet` and its subcommands. A command that cannot do what it was asked says why in one line on
// standard error and exits with 1; wrong words are 64, as ArgumentParser has it.

import ArgumentParser

@main
struct MartletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet", abstract: "An auth service: JWTs you can take back.", version: Version.text,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, UserCommand.self, ClientCommand.self, KeysCommand.self, TokenCommand.self,
            RevokeCommand.self, APICommand.self, ShadowCommand.self, ImportCommand.self, ExportCommand.self, BackupCommand.self,
            DoctorCommand.self, VersionCommand.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}

/// A failure that is told in one line.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
