// martlet revoke: takes back a token, a session, a user's sessions or a client's tokens.

import ArgumentParser
import MartletEncoding
import MartletThreads
import MartletVerifier
import Store
import Tokens
import Web

struct RevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take back tokens: in force in a running service within a second.")

    @OptionGroup var settings: DatabaseFlags
    // What a random id or a name begins with is not ours to choose: the word after each is its value, a dash in front or not.
    @Option(parsing: .unconditional, help: "A file with an access or refresh token, or - for standard input.") var token: String?
    @Option(parsing: .unconditional, help: "The jti of an access token.") var jti: String?
    @Option(name: .customLong("session"), parsing: .unconditional, help: "A session's id.") var session: String?
    @Option(name: .customLong("user"), parsing: .unconditional, help: "A username or user id: every session of it ends.") var user: String?
    @Option(name: .customLong("client"), parsing: .unconditional, help: "A client's id: all that it got so far.") var client: String?
    @Option(parsing: .unconditional, help: "Why, for the audit trail.") var reason: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard [token, jti, session, user, client].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("Exactly one of --token, --jti, --session, --user and --client is needed.")
        }
    }

    func run() throws {
        let installation = try settings.open()
        defer { installation.store.close() }
        let now = SystemClock.now()
        let target = try target(installation, at: now)
        let reason = reason
        let event = try telling {
            try installation.store.write { transaction throws(StoreError) in
                try transaction.revoke(target, reason: reason, audit: commandLine, at: now)
            }
        }
        guard let event else { throw CommandFailure("There is nothing of this name to revoke (any more).") }
        Terminal.print(
            json ? String(decoding: Representation.revocation(event), as: UTF8.self) : "Revoked \(event.kind.rawValue) \(event.target).")
    }

    private func target(_ installation: Installation, at now: UnixTime) throws -> RevocationTarget {
        if let jti { return .token(id: jti, until: nil) }
        if let session { return .session(Session.id(ofAccessSessionID: session), ofUser: nil) }
        if let user { return .user(try installation.user(named: user).id) }
        if let client { return .client(client) }
        let text = try TokenCommand.read(token ?? "-")
        let issuer = try installation.issuer()
        if let refresh = try? issuer.sessions.read(text) { return .session(refresh.session, ofUser: refresh.user) }
        do throws(VerificationFailure) {
            let verified = try issuer.verifier(audiences: nil, revocations: RevocationSet()).examine(text, at: now)
            return .token(id: verified.tokenID ?? "", until: UnixTime(seconds: verified.expiresAt))
        } catch {
            throw CommandFailure(error.message)
        }
    }
}
