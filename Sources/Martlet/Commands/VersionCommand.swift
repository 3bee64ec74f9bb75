// martlet version.

import ArgumentParser
import MartletEncoding

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Flag(help: "Print JSON.") var json = false

    func run() {
        let bytes = JSONWriter.object { $0.member("version", Version.text) }
        Terminal.print(json ? String(decoding: bytes, as: UTF8.self) : "martlet \(Version.text)")
    }
}
