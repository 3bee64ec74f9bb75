// ConnectionFlags: the flags about logs and about what a peer may take, which every server has whatever it serves.

import ArgumentParser

struct ConnectionFlags: ParsableArguments {
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
            (.logLevel, logLevel),
            (.logFormat, logFormat),
            (.maxConnections, maxConnections),
            (.maxRequestLine, maxRequestLine),
            (.maxHeaderBytes, maxHeaderBytes),
            (.maxHeaderFields, maxHeaderFields),
            (.headTimeout, headTimeout),
            (.bodyTimeout, bodyTimeout),
            (.idleTimeout, idleTimeout),
            (.writeTimeout, writeTimeout),
        ]
    }
}
