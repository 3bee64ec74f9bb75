// LogFormat: how log lines look: text for people at a terminal, JSON for what collects logs. To standard error.
// What is logged carries names and codes; never a password, token, cookie or body.

import Logging
import MartletEncoding
import MartletThreads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How log lines look.
enum LogFormat: Sendable {
    case text, json

    /// Text when standard error is a terminal.
    static var automatic: LogFormat { isatty(STDERR_FILENO) == 1 ? .text : .json }

    /// A logger of this format.
    func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "martlet") { _ in LineHandler(format: self) }
        logger.logLevel = level
        return logger
    }
}

private struct LineHandler: LogHandler {
    let format: LogFormat
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let level = event.level
        let now = SystemClock.now()
        let fields = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        var line: [UInt8]
        switch format {
        case .json:
            line = JSONWriter.object { writer in
                writer.member("time", now)
                writer.member("level", level.rawValue)
                writer.member("message", event.message.description)
                for (key, value) in fields { writer.member(key, value.description) }
            }
        case .text:
            let suffix = fields.map { " \($0.key)=\($0.value)" }.joined()
            line = Array("\(now.rfc3339) \(level.rawValue) \(event.message)\(suffix)".utf8.map { $0 < 0x20 ? 0x20 : $0 })
        }
        line.append(0x0A)
        // One write for one line, so that lines of several threads do not mix.
        _ = write(STDERR_FILENO, line, line.count)
    }
}
