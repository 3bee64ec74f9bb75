// ServerFlags: the flags of servers with routes of their own: proxies, origins and bodies, besides those of every server.

import ArgumentParser

struct ServerFlags: ParsableArguments {
    @Option(name: Setting.trustedProxies.argumentName, help: Setting.trustedProxies.argumentHelp)
    var trustedProxies: String?

    @Option(name: Setting.forwardedHeader.argumentName, help: Setting.forwardedHeader.argumentHelp)
    var forwardedHeader: String?

    @Option(name: Setting.corsOrigins.argumentName, help: Setting.corsOrigins.argumentHelp)
    var corsOrigins: String?

    @Option(name: Setting.maxBody.argumentName, help: Setting.maxBody.argumentHelp)
    var maxBody: String?

    @OptionGroup var connection: ConnectionFlags

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.trustedProxies, trustedProxies),
            (.forwardedHeader, forwardedHeader),
            (.corsOrigins, corsOrigins),
            (.maxBody, maxBody),
        ] + connection.texts
    }
}
