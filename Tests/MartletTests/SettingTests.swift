// The table of settings against everything that repeats it: flags, help, docs.

import ArgumentParser
import Testing

@testable import Martlet

struct SettingTests {
    @Test("names are snake case and stand in the table once; variables and flags follow from them")
    func names() {
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789_")
        for setting in Setting.all + Setting.api + Setting.shadow {
            #expect(!setting.name.isEmpty && setting.name.allSatisfy(letters.contains), "\(setting.name)")
            #expect(!setting.help.isEmpty && setting.help.hasSuffix("."), "\(setting.name)")
        }
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        #expect(Set(Setting.api.map(\.name)).count == Setting.api.count)
        #expect(Set(Setting.shadow.map(\.name)).count == Setting.shadow.count)
        #expect(Setting.argon2MemoryKiB.variable == "MARTLET_ARGON2_MEMORY_KIB")
        #expect(Setting.argon2MemoryKiB.flag == "argon2-memory-kib")
        #expect(Setting.masterKey.fileVariable == "MARTLET_MASTER_KEY_FILE")
    }

    @Test("what opens something is a secret")
    func secrets() {
        #expect(
            Set(Setting.all.filter(\.isSecret).map(\.name)) == [
                "master_key", "master_key_previous", "jwt_secret", "admin_password", "old_key", "client_registration_token",
            ])
        #expect(Setting.api.filter(\.isSecret).map(\.name) == ["api_client_secret", "fleet_secret", "old_key"])
        #expect(
            Setting.api.filter(\.mayBeFile).map(\.name) == ["api_client_secret", "redis", "fleet_secret", "old_key"],
            "the address may hold a password")
    }

    @Test(
        "every setting that is no secret has a flag, and the flag is that setting's",
        arguments: Setting.all.filter { !$0.isSecret }.map(\.name))
    func flags(name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let flags = try SettingFlags.parse(["--\(setting.flag)", "here"])
        #expect(flags.texts.filter { $0.1 != nil }.map(\.0.name) == [name])
        #expect(flags.texts.first { $0.0 == setting }?.1 == "here")
    }

    @Test(
        "the same is so of the sample API's", arguments: Setting.api.filter { !$0.isSecret }.map(\.name))
    func apiFlags(name: String) throws {
        let setting = try #require(Setting.api.first { $0.name == name })
        let flags = try APIFlags.parse(["--\(setting.flag)", "here"])
        #expect(flags.texts.filter { $0.1 != nil }.map(\.0.name) == [name])
        #expect(flags.texts.first { $0.0 == setting }?.1 == "here")
        #expect(throws: (any Error).self) { try APIFlags.parse(["--fleet-secret", "here"]) }
    }

    @Test("and of the proxy's", arguments: Setting.shadow.map(\.name))
    func shadowFlags(name: String) throws {
        let setting = try #require(Setting.shadow.first { $0.name == name })
        let flags = try ShadowFlags.parse(["--\(setting.flag)", "here"])
        #expect(flags.texts.filter { $0.1 != nil }.map(\.0.name) == [name])
        #expect(flags.texts.first { $0.0 == setting }?.1 == "here")
    }

    @Test("no secret has a flag, nor the file it may come from", arguments: Setting.all.filter(\.isSecret).map(\.flag))
    func noFlags(flag: String) {
        #expect(throws: (any Error).self) { try SettingFlags.parse(["--\(flag)", "here"]) }
        #expect(throws: (any Error).self) { try SettingFlags.parse(["--\(flag)-file", "here"]) }
        #expect(!ServeCommand.helpMessage(columns: 400).contains("--\(flag) "))
    }

    @Test("help tells each flag with its variable and default")
    func help() {
        let pages = [
            (Setting.all, ServeCommand.helpMessage(columns: 400)), (Setting.api, APICommand.helpMessage(columns: 400)),
            (Setting.shadow, ShadowCommand.helpMessage(columns: 400)),
        ]
        for (settings, help) in pages { check(settings, in: help) }
    }

    private func check(_ settings: [Setting], in help: String) {
        for setting in settings where !setting.isSecret {
            let entry = help.split(separator: "\n  --").first { $0.hasPrefix("\(setting.flag) ") }
            #expect(entry?.contains("[\(setting.variable)]") == true, "\(setting.flag)")
            if let fallback = setting.fallback { #expect(entry?.contains("Default: \(fallback).") == true, "\(setting.flag)") }
        }
    }

    @Test("the tables of docs/settings.md name every variable, and none that is no setting; README's is a part of them")
    func readme() throws {
        let named = Set(try Project.lines("docs/settings.md").filter { $0.hasPrefix("|") }.flatMap(Self.variables))
        let first = Set(try Project.lines("README.md").filter { $0.hasPrefix("|") }.flatMap(Self.variables))
        let all = Setting.all + Setting.api + Setting.shadow
        let known = Set(all.map(\.variable))
        #expect(known.subtracting(named).sorted() == [])
        #expect(first.subtracting(named).sorted() == [])
        #expect(named.subtracting(known).subtracting(all.filter(\.mayBeFile).map(\.fileVariable)).sorted() == [])
    }

    @Test("every command of the program has a line that says what it does")
    func commands() {
        func check(_ command: any ParsableCommand.Type) {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            for next in command.configuration.subcommands { check(next) }
        }
        check(MartletCommand.self)
    }

    @Test("the version is the newest that CHANGELOG.md names; before the first, what is unreleased stands there")
    func version() throws {
        let headings = try Project.lines("CHANGELOG.md").filter { $0.hasPrefix("## ") }
        guard let newest = headings.first(where: { $0.contains { $0.isNumber } }) else {
            #expect(headings == ["## [Unreleased]"])
            return
        }
        let number = newest.dropFirst(3).drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }
        #expect(number == Version.text)
    }

    /// The variables that a line names in code: `MARTLET_X`.
    private static func variables(in line: String) -> [String] {
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 && $0.element.hasPrefix("MARTLET_") }
            .map { String($0.element.prefix { $0.isLetter || $0.isNumber || $0 == "_" }) }
    }
}
