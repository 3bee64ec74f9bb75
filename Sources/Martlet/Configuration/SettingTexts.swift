// SettingTexts: the text of each setting, gathered from flags, environment and file. Meaning comes later.

import MartletEncoding

/// Why the program cannot start with these settings: one line that says what to write instead.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What was said about each setting.
struct SettingTexts: Sendable {
    private let settings: [Setting]
    private var texts: [Setting: (text: String, origin: String)] = [:]

    /// Gathers what was said. `flags` by setting name; `file` the path that `--config` names.
    ///
    /// Throws for a variable or member that is no setting, a secret in a flag's place, an unreadable file.
    init(
        flags: [String: String], environment: [String: String], file: String?, among settings: [Setting] = Setting.all
    ) throws(ConfigurationError) {
        self.settings = settings
        if let file { try read(file: file) }
        try read(environment: environment)
        for setting in settings {
            guard let text = flags[setting.name], !text.isEmpty else { continue }
            texts[setting] = (text, "--\(setting.flag)")
        }
    }

    /// The text of a setting, or what stands when nobody said anything. Empty text is nothing said.
    subscript(_ setting: Setting) -> String? {
        guard let text = texts[setting]?.text, !text.isEmpty else { return setting.fallback }
        return text
    }

    /// Where the text comes from, as people wrote it: `MARTLET_LISTEN`, `--listen`.
    func origin(_ setting: Setting) -> String {
        texts[setting]?.origin ?? setting.variable
    }

    private mutating func read(environment: [String: String]) throws(ConfigurationError) {
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix("MARTLET_") {
            // Kubernetes sets these beside a service named martlet.
            if variable.hasPrefix("MARTLET_PORT") || variable.hasPrefix("MARTLET_SERVICE_") { continue }
            // `serve`, `api` and `shadow` may share an environment, such as that of an image or of a compose file.
            if Self.isOfAnotherCommand(variable, settings) { continue }
            if let setting = settings.first(where: { $0.variable == variable }) {
                if !text.isEmpty { texts[setting] = (text, variable) }
            } else if let setting = settings.first(where: { $0.mayBeFile && $0.fileVariable == variable }) {
                if text.isEmpty { continue }
                guard environment[setting.variable, default: ""].isEmpty else {
                    throw ConfigurationError("\(setting.variable) and \(variable) are both set; keep one of them.")
                }
                guard let bytes = File.read(text, limit: 65_536) else {
                    throw ConfigurationError("\(variable) names \(text), which cannot be read.")
                }
                let secret = String(decoding: bytes, as: UTF8.self).trimmingLineEnds
                // A mount that went wrong must not read as nothing said: a new master key would be made.
                guard !secret.isEmpty else { throw ConfigurationError("\(variable) names \(text), which is empty.") }
                texts[setting] = (secret, variable)
            } else {
                throw ConfigurationError(unknown(variable, \.variable))
            }
        }
    }

    private mutating func read(file: String) throws(ConfigurationError) {
        guard let bytes = File.read(file, limit: 1 << 20) else { throw ConfigurationError("--config names \(file), which cannot be read.") }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw ConfigurationError("\(file), \(error)")
        }
        guard document.root.isObject else { throw ConfigurationError("\(file) must hold one JSON object.") }
        for (name, value) in document.root.members {
            guard let setting = settings.first(where: { $0.name == name }) else {
                throw ConfigurationError("\(file): " + unknown(name, \.name))
            }
            let list = value.strings.map { $0.joined(separator: ",") }
            guard let text = value.string ?? value.integer.map(String.init) ?? list else {
                throw ConfigurationError("\(file): \(name) must be a string, a whole number or a list of strings.")
            }
            texts[setting] = (text, "\(file): \(name)")
        }
    }

    private static func isOfAnotherCommand(_ variable: String, _ settings: [Setting]) -> Bool {
        func has(_ settings: [Setting]) -> Bool {
            settings.contains { $0.variable == variable || $0.mayBeFile && $0.fileVariable == variable }
        }
        return has(Setting.all + Setting.api + Setting.shadow) && !has(settings)
    }

    private func unknown(_ name: String, _ path: KeyPath<Setting, String>) -> String {
        let command = settings == Setting.api ? "api" : settings == Setting.shadow ? "shadow" : "serve"
        let absent = Setting.absent.first { $0.key == name || Setting.variable(of: $0.key) == name }
        if let absent { return "\(name) is not a setting: \(absent.value)" }
        let nearest = settings.map { ($0[keyPath: path], Self.distance($0[keyPath: path], name)) }.min { $0.1 < $1.1 }
        guard let nearest, nearest.1 <= 4 else {
            return "\(name) is not a setting; `martlet \(command) --help` lists them."
        }
        return "\(name) is not a setting; did you mean \(nearest.0)?"
    }

    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8.prefix(64)), Array(other.utf8.prefix(64)))
        var row = Array(0...other.count)
        for (i, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, against) in other.enumerated() {
                let change = min(diagonal + (byte == against ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                diagonal = row[j + 1]
                row[j + 1] = change
            }
        }
        return row[other.count]
    }
}

extension String {
    /// Without line ends at its end, which editors leave in files.
    var trimmingLineEnds: String {
        var text = self[...]
        while let last = text.utf8.last, last == 0x0A || last == 0x0D { text = text[..<text.utf8.index(before: text.utf8.endIndex)] }
        return String(text)
    }
}
