// martlet token: is a token good, and why not? Tokens come from standard input or a file, never from an argument.

import ArgumentParser
import MartletEncoding
import MartletThreads
import MartletVerifier
import Store
import Tokens

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Verify and explain tokens.", subcommands: [Verify.self, Explain.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a token is good; exits with 1 when it is not.")

        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "A file with the token, or - for standard input.") var token: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let report = try inspect(token, settings)
            if json {
                Terminal.print(String(decoding: report.json, as: UTF8.self))
            } else {
                Terminal.print(report.isActive ? "The token is good." : "The token is not good:")
                for line in report.lines where line.hasPrefix("FAILED") { Terminal.print(line) }
            }
            if !report.isActive { throw ExitCode(1) }
        }
    }

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show every check of a token with its value and verdict.")

        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "A file with the token, or - for standard input.") var token: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let report = try inspect(token, settings)
            if json { return Terminal.print(String(decoding: report.json, as: UTF8.self)) }
            for line in report.lines { Terminal.print(line) }
            Terminal.print(report.isActive ? "The token is good." : "The token is not good.")
        }
    }

    /// The token in a file, or on standard input.
    static func read(_ path: String) throws -> [UInt8] {
        let text: String?
        if path == "-" {
            text = readLine()
        } else {
            text = File.read(path, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self).trimmingLineEnds }
        }
        guard let text, !text.isEmpty else { throw CommandFailure(path == "-" ? "Standard input has no token." : "\(path) has no token.") }
        return Array(text.utf8)
    }

    private static func inspect(_ path: String, _ settings: DatabaseFlags) throws -> TokenInspector.Report {
        let text = try read(path)
        let installation = try settings.open()
        defer { installation.store.close() }
        let issuer = try installation.issuer()
        let now = SystemClock.now()
        return try telling {
            let revocations = RevocationSet()
            revocations.apply(try installation.store.read { reads throws(StoreError) in try reads.liveEvents(at: now) })
            let inspector = TokenInspector(
                store: installation.store, ring: issuer.ring, sessions: issuer.sessions,
                verifier: issuer.verifier(audiences: nil, revocations: revocations))
            return try inspector.report(on: text, at: now)
        }
    }
}
