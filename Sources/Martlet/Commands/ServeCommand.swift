// martlet serve: runs the service in the foreground.

import ArgumentParser
import Logging

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run the service.")

    @OptionGroup var settings: SettingFlags

    func run() throws {
        let signals = StopSignals()
        let configuration = try settings.configuration(environment: Environment.variables)
        let logger = (configuration.logFormat ?? .automatic).logger(level: configuration.logLevel)
        let service = try Service(configuration, logger: logger)
        try service.run(until: signals) { issuer, address, hasAdministrator in
            Terminal.print("Martlet \(Version.text) serves \(issuer) (listening on \(address)).")
            guard logger.logLevel <= .info else { return }
            if !hasAdministrator {
                Terminal.print("\nMake the first administrator:\n  \(CommandLine.arguments[0]) user add --role admin NAME")
            }
            Terminal.print(Self.tryIt(issuer))
        }
    }

    private static func tryIt(_ issuer: String) -> String {
        """

        Try it in a browser at \(issuer)/ or with curl:
          curl -s -H 'Content-Type: application/json' -d '{"username":"ada","password":"correct horse battery"}' \(issuer)/auth/register
          curl -s -H 'Content-Type: application/json' -d '{"username":"ada","password":"correct horse battery"}' \(issuer)/auth/login
          curl -s -H "Authorization: Bearer $ACCESS" \(issuer)/api/v1/users/me
          curl -s \(issuer)/.well-known/jwks.json
        """
    }
}
