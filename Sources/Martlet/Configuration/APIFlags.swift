// APIFlags: the flags of `martlet api`, one for each of its settings that is no secret.

import ArgumentParser

struct APIFlags: ParsableArguments {
    @Option(name: .customLong("config"), help: "A JSON file with settings; flags and the environment win over it.")
    var config: String?

    @Option(name: Setting.apiListen.argumentName, help: Setting.apiListen.argumentHelp)
    var listen: String?

    @Option(name: Setting.apiIssuer.argumentName, help: Setting.apiIssuer.argumentHelp)
    var issuer: String?

    @Option(name: Setting.apiAudience.argumentName, help: Setting.apiAudience.argumentHelp)
    var audience: String?

    @Option(name: Setting.publicURL.argumentName, help: Setting.publicURL.argumentHelp)
    var publicURL: String?

    @Option(name: Setting.apiDPoPNonce.argumentName, help: Setting.apiDPoPNonce.argumentHelp)
    var dpopNonce: String?

    @Option(name: Setting.apiClientID.argumentName, help: Setting.apiClientID.argumentHelp)
    var apiClientID: String?

    @Option(name: Setting.redis.argumentName, help: Setting.redis.argumentHelp)
    var redis: String?

    @Option(name: Setting.keyCacheDir.argumentName, help: Setting.keyCacheDir.argumentHelp)
    var keyCacheDir: String?

    @Option(name: Setting.maxStaleness.argumentName, help: Setting.maxStaleness.argumentHelp)
    var maxStaleness: String?

    @Option(name: Setting.apiMetricsListen.argumentName, help: Setting.apiMetricsListen.argumentHelp)
    var metricsListen: String?

    @OptionGroup var old: OldIssuerFlags

    @OptionGroup var server: ServerFlags

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.apiListen, listen), (.apiIssuer, issuer), (.apiAudience, audience), (.apiClientID, apiClientID), (.publicURL, publicURL),
            (.apiDPoPNonce, dpopNonce), (.redis, redis), (.keyCacheDir, keyCacheDir),
            (.maxStaleness, maxStaleness), (.apiMetricsListen, metricsListen),
        ] + old.texts + server.texts
    }

    /// The configuration that flags, environment and file make together.
    func configuration(environment: [String: String]) throws(ConfigurationError) -> APIConfiguration {
        var flags: [String: String] = [:]
        for (setting, text) in texts { flags[setting.name] = text }
        return try APIConfiguration(try SettingTexts(flags: flags, environment: environment, file: config, among: Setting.api))
    }
}
