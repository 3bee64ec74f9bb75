// martlet keys: the key ring, seen and rotated.

import ArgumentParser
import MartletEncoding
import MartletJOSE
import MartletThreads
import Store
import Tokens
import Web

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List and rotate signing keys.", subcommands: [List.self, Rotate.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys of the ring.")

        @OptionGroup var settings: DatabaseFlags
        @Flag(help: "Retired keys as well.") var all = false
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            let keys = try telling {
                try installation.store.read { reads throws(StoreError) in try reads.keys(includingRetired: all) }
            }
            if json { return Terminal.print(String(decoding: Representation.keys(keys), as: UTF8.self)) }
            Terminal.print(
                Terminal.table(
                    ["KID", "PURPOSE", "ALGORITHM", "STATE", "PUBLISHED"],
                    keys.map { [$0.id, $0.purpose.rawValue, $0.algorithm, $0.state.rawValue, $0.publishedAt.rfc3339] }))
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the next key.",
            discussion: """
                It signs once every cache of the key set has it, six minutes later. With --emergency it signs at once, every \
                key before it is retired, and all that they signed is dead.
                """)

        @OptionGroup var settings: DatabaseFlags
        @Option(help: "access, refresh, feed or id.") var purpose = SigningKeyRecord.Purpose.access.rawValue
        @Option(help: "The algorithm. Default: for access tokens the service's, for id every one that ID tokens are signed with.")
        var algorithm: String?
        @Flag(help: "Replace every key of the purpose at once.") var emergency = false
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            guard let purpose = SigningKeyRecord.Purpose(rawValue: purpose) else {
                throw CommandFailure("--purpose is access, refresh, feed or id.")
            }
            let wanted = algorithm.flatMap(SignatureAlgorithm.init(rawValue:))
            guard algorithm == nil || (wanted.map { !$0.isSymmetric } == true && (purpose == .access || purpose == .id)) else {
                let names = SignatureAlgorithm.asymmetric.map(\.name).joined(separator: ", ")
                throw CommandFailure("--algorithm is, for access tokens and id, one of \(names).")
            }
            let installation = try settings.open()
            defer { installation.store.close() }
            // Which algorithm is the service's matter, not that of this command's environment.
            let usual = try installation.fact(.signingAlgorithm).flatMap(SignatureAlgorithm.init(rawValue:))
            guard let usual else { throw CommandFailure("The service has never been run with this database.") }
            guard purpose != .access || !usual.isSymmetric else {
                throw CommandFailure("Tokens are signed with a shared secret (HS256), which is rotated by its setting.")
            }
            let ofStatements = KeyRotation.statementAlgorithms(besides: usual)
            if purpose == .id, let wanted, !ofStatements.contains(wanted) {
                throw CommandFailure("ID tokens are signed with \(ofStatements.map(\.name).joined(separator: ", ")).")
            }
            let rotation = KeyRotation(
                store: installation.store, masterKey: installation.masterKey, algorithm: usual, days: 0, random: installation.random)
            let outcome: KeyRotation.Outcome
            do throws(KeyRing.Failure) {
                outcome = try rotation.rotate(
                    purpose, algorithm: wanted, isEmergency: emergency, audit: commandLine, at: SystemClock.now())
            } catch {
                throw installation.explain(error)
            }
            guard outcome == .rotated else { throw CommandFailure("A key of this purpose is waiting already to become active.") }
            let keys = try telling {
                try installation.store.read { reads throws(StoreError) in try reads.keys(includingRetired: false) }
            }
            if json { return Terminal.print(String(decoding: Representation.keys(keys), as: UTF8.self)) }
            Terminal.print(
                emergency ? "Replaced every \(purpose.rawValue) key; what they signed is dead." : "Made the next \(purpose.rawValue) key.")
        }
    }
}
