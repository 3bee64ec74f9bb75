// martlet shadow: a proxy in front of the old service that asks Martlet the same, in the foreground.

import ArgumentParser
import Logging

struct ShadowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow", abstract: "Stand before the service that Martlet is to follow, and tell what would change.",
        discussion: """
            Every request is answered by the service at --old. Those of the endpoints in docs/django.md are then asked of the Martlet \
            at --new, too, and every difference is reported as a line of JSON; no line holds a password, a token, a cookie or an address. \
            A summary comes at the end, and whenever SIGUSR1 does. Nobody waits for Martlet: when it is slow or away, its answers are \
            missing in the report and nothing else happens.

            By default Martlet is asked only what changes nothing (--shadow reads). Its tokens and those of the old service are \
            unlike each other; which stand for each other is learnt from logins (--shadow logins). Without logins, requests with a \
            token are not compared.

            It sees passwords and tokens: run it where the reverse proxy runs.
            """)

    @OptionGroup var settings: ShadowFlags
    @Flag(help: "Print summaries as JSON, one line each, on standard output.") var json = false

    func run() throws {
        let signals = StopSignals(andReport: true)
        let configuration = try settings.configuration(environment: Environment.variables)
        let logger = (configuration.logFormat ?? .automatic).logger(level: configuration.logLevel)
        let output = ShadowOutput(reportsToFile: configuration.reportPath != nil, json: json)
        let service = try ShadowService(configuration, logger: logger)
        try service.run(until: signals, output: output) { address in
            output.announce(
                "Martlet \(Version.text) serves the answers of \(configuration.old) and asks \(configuration.new) the same (listening on \(address))."
            )
        }
    }
}
