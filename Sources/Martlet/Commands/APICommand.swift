// martlet api: runs the sample user API, which only consumes tokens, in the foreground.

import ArgumentParser
import Logging

struct APICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Run the sample user API: a resource server without a database.",
        discussion: """
            It verifies the tokens of the issuer at --issuer, whose keys and revocations it follows, and answers \
            GET /api/v1/whoami with what a token says. Any number of them may stand beside one issuer.
            """)

    @OptionGroup var settings: APIFlags

    func run() throws {
        let signals = StopSignals()
        let configuration = try settings.configuration(environment: Environment.variables)
        let logger = (configuration.logFormat ?? .automatic).logger(level: configuration.logLevel)
        let service = try APIService(configuration, logger: logger)
        try service.run(until: signals) { address in
            Terminal.print("Martlet \(Version.text) serves the sample API for tokens of \(configuration.issuer) (listening on \(address)).")
        }
    }
}
