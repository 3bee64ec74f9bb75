// martlet user: accounts, from the machine that the database is on.

import Accounts
import ArgumentParser
import MartletEncoding
import MartletThreads
import Store
import Tokens
import Web

struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Make, list and change accounts.",
        subcommands: [Add.self, Passwd.self, List.self, Hashes.self, Disable.self, Enable.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an account. The password is asked for.")

        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "The username.") var username: String
        @Option(help: "The e-mail address, taken as verified.") var email: String?
        @Option(name: .customLong("role"), help: "A role, such as admin; may be given again.") var roles: [String] = []
        @Flag(help: "Read the password from standard input, one line.") var passwordStdin = false
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open(mayMake: true)
            defer { installation.store.close() }
            let password = try Terminal.password(fromInput: passwordStdin, isNew: true)
            let now = SystemClock.now()
            var new: NewUser
            do throws(AccountError) {
                let candidate = try Registration.candidate(
                    username: username, password: password, email: email, common: BundledFiles.commonPasswords)
                new = try Registration.newUser(
                    candidate, hasher: installation.hasher, id: UserID(Identifier.uuid(at: now, random: installation.random)))
            } catch {
                throw CommandFailure(error)
            }
            new.roles = Set(roles).sorted()
            new.emailVerified = email != nil
            let user = new
            let outcome = try telling {
                try installation.store.write { transaction throws(StoreError) in
                    try transaction.createUser(user, audit: commandLine, at: now)
                }
            }
            guard case .created(let made) = outcome else {
                throw CommandFailure(outcome == .emailTaken ? AccountError.emailTaken : .usernameTaken)
            }
            let roleText = made.roles.isEmpty ? "" : " with the role \(made.roles.joined(separator: ", "))"
            show(made, json: json, "Made \(made.username)\(roleText).")
        }
    }

    struct Passwd: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set an account's password. Its sessions end.")

        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "The username or id.") var user: String
        @Flag(help: "Read the password from standard input, one line.") var passwordStdin = false
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            let account = try installation.user(named: user)
            let text = try Terminal.password(fromInput: passwordStdin, isNew: true)
            let hash: String
            do throws(AccountError) {
                let password = try Password(
                    new: text, username: account.username, email: account.email, common: BundledFiles.commonPasswords)
                hash = try installation.hasher.hash(password)
            } catch {
                throw CommandFailure(error)
            }
            show(
                try installation.change(account, UserChange(passwordHash: hash)), json: json,
                "Set the password of \(account.username); its sessions have ended.")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List accounts, newest first.")

        @OptionGroup var settings: DatabaseFlags
        @Option(help: "Only those whose username or e-mail has this in it.") var query: String?
        @Option(help: "At most so many.") var limit = 100
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            var users: [User] = []
            var cursor: String?
            repeat {
                let page = Page(limit: min(limit - users.count, Page.maximumLimit), cursor: cursor)
                let listing = try telling {
                    try installation.store.read { reads throws(StoreError) in try reads.users(matching: query, page: page) }
                }
                users += listing.items
                cursor = listing.next
            } while cursor != nil && users.count < limit
            if json {
                let items = users.map { String(decoding: Representation.user($0), as: UTF8.self) }
                return Terminal.print("[\(items.joined(separator: ","))]")
            }
            Terminal.print(
                Terminal.table(
                    ["USERNAME", "ID", "ROLES", "ACTIVE", "CREATED"],
                    users.map {
                        [
                            $0.username, $0.id.text, $0.roles.isEmpty ? "-" : $0.roles.joined(separator: ","),
                            $0.isActive ? "yes" : "no", $0.createdAt.rfc3339,
                        ]
                    }))
        }
    }

    struct Hashes: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count the stored passwords by scheme.",
            discussion: "A legacy one came from another system; its user's next login puts one of this service's own in its place.")

        @OptionGroup var settings: DatabaseFlags
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            let counts = try telling {
                try installation.store.read { reads throws(StoreError) in try reads.passwordSchemes(at: SystemClock.now()) }
            }
            let legacy = counts.reduce(0) { $0 + ($1.isLegacy ? $1.accounts : 0) }
            if json {
                let object = JSONWriter.object { writer in
                    writer.name("schemes")
                    writer.array { writer in
                        for count in counts {
                            writer.object { writer in
                                writer.member("scheme", count.name)
                                writer.member("accounts", count.accounts)
                                writer.member("legacy", count.isLegacy)
                            }
                        }
                    }
                    writer.member("legacy", legacy)
                }
                return Terminal.print(String(decoding: object, as: UTF8.self))
            }
            Terminal.print(
                Terminal.table(
                    ["SCHEME", "ACCOUNTS", "LEGACY"], counts.map { [$0.name, "\($0.accounts)", $0.isLegacy ? "yes" : "no"] }))
            Terminal.print(
                legacy == 0
                    ? "No password of another system is left."
                    : "\(legacy) \(legacy == 1 ? "password" : "passwords") of another system left.")
        }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Disable an account. Its sessions end.")

        @OptionGroup var target: Target

        func run() throws {
            try target.change(UserChange(isActive: false)) { "Disabled \($0.username); its sessions have ended." }
        }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enable a disabled account.")

        @OptionGroup var target: Target

        func run() throws {
            try target.change(UserChange(isActive: true)) { "Enabled \($0.username)." }
        }
    }

    /// An account to be changed.
    struct Target: ParsableArguments {
        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "The username or id.") var user: String
        @Flag(help: "Print JSON.") var json = false

        func change(_ change: UserChange, _ sentence: (User) -> String) throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            let changed = try installation.change(try installation.user(named: user), change)
            show(changed, json: json, sentence(changed))
        }
    }
}

private func show(_ user: User, json: Bool, _ sentence: String) {
    Terminal.print(json ? String(decoding: Representation.user(user), as: UTF8.self) : sentence)
}
