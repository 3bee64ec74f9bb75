// What the settings of `martlet shadow` mean, what is said about those that mean nothing, and that its reasons are documented.

import HTTP
import Shadow
import Testing

@testable import Martlet

struct ShadowConfigurationTests {
    @Test("two addresses are enough; then Martlet is asked only what changes nothing")
    func defaults() throws {
        let configuration = try configure(["OLD": "http://django:8000", "NEW": "http://localhost:8080/"])
        #expect(configuration.old.authority == "django:8000" && configuration.new.origin == "http://localhost:8080")
        #expect(configuration.level == .reads && configuration.reportPath == nil && configuration.summaryMinutes == 0)
        #expect(configuration.limits.body == 10 << 20 && configuration.maxAnswer == 32 << 20)
        #expect(configuration.limits.bodies == 256 << 20 && Limits().bodies == 64 << 20)
        #expect(try configure(["OLD": "http://a", "NEW": "http://b", "MAX_BODY": "1073741824"]).limits.bodies == 1 << 30)
        #expect(configuration.oldTimeout == 60_000 && configuration.newTimeout == 10_000)
        #expect("\(configuration.listen)" == "127.0.0.1:8090")
    }

    @Test(
        "a bad setting stops the start with a line that names it and says what to write",
        arguments: [
            (["OLD": ""], "MARTLET_OLD", "the service that answers"), (["NEW": ""], "MARTLET_NEW", "--new"),
            (["OLD": "django:8000"], "MARTLET_OLD", "http://host:port"), (["NEW": "http://h/api"], "MARTLET_NEW", "without a path"),
            (["NEW": "http://django:8000"], "MARTLET_NEW", "the same"), (["SHADOW": "writes"], "MARTLET_SHADOW", "logins"),
            (["PATHS": "/a/,b"], "MARTLET_PATHS", "beginnings"), (["OLD_TIMEOUT": "0"], "MARTLET_OLD_TIMEOUT", "1 to 3600"),
            (["MAX_ANSWER": "1"], "MARTLET_MAX_ANSWER", "1024"),
            (["SUMMARY_MINUTE": "1"], "MARTLET_SUMMARY_MINUTE", "MARTLET_SUMMARY_MINUTES"),
        ] as [([String: String], String, String)])
    func refused(settings: [String: String], variable: String, advice: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try configure(["OLD": "http://django:8000", "NEW": "http://localhost:8080"].merging(settings) { $1 })
        }
        #expect(error?.description.contains(variable) == true && error?.description.contains(advice) == true, "\(error?.description ?? "")")
    }

    @Test("the proxy may share an environment with the service")
    func shared() throws {
        let environment = [
            "MARTLET_DATA_DIR": "/data", "MARTLET_OLD": "http://a", "MARTLET_NEW": "http://b", "MARTLET_ADMIN_PASSWORD": "x",
        ]
        #expect(throws: Never.self) { try SettingTexts(flags: [:], environment: environment, file: nil, among: Setting.shadow) }
        #expect(throws: Never.self) { try SettingTexts(flags: [:], environment: environment, file: nil) }
    }

    @Test("a summary is a table, surprises first, and says what was not compared")
    func summary() {
        let tally = Tally()
        for _ in 0..<3 { tally.note(answered: true) }
        tally.note(.notMapped)
        var documented = Difference(.header, "header cache-control", old: "absent", new: "no-store")
        documented.reason = "Answers are not to be kept by caches."
        _ = tally.note([documented], method: "POST", endpoint: "/api/token/")
        _ = tally.note([documented, Difference(.shape, "", old: "object", new: "no content")], method: "POST", endpoint: "/api/token/")
        #expect(
            ShadowOutput.text(tally.summary).split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") } == [
                "3 requests were answered by the old service, 0 were not.",
                "2 were compared: 0 are equal, 1 differ as docs/django.md says, 1 differ otherwise.",
                "1 were not compared: its token is not mapped.",
                "count request kind place documented the first one: old → Martlet",
                "1 POST /api/token/ shape (content) NO object → no content",
                "2 POST /api/token/ header header cache-control yes absent → no-store",
            ])
    }

    @Test("every reason that a difference is expected for stands in docs/django.md")
    func reasons() throws {
        let words = try Project.lines("docs/django.md").joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(ExpectedDifference.reasons.count > 8)
        let missing = ExpectedDifference.reasons.filter { !words.contains($0) }
        #expect(missing.isEmpty)
    }

    private func configure(_ settings: [String: String]) throws(ConfigurationError) -> ShadowConfiguration {
        var environment: [String: String] = [:]
        for (name, text) in settings { environment["MARTLET_" + name] = text }
        return try ShadowConfiguration(try SettingTexts(flags: [:], environment: environment, file: nil, among: Setting.shadow))
    }
}
