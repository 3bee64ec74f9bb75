// martlet doctor: what is wrong with an installation, and with what an MCP client finds at a resource. It changes nothing, but for the
// throw-away client that --register asks for.

import ArgumentParser
import MartletEncoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what is wrong with an installation; exits with 1 when something is.",
        discussion: """
            Beside the service, with its settings, everything is looked at: what clients see at the issuer, keys, database, settings. \
            With --issuer, from anywhere, only what clients see. `martlet doctor mcp URL` plays an MCP client.
            """,
        subcommands: [InstallationDoctor.self, MCPDoctor.self], defaultSubcommand: InstallationDoctor.self)
}

struct InstallationDoctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "installation", abstract: "Check an installation: what clients see, keys, database, settings.")

    @Option(name: .customLong("config"), help: "A JSON file with settings; flags and the environment win over it.") var config: String?
    @Option(name: Setting.dataDir.argumentName, help: Setting.dataDir.argumentHelp) var dataDir: String?
    @Option(name: Setting.database.argumentName, help: Setting.database.argumentHelp) var database: String?
    @Option(help: "Look at this issuer from outside, and at nothing else.") var issuer: String?
    @OptionGroup var doctor: DoctorFlags

    func run() throws {
        let report = DoctorReport(isJSON: doctor.json)
        let examination = InstallationExamination(network: try doctor.network(), telling: report.tell)
        let findings: [Finding]
        if let issuer {
            findings = examination.outside(issuer)
        } else {
            var flags: [String: String] = [:]
            flags[Setting.dataDir.name] = dataDir
            flags[Setting.database.name] = database
            let configuration = try Configuration(try SettingTexts(flags: flags, environment: Environment.variables, file: config))
            findings = examination.inside(configuration)
        }
        try report.finish(findings, "issuer", examination.issuer)
    }
}

struct MCPDoctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Replay the authorization handshake of an MCP client against any server, and name the step that fails.",
        discussion: """
            Secrets come from files (- is standard input): that of --client-credentials is what `martlet client add --json` prints.
            """)

    @Argument(help: "The address of the MCP server, as clients have it.") var url: String
    @Flag(help: "Register a throw-away client (RFC 7591), and remove it again (RFC 7592).") var register = false
    @Option(help: "A client that is registered already.") var clientID: String?
    @Option(help: "A redirect URI of that client.") var redirectURI = "http://127.0.0.1:53682/callback"
    @Option(help: "A file with an access token to call with.") var token: String?
    @Option(help: "A file with client_id and client_secret (JSON) of a client that gets a token for itself.") var clientCredentials: String?
    @Option(help: "A file with a good access token of another resource, which must be refused.") var otherToken: String?
    @OptionGroup var doctor: DoctorFlags

    func validate() throws {
        if token != nil, clientCredentials != nil { throw ValidationError("--token and --client-credentials are two ways to one token.") }
    }

    func run() throws {
        var options = MCPHandshake.Options(resource: url, clientID: clientID, redirectURI: redirectURI, registers: register)
        options.token = try token.map(Self.secret)
        options.otherToken = try otherToken.map(Self.secret)
        if let path = clientCredentials {
            guard let root = try? JSONDocument(parsing: Array(try Self.secret(path).utf8)).root, let id = root["client_id"]?.string,
                let secret = root["client_secret"]?.string
            else { throw CommandFailure("\(path) must hold a JSON object with client_id and client_secret.") }
            options.credentials = (id, secret)
        }
        let report = DoctorReport(isJSON: doctor.json)
        let handshake = MCPHandshake(
            options, network: try doctor.network(), beginning: { report.progress($0.rawValue) }, telling: report.tell)
        try report.finish(handshake.run(), "resource", url)
    }

    private static func secret(_ path: String) throws -> String {
        guard let bytes = File.read(path == "-" ? "/dev/stdin" : path, limit: 65_536) else {
            throw CommandFailure("\(path) cannot be read.")
        }
        return String(decoding: bytes, as: UTF8.self).trimmingLineEnds
    }
}

struct DoctorFlags: ParsableArguments {
    @Option(help: "Seconds for each question to a server.") var timeout: Int64 = 10
    @Option(help: "A file of certificates (PEM) to trust in the place of the system's.") var caFile: String?
    @Flag(help: "Print JSON.") var json = false

    func network() throws -> DoctorNetwork {
        guard (1...300).contains(timeout) else { throw CommandFailure("--timeout is 1 to 300 seconds.") }
        return DoctorNetwork(seconds: timeout, caFile: caFile)
    }
}

/// Lines as they come, or one JSON object at the end; on a terminal also what is being looked at.
struct DoctorReport {
    let isJSON: Bool
    private let isSeen = isatty(STDERR_FILENO) == 1

    init(isJSON: Bool) { self.isJSON = isJSON }

    func progress(_ step: String) {
        if isSeen { Terminal.note("\r\u{1B}[K… \(step)", endsLine: false) }
    }

    func tell(_ finding: Finding) {
        if isSeen { Terminal.note("\r\u{1B}[K", endsLine: false) }
        if !isJSON { Terminal.print(finding.line) }
    }

    /// The end: JSON if that is wanted, and the exit code.
    func finish(_ findings: [Finding], _ name: String, _ subject: String?) throws {
        if isSeen { Terminal.note("\r\u{1B}[K", endsLine: false) }
        if isJSON { Terminal.print(findings.json(name, subject)) }
        if !findings.isHealthy { throw ExitCode.failure }
    }
}
