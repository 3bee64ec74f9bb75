// FirstAdministrator: the administrator that the settings name, made only while there has never been one.

import Accounts
import Logging
import MartletEncoding
import Store
import Tokens

enum FirstAdministrator {
    /// Throws when the name is taken or the password breaks a rule: a start with a half-made administrator helps nobody.
    static func make(
        _ configuration: Configuration, _ installation: Installation, hasher: PasswordHasher, common: CommonPasswords, logger: Logger,
        at now: UnixTime
    ) throws(ConfigurationError) {
        guard let (username, password) = configuration.firstAdministrator else { return }
        let outcome: CreateUserOutcome
        do {
            // A hash costs tens of milliseconds: not at every start.
            guard try installation.store.read({ reads throws(StoreError) in try reads.fact(.hadAdministrator) }) == nil else { return }
            let candidate = try Registration.candidate(username: username.text, password: password, email: nil, common: common)
            var new = try Registration.newUser(
                candidate, hasher: hasher, id: UserID(Identifier.uuid(at: now, random: installation.random)))
            new.roles = [User.administrator]
            new.onlyAsFirstAdministrator = true
            let user = new
            outcome = try installation.store.write { transaction throws(StoreError) in
                try transaction.createUser(user, audit: AuditContext(actor: .system), at: now)
            }
        } catch let error as AccountError {
            switch error {
            case .invalid(let problems):
                throw ConfigurationError("\(Setting.adminPassword.variable): " + problems.map(\.detail).joined(separator: " "))
            case .weakPassword(let problem): throw ConfigurationError("\(Setting.adminPassword.variable): \(problem.detail)")
            default: throw ConfigurationError("The first administrator cannot be made: \(error)")
            }
        } catch {
            throw ConfigurationError("The first administrator cannot be made: \(error)")
        }
        switch outcome {
        case .created: logger.notice("made the first administrator \(username.text)")
        case .notFirstAdministrator: break
        case .usernameTaken, .emailTaken:
            throw ConfigurationError(
                "\(Setting.adminUsername.variable) names \(username.text), which is taken by an account that is no administrator.")
        }
    }
}
