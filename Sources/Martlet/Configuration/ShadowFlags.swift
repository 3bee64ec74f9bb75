// ShadowFlags: the flags of `martlet shadow`, one for each of its settings.

import ArgumentParser

struct ShadowFlags: ParsableArguments {
    @Option(name: .customLong("config"), help: "A JSON file with settings; flags and the environment win over it.")
    var config: String?

    @Option(name: Setting.old.argumentName, help: Setting.old.argumentHelp)
    var old: String?

    @Option(name: Setting.new.argumentName, help: Setting.new.argumentHelp)
    var new: String?

    @Option(name: Setting.shadowListen.argumentName, help: Setting.shadowListen.argumentHelp)
    var listen: String?

    @Option(name: Setting.shadowLevel.argumentName, help: Setting.shadowLevel.argumentHelp)
    var shadow: String?

    @Option(name: Setting.shadowPaths.argumentName, help: Setting.shadowPaths.argumentHelp)
    var paths: String?

    @Option(name: Setting.report.argumentName, help: Setting.report.argumentHelp)
    var report: String?

    @Option(name: Setting.summaryMinutes.argumentName, help: Setting.summaryMinutes.argumentHelp)
    var summaryMinutes: String?

    @Option(name: Setting.oldTimeout.argumentName, help: Setting.oldTimeout.argumentHelp)
    var oldTimeout: String?

    @Option(name: Setting.newTimeout.argumentName, help: Setting.newTimeout.argumentHelp)
    var newTimeout: String?

    @Option(name: Setting.shadowMaxBody.argumentName, help: Setting.shadowMaxBody.argumentHelp)
    var maxBody: String?

    @Option(name: Setting.maxAnswer.argumentName, help: Setting.maxAnswer.argumentHelp)
    var maxAnswer: String?

    @Option(name: Setting.shadowMetricsListen.argumentName, help: Setting.shadowMetricsListen.argumentHelp)
    var metricsListen: String?

    @OptionGroup var connection: ConnectionFlags

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.old, old), (.new, new), (.shadowListen, listen), (.shadowLevel, shadow), (.shadowPaths, paths), (.report, report),
            (.summaryMinutes, summaryMinutes), (.oldTimeout, oldTimeout), (.newTimeout, newTimeout), (.shadowMaxBody, maxBody),
            (.maxAnswer, maxAnswer), (.shadowMetricsListen, metricsListen),
        ] + connection.texts
    }

    /// The configuration that flags, environment and file make together.
    func configuration(environment: [String: String]) throws(ConfigurationError) -> ShadowConfiguration {
        var flags: [String: String] = [:]
        for (setting, text) in texts { flags[setting.name] = text }
        return try ShadowConfiguration(try SettingTexts(flags: flags, environment: environment, file: config, among: Setting.shadow))
    }
}
