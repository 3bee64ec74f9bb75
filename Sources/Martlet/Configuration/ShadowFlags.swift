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

    @Option(name: Setting.logLevel.argumentName, help: Setting.logLevel.argumentHelp)
    var logLevel: String?

    @Option(name: Setting.logFormat.argumentName, help: Setting.logFormat.argumentHelp)
    var logFormat: String?

    @Option(name: Setting.maxConnections.argumentName, help: Setting.maxConnections.argumentHelp)
    var maxConnections: String?

    @Option(name: Setting.maxRequestLine.argumentName, help: Setting.maxRequestLine.argumentHelp)
    var maxRequestLine: String?

    @Option(name: Setting.maxHeaderBytes.argumentName, help: Setting.maxHeaderBytes.argumentHelp)
    var maxHeaderBytes: String?

    @Option(name: Setting.maxHeaderFields.argumentName, help: Setting.maxHeaderFields.argumentHelp)
    var maxHeaderFields: String?

    @Option(name: Setting.headTimeout.argumentName, help: Setting.headTimeout.argumentHelp)
    var headTimeout: String?

    @Option(name: Setting.bodyTimeout.argumentName, help: Setting.bodyTimeout.argumentHelp)
    var bodyTimeout: String?

    @Option(name: Setting.idleTimeout.argumentName, help: Setting.idleTimeout.argumentHelp)
    var idleTimeout: String?

    @Option(name: Setting.writeTimeout.argumentName, help: Setting.writeTimeout.argumentHelp)
    var writeTimeout: String?

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.old, old), (.new, new), (.shadowListen, listen), (.shadowLevel, shadow), (.shadowPaths, paths), (.report, report),
            (.summaryMinutes, summaryMinutes), (.oldTimeout, oldTimeout), (.newTimeout, newTimeout), (.shadowMaxBody, maxBody),
            (.maxAnswer, maxAnswer), (.shadowMetricsListen, metricsListen), (.logLevel, logLevel), (.logFormat, logFormat),
            (.maxConnections, maxConnections), (.maxRequestLine, maxRequestLine), (.maxHeaderBytes, maxHeaderBytes),
            (.maxHeaderFields, maxHeaderFields), (.headTimeout, headTimeout), (.bodyTimeout, bodyTimeout), (.idleTimeout, idleTimeout),
            (.writeTimeout, writeTimeout),
        ]
    }

    /// The configuration that flags, environment and file make together.
    func configuration(environment: [String: String]) throws(ConfigurationError) -> ShadowConfiguration {
        var flags: [String: String] = [:]
        for (setting, text) in texts { flags[setting.name] = text }
        return try ShadowConfiguration(try SettingTexts(flags: flags, environment: environment, file: config, among: Setting.shadow))
    }
}
