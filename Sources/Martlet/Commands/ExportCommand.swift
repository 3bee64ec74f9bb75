// martlet export: accounts for other systems, so that nobody is locked in.

import ArgumentParser
import DjangoData
import MartletEncoding
import Store

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the accounts for another system.", subcommands: [Django.self])

    struct Django: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "django", abstract: "Write the accounts as a file for manage.py loaddata.",
            discussion: """
                For a project with Django's own user model and no accounts yet. Passwords are in it as Django checks them (it needs argon2-cffi \
                and its Argon2PasswordHasher); those that were wrapped have no way back, so their accounts come without one. The role admin \
                makes a superuser, staff makes staff, every other role is a group of its name. The file is for its owner only.
                """)

        @OptionGroup var settings: DatabaseFlags
        @Option(help: "The file to make.") var out: String
        @Flag(help: "Replace the file when it is there.") var force = false
        @Flag(help: "Print the summary as JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            let dump = try reading { () throws(DjangoDataError) in try DjangoDump(out, replacing: force) }
            let export = DjangoExport(store: installation.store, dump: dump, isReplacing: force)
            let outcome = try export()
            Terminal.print(json ? Self.json(outcome, out) : Self.lines(outcome, out))
        }

        private static func json(_ outcome: DjangoExport.Outcome, _ out: String) -> String {
            let bytes = JSONWriter.object { writer in
                writer.member("file", out)
                writer.member("users", outcome.users)
                writer.member("groups", outcome.groups)
                writer.member("wrapped", outcome.wrapped)
                writer.member("without_password", outcome.withoutPassword)
                writer.member("new_keys", outcome.newKeys)
                writer.member("long_usernames", outcome.longUsernames)
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        private static func lines(_ outcome: DjangoExport.Outcome, _ out: String) -> String {
            var lines = ["Wrote \(Quantity.count(outcome.users)) users and \(Quantity.count(outcome.groups)) groups to \(out)."]
            if outcome.wrapped > 0 {
                lines.append(
                    "  Without a password, because theirs was wrapped and Django cannot check it: \(Quantity.count(outcome.wrapped)).")
            }
            if outcome.newKeys > 0 {
                lines.append("  With a new primary key, because they had none from Django: \(Quantity.count(outcome.newKeys)).")
            }
            if outcome.longUsernames > 0 {
                lines.append("  With a username that is longer than Django's 150 characters: \(Quantity.count(outcome.longUsernames)).")
            }
            return lines.joined(separator: "\n")
        }
    }
}
