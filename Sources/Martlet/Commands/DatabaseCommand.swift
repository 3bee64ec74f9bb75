// DatabaseCommand: what commands that work on a database beside a running service have in common. What they change is
// in the log of events in the same transaction, so the service hears of it within a second.

import Accounts
import ArgumentParser
import MartletEncoding
import MartletThreads
import OAuth
import Store
import Tokens

/// The settings that say which database it is.
struct DatabaseFlags: ParsableArguments {
    @Option(name: .customLong("config"), help: "A JSON file with settings; flags and the environment win over it.")
    var config: String?

    @Option(name: Setting.dataDir.argumentName, help: Setting.dataDir.argumentHelp)
    var dataDir: String?

    @Option(name: Setting.database.argumentName, help: Setting.database.argumentHelp)
    var database: String?

    @Option(name: Setting.issuer.argumentName, help: "The issuer. Default: the one that the service was last run with. [MARTLET_ISSUER]")
    var issuer: String?

    /// The configuration as a running service has it, as far as settings are the same.
    func configuration() throws(ConfigurationError) -> Configuration {
        var flags: [String: String] = [:]
        flags[Setting.dataDir.name] = dataDir
        flags[Setting.database.name] = database
        flags[Setting.issuer.name] = issuer
        return try Configuration(try SettingTexts(flags: flags, environment: Environment.variables, file: config))
    }

    /// Opens the database; makes one, as the service does at its first start, only where `mayMake` says so.
    func open(mayMake: Bool = false, for opener: Installation.Opener = .command) throws -> Installation {
        let configuration = try configuration()
        guard mayMake || File.exists(configuration.databasePath) else {
            throw CommandFailure("There is no database \(configuration.databasePath); --data-dir names the folder of another one.")
        }
        return try Installation(configuration, for: opener, at: SystemClock.now())
    }
}

/// Who asks, when it is the command line.
let commandLine = AuditContext(actor: .commandLine)

extension Installation {
    /// The issuer of this database, its keys as they are.
    func issuer() throws(ConfigurationError) -> Issuer {
        try Issuer(
            self, name: configuration.issuer, preparing: false, oldIssuer: configuration.oldIssuer?.issuer, at: SystemClock.now())
    }

    /// The account with this username or id. Throws when there is none.
    func user(named name: String) throws -> User {
        let found = try telling {
            try store.read { reads throws(StoreError) -> User? in
                if let user = try reads.user(username: UsernameKey(name)) { return user }
                return try reads.user(UserID(name))
            }
        }
        guard let found else { throw CommandFailure("There is no user \(name).") }
        return found
    }

    /// Changes an account. Throws what stands in the way, in a sentence.
    func change(_ user: User, _ change: UserChange) throws -> User {
        let outcome = try telling {
            try store.write { transaction throws(StoreError) in
                try transaction.changeUser(user.id, change, audit: commandLine, at: SystemClock.now())
            }
        }
        switch outcome {
        case .changed(let user): return user
        case .notFound: throw CommandFailure("There is no user \(user.username).")
        case .lastAdministrator: throw CommandFailure("\(user.username) is the last administrator.")
        case .versionMismatch: throw CommandFailure("The account was changed in the meantime; try again.")
        case .emailTaken: throw CommandFailure("Another account has this e-mail.")
        case .usernameTaken: throw CommandFailure("Another account has this username.")
        }
    }
}

extension CommandFailure {
    /// What stands in the way of making an account or setting a password.
    init(_ error: AccountError) {
        switch error {
        case .invalid(let problems): self.init(problems.map { "\($0.field): \($0.detail)" }.joined(separator: " "))
        case .weakPassword(let problem): self.init("\(problem.field): \(problem.detail)")
        case .usernameTaken: self.init("An account with this username exists.")
        case .emailTaken: self.init("Another account has this e-mail.")
        case .store(let error): self.init("The database cannot be used: \(error.detail)")
        default: self.init("\(error)")
        }
    }
}

/// What the store or a rule of the protocol throws, in a sentence.
func telling<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as OAuthError {
        throw CommandFailure(error.logDetail ?? error.description)
    } catch let error as StoreError {
        throw CommandFailure("The database cannot be used: \(error.detail)")
    }
}
