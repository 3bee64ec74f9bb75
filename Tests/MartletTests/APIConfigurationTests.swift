// What the settings of `martlet api` mean, and what is said about those that mean nothing.

import ArgumentParser
import MartletVerifier
import Testing

@testable import Martlet

struct APIConfigurationTests {
    @Test("one setting is enough: the issuer")
    func defaults() throws {
        let configuration = try configure(["ISSUER": "https://auth.example"])
        #expect(configuration.issuer == "https://auth.example" && configuration.audience == nil && configuration.tiers == nil)
        #expect(configuration.whenStale == .accept)
        #expect("\(configuration.listen)" == "127.0.0.1:8081")
    }

    @Test("what is kept outside the process is sealed, and a bound on staleness refuses")
    func taken() throws {
        let configuration = try configure([
            "ISSUER": "https://auth.example", "AUDIENCE": "https://api.example", "REDIS": "redis://127.0.0.1", "KEY_CACHE_DIR": "/tmp/keys",
            "FLEET_SECRET": String(repeating: "s", count: 32), "MAX_STALENESS": "30",
        ])
        #expect(configuration.audience == "https://api.example" && configuration.tiers != nil)
        #expect(configuration.whenStale == .refuse(afterSeconds: 30))
    }

    @Test(
        "a bad setting stops the start with a line that names it and says what to write",
        arguments: [
            ([:], "MARTLET_ISSUER", "--issuer"), (["REDIS": "redis://127.0.0.1"], "MARTLET_REDIS", "MARTLET_FLEET_SECRET"),
            (["KEY_CACHE_DIR": "/tmp/keys"], "MARTLET_KEY_CACHE_DIR", "MARTLET_FLEET_SECRET"),
            (["REDIS": "redis://127.0.0.1", "FLEET_SECRET": "short"], "MARTLET_REDIS", "32 bytes"),
            (["FLEET_SECRET": String(repeating: "s", count: 32)], "MARTLET_FLEET_SECRET", "MARTLET_REDIS"),
            (["REDIS": "http://127.0.0.1"], "MARTLET_REDIS", "redis://"), (["REDIS": "rediss://127.0.0.1"], "MARTLET_REDIS", "TLS"),
            (["MAX_STALENESS": "1"], "MARTLET_MAX_STALENESS", "2 to"), (["MAX_STALENESS": "never"], "MARTLET_MAX_STALENESS", "or off"),
            (["ISUER": "x"], "MARTLET_ISUER", "MARTLET_ISSUER"),
        ] as [([String: String], String, String)])
    func refused(settings: [String: String], variable: String, advice: String) {
        let issuer = variable == "MARTLET_ISSUER" ? [:] : ["ISSUER": "https://auth.example"]
        let error = #expect(throws: ConfigurationError.self) { try configure(settings.merging(issuer) { one, _ in one }) }
        #expect(error?.description.contains(variable) == true && error?.description.contains(advice) == true, "\(error?.description ?? "")")
    }

    @Test("a password of Redis does not come by a flag, and no error repeats it")
    func redisPassword() throws {
        let flags = try APIFlags.parse(["--issuer", "https://auth.example", "--redis", "redis://:hunter2@127.0.0.1"])
        let error = #expect(throws: ConfigurationError.self) { try flags.configuration(environment: [:]) }
        #expect(error?.description.contains("MARTLET_REDIS") == true && error?.description.contains("hunter2") == false)
        let bad = #expect(throws: ConfigurationError.self) {
            try configure(["ISSUER": "https://auth.example", "REDIS": "redis://:hunter2@127.0.0.1:port"])
        }
        #expect(bad?.description.contains("hunter2") == false)
    }

    @Test("the service and the sample API may share an environment: each takes what is its own, and nobody takes a slip")
    func shared() throws {
        let environment = ["MARTLET_REDIS": "redis://127.0.0.1", "MARTLET_DATA_DIR": "/data", "MARTLET_FLEET_SECRET_FILE": "/nowhere"]
        #expect(try SettingTexts(flags: [:], environment: environment, file: nil)[.dataDir] == "/data")
        let issuer = ["MARTLET_ISSUER": "https://auth.example", "MARTLET_DATA_DIR": "/data", "MARTLET_ADMIN_PASSWORD": "x"]
        #expect(throws: Never.self) { try SettingTexts(flags: [:], environment: issuer, file: nil, among: Setting.api) }
        let error = #expect(throws: ConfigurationError.self) {
            try SettingTexts(flags: [:], environment: ["MARTLET_REDS": "redis://127.0.0.1"], file: nil, among: Setting.api)
        }
        #expect(error?.description.contains("MARTLET_REDIS") == true)
    }

    private func configure(_ settings: [String: String]) throws(ConfigurationError) -> APIConfiguration {
        var environment: [String: String] = [:]
        for (name, text) in settings { environment["MARTLET_" + name] = text }
        return try APIConfiguration(try SettingTexts(flags: [:], environment: environment, file: nil, among: Setting.api))
    }
}
