// martlet import: accounts of other systems, taken over as they are.

import Accounts
import ArgumentParser
import DjangoData
import MartletCryptography
import MartletThreads
import SQLStore
import Store

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over accounts of other systems.", subcommands: [Django.self])

    struct Django: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "django", abstract: "Take over a Django site's accounts, groups and blacklisted tokens.",
            discussion: """
                Passwords are taken as Django stored them; a login makes each argon2id. Superusers get the role admin, staff the \
                role staff, members of a group the role of its name. What cannot be taken is skipped as a whole and reported. The service \
                and the Django site may run meanwhile.

                An import that was ended on the way goes on where it was when it is started again in the same way. After one that \
                is complete, another one takes what is new since; accounts that are there already stay as they are.

                Exits with 0 when every row was taken or there already, with 3 when some were skipped, with 1 when it could not go on.
                """)

        @Option(help: "Django's database: sqlite:PATH or postgres://USER@HOST:PORT/NAME, its password in PGPASSWORD or ~/.pgpass.")
        var database: String?
        @Option(help: "A file of manage.py dumpdata, in JSON, instead of a database.") var dump: String?
        @Option(help: "The table of a custom user model.") var userTable = "auth_user"
        @Option(help: "Its USERNAME_FIELD.") var usernameField = "username"
        @Option(help: "Its EMAIL_FIELD.") var emailField = "email"

        @Flag(help: "Superusers do not become administrators.") var noAdministrators = false
        @Option(
            name: .customLong("group-role"),
            help: ArgumentHelp(
                "The role that members of a group get, where it is not the group's name; may be given again.", valueName: "GROUP=ROLE"))
        var groupRoles: [String] = []
        @Flag(help: "Take passwords stored as digests of MD5 or SHA-1 as they are, until their user logs in.") var allowWeak = false
        @Flag(help: "Wrap passwords stored as digests of MD5 or SHA-1 in argon2id before they are stored.") var wrap = false

        @Flag(help: "Only say what would be done.") var dryRun = false
        @Option(help: "A file for the rows that are skipped, one JSON object a line.") var errors: String?
        @Flag(help: "Print the summary as JSON.") var json = false

        @Option(name: .customLong("config"), help: "A JSON file with Martlet's settings; flags and the environment win over it.")
        var config: String?
        @Option(name: Setting.dataDir.argumentName, help: Setting.dataDir.argumentHelp) var dataDir: String?

        func validate() throws {
            guard database == nil || dump == nil else { throw ValidationError("--database and --dump exclude each other.") }
            guard database != nil || dump != nil else { throw ValidationError("One of --database and --dump is needed.") }
            guard !allowWeak || !wrap else { throw ValidationError("--allow-weak and --wrap exclude each other.") }
            guard groupRoles.allSatisfy({ Self.pair($0) != nil }) else { throw ValidationError("--group-role is GROUP=ROLE.") }
            for role in groupRoles.compactMap({ Self.pair($0)?.1 }) {
                do throws(FieldProblem) {
                    _ = try RoleName(parsing: role)
                } catch {
                    throw ValidationError("--group-role cannot give the role \(role.printable()). \(error.detail).")
                }
            }
        }

        func run() throws {
            let (location, tables) = try reading { () throws(DjangoDataError) in
                (
                    try database.map { text throws(DjangoDataError) in try DjangoLocation(database: text) } ?? .dump(path: dump ?? ""),
                    try DjangoTables(users: userTable, username: usernameField, email: emailField)
                )
            }
            let errors = try SkippedRowsFile(errors)
            var line = ProgressLine("reading the dump", unit: "bytes")
            let source = try reading { () throws(DjangoDataError) in
                try DjangoSource(location, tables: tables) { done, total in line.show(done, of: total) }
            }
            let start = ContinuousClock.now
            let report = dryRun ? try preview(source, location, errors) : try importing(source, location, tables, errors, from: start)
            if json {
                Terminal.print(String(decoding: report.json, as: UTF8.self))
            } else {
                for line in report.lines { Terminal.print(line) }
            }
            if report.tally.skipped > 0 { throw ExitCode(3) }
        }

        private func importing(
            _ source: DjangoSource, _ location: DjangoLocation, _ tables: DjangoTables, _ errors: SkippedRowsFile,
            from start: ContinuousClock.Instant
        ) throws -> ImportReport {
            let installation = try settings.open(mayMake: true, for: .bulk)
            defer { installation.store.close() }
            let random = installation.random
            let work = DjangoImport(
                source: source, rules: rules,
                wrapper: wrap ? HashWrapper(parameters: installation.configuration.argon2, random: random) : nil, store: installation.store,
                errors: errors, run: "django 1 \(location.text) \(tables) \(rules.text)", now: SystemClock.now(), random: random)
            let outcome = try work()
            return ImportReport(
                source: location.text, tally: outcome.tally, examples: outcome.examples,
                opaqueTokens: try reading { () throws(DjangoDataError) in try source.countOpaqueTokens() }, notes: source.notes,
                errorsPath: errors.path, seconds: (ContinuousClock.now - start).inSeconds, resumedAfter: outcome.resumedAfter,
                hasGroupRoles: !groupRoles.isEmpty)
        }

        /// Opens Martlet's database only where it is there and of this program's schema: nothing is written.
        private func preview(_ source: DjangoSource, _ location: DjangoLocation, _ errors: SkippedRowsFile) throws -> ImportReport {
            let configuration = try settings.configuration()
            let migrations = try BundledFiles.migrations(from: configuration.migrationsFolder)
            let isReady =
                try File.exists(configuration.databasePath)
                && telling {
                    try SQLStore.pendingMigrations(location: .file(configuration.databasePath), migrations: migrations).isEmpty
                }
            let installation = isReady ? try settings.open() : nil
            defer { installation?.store.close() }
            let start = ContinuousClock.now
            let random = RandomSource.secure
            let work = ImportPreview(
                source: source, rules: rules, wrapper: wrap ? HashWrapper(parameters: configuration.argon2, random: random) : nil,
                store: installation?.store, migrations: migrations, errors: errors, now: SystemClock.now(), random: random)
            let outcome = try work()
            return ImportReport(
                source: location.text, tally: outcome.tally, examples: outcome.examples,
                opaqueTokens: try reading { () throws(DjangoDataError) in try source.countOpaqueTokens() }, notes: source.notes,
                errorsPath: errors.path, seconds: (ContinuousClock.now - start).inSeconds, hasGroupRoles: !groupRoles.isEmpty,
                preview: outcome)
        }

        private var settings: DatabaseFlags {
            var flags = DatabaseFlags()
            flags.config = config
            flags.dataDir = dataDir
            (flags.database, flags.issuer) = (nil, nil)
            return flags
        }

        private var rules: ImportRules {
            ImportRules(
                makesAdministrators: !noAdministrators,
                groupRoles: Dictionary(groupRoles.compactMap(Self.pair)) { _, last in last },
                weakPasswords: allowWeak ? .allowed : wrap ? .wrapped : .refused)
        }

        /// A group's name may have a `=` in it, a role has none.
        private static func pair(_ text: String) -> (String, String)? {
            guard let equals = text.lastIndex(of: "=") else { return nil }
            let (group, role) = (text[..<equals], text[text.index(after: equals)...])
            return group.isEmpty || role.isEmpty ? nil : (String(group), String(role))
        }
    }
}
