// ServerFlags: the flags that every server of the house has: proxies, origins, logs and limits.

import ArgumentParser

struct ServerFlags: ParsableArguments {
    @Option(name: Setting.trustedProxies.argumentName, help: Setting.trustedProxies.argumentHelp)
    var trustedProxies: String?

    @Option(name: Setting.forwardedHeader.argumentName, help: Setting.forwardedHeader.argumentHelp)
    var forwardedHeader: String?

    @Option(name: Setting.corsOrigins.argumentName, help: Setting.corsOrigins.argumentHelp)
    var corsOrigins: String?

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

    @Option(name: Setting.maxBody.argumentName, help: Setting.maxBody.argumentHelp)
    var maxBody: String?

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
            (.trustedProxies, trustedProxies),
            (.forwardedHeader, forwardedHeader),
            (.corsOrigins, corsOrigins),
            (.logLevel, logLevel),
            (.logFormat, logFormat),
            (.maxConnections, maxConnections),
            (.maxRequestLine, maxRequestLine),
            (.maxHeaderBytes, maxHeaderBytes),
            (.maxHeaderFields, maxHeaderFields),
            (.maxBody, maxBody),
            (.headTimeout, headTimeout),
            (.bodyTimeout, bodyTimeout),
            (.idleTimeout, idleTimeout),
            (.writeTimeout, writeTimeout),
        ]
    }
}
