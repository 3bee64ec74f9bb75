// ShadowConfiguration: what the settings of `martlet shadow` mean, as values that cannot be wrong.

import HTTP
import HTTPServer
import Logging
import Shadow

/// Everything that the proxy is told.
struct ShadowConfiguration: Sendable {
    var listen: ListenAddress
    var old: UpstreamAddress
    var new: UpstreamAddress
    var level: ShadowLevel
    var endpoints: EndpointTable
    /// Nil: standard output.
    var reportPath: String?
    /// 0: none but at the end and on request.
    var summaryMinutes: Int
    /// Milliseconds.
    var oldTimeout: Int64
    /// Milliseconds.
    var newTimeout: Int64
    var maxAnswer: Int
    var metricsListen: ListenAddress?
    var logLevel: Logger.Level
    var logFormat: LogFormat?
    var limits: Limits

    init(_ texts: SettingTexts) throws(ConfigurationError) {
        listen = try Configuration.address(.shadowListen, texts)
        old = try Self.upstream(.old, texts, "the service that answers")
        new = try Self.upstream(.new, texts, "the Martlet that is asked the same")
        guard old != new else {
            throw ConfigurationError("\(texts.origin(.old)) and \(texts.origin(.new)) are the same service; there is nothing to compare.")
        }
        let levels = Dictionary(uniqueKeysWithValues: ShadowLevel.allCases.map { ($0.rawValue, $0) })
        level = try Configuration.choice(.shadowLevel, texts, levels)
        let paths = Configuration.list(.shadowPaths, texts)
        guard paths.allSatisfy({ $0.hasPrefix("/") }) else {
            throw ConfigurationError("\(texts.origin(.shadowPaths)) must list beginnings of paths such as /accounts/.")
        }
        endpoints = EndpointTable(andBelow: paths)
        reportPath = texts[.report]
        summaryMinutes = Int(try Configuration.number(.summaryMinutes, texts, 0...10_080))
        oldTimeout = try Configuration.number(.oldTimeout, texts, 1...3600) * 1000
        newTimeout = try Configuration.number(.newTimeout, texts, 1...600) * 1000
        maxAnswer = Int(try Configuration.number(.maxAnswer, texts, 1024...1_073_741_824))
        metricsListen = texts[.shadowMetricsListen] == "off" ? nil : try Configuration.address(.shadowMetricsListen, texts)
        logLevel = try Configuration.logLevel(texts)
        logFormat = try Configuration.logFormat(texts)
        limits = try Configuration.limits(texts)
        limits.body = Int(try Configuration.number(.shadowMaxBody, texts, 1024...1_073_741_824))
        // The largest body that is allowed has to fit.
        limits.bodies = max(Self.mostOfBodies, limits.body)
    }

    private static func upstream(
        _ setting: Setting, _ texts: SettingTexts, _ what: String
    ) throws(ConfigurationError) -> UpstreamAddress {
        guard let text = texts[setting] else {
            throw ConfigurationError("\(setting.variable) or --\(setting.flag) is needed: \(what).")
        }
        guard let address = UpstreamAddress(text) else {
            throw ConfigurationError("\(texts.origin(setting)) must be http://host:port or https://host:port, without a path.")
        }
        return address
    }

    /// Bytes of requests that are held at the same time.
    private static let mostOfBodies = 256 << 20
}
