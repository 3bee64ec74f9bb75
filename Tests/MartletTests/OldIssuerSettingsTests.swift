// What is said of the service before, to the service and to the sample API, and what stops the start.

import Logging
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

@testable import Martlet

struct OldIssuerSettingsTests {
    private static let secret = "django-insecure-a secret of fifty characters or so"
    private static let now = UnixTime(seconds: 1_800_000_000)  // 2027-01-15T08:00:00Z

    @Test("a secret and an end are enough: then it is as simplejwt is without settings")
    func defaults() throws {
        let settings = try #require(try read(["OLD_KEY": Self.secret, "OLD_KEY_UNTIL": "2027-01-31"]))
        #expect(settings.issuer.key.algorithm == .hs256 && settings.issuer.until == UnixTime(seconds: 1_801_353_600))
        #expect(settings.issuer.userIDClaim == "user_id" && settings.issuer.tokenTypeClaim == "token_type")
        #expect(settings.issuer.issuer == nil && settings.issuer.audience == nil && settings.issuer.scopes == ["s"])
        #expect(try read([:]) == nil)
    }

    @Test("each can be said")
    func said() throws {
        let settings = try #require(
            try read([
                "OLD_KEY": Self.secret, "OLD_KEY_UNTIL": "2027-01-31T18:00:00+01:00", "OLD_KEY_ALGORITHM": "HS512",
                "OLD_USER_ID_CLAIM": "sub", "OLD_TOKEN_TYPE_CLAIM": "none", "OLD_ISSUER": "old", "OLD_AUDIENCE": "api",
            ]))
        #expect(settings.issuer.key.algorithm == .hs512 && settings.issuer.until.rfc3339 == "2027-01-31T17:00:00.000Z")
        #expect(settings.issuer.userIDClaim == "sub" && settings.issuer.tokenTypeClaim == nil)
        #expect(settings.issuer.issuer == "old" && settings.issuer.audience == "api")
    }

    @Test(
        "what cannot be used stops the start with a line that names it and says what to write, and never the key",
        arguments: [
            (["OLD_KEY": secret], "MARTLET_OLD_KEY", "MARTLET_OLD_KEY_UNTIL"),
            (["OLD_KEY": secret, "OLD_KEY_UNTIL": "soon"], "MARTLET_OLD_KEY_UNTIL", "2027-01-31"),
            (["OLD_KEY_UNTIL": "2027-01-31"], "MARTLET_OLD_KEY_UNTIL", "MARTLET_OLD_KEY beside it"),
            (["OLD_AUDIENCE": "api"], "MARTLET_OLD_AUDIENCE", "MARTLET_OLD_KEY beside it"),
            (["OLD_KEY": "a short secret", "OLD_KEY_UNTIL": "2027-01-31"], "MARTLET_OLD_KEY", "32 bytes"),
            (["OLD_KEY": secret, "OLD_KEY_UNTIL": "2027-01-31", "OLD_KEY_ALGORITHM": "HS1"], "MARTLET_OLD_KEY_ALGORITHM", "HS256"),
            (["OLD_KEY": secret, "OLD_KEY_UNTIL": "2027-01-31", "OLD_KEY_ALGORITHM": "none"], "MARTLET_OLD_KEY_ALGORITHM", "one of"),
            (["OLD_KEY": secret, "OLD_KEY_UNTIL": "2027-01-31", "OLD_KEY_ALGORITHM": "RS256"], "MARTLET_OLD_KEY", "public key"),
            (
                ["OLD_KEY": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "OLD_KEY_UNTIL": "2027-01-31"],
                "MARTLET_OLD_KEY", "public key in PEM"
            ),
        ] as [([String: String], String, String)])
    func refused(settings: [String: String], variable: String, advice: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(settings) }
        #expect(error?.description.contains(variable) == true && error?.description.contains(advice) == true, "\(error?.description ?? "")")
        if let key = settings["OLD_KEY"] { #expect(error?.description.contains(key) == false) }
    }

    @Test("the end is at most 400 days away; after it the start succeeds, without the old key")
    func end() throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        func current(_ until: UnixTime) throws -> OldIssuer? {
            try read(["OLD_KEY": Self.secret, "OLD_KEY_UNTIL": until.rfc3339])?.current(at: Self.now, logger: logger)
        }
        let longest = Self.now.adding(seconds: 400 * 86_400)
        #expect(try current(longest)?.until == longest)
        #expect(try current(Self.now) == nil && current(Self.now.adding(seconds: 1)) != nil)
        let error = #expect(throws: ConfigurationError.self) { try current(longest.adding(seconds: 1)) }
        #expect(error?.description.contains("MARTLET_OLD_KEY_UNTIL") == true && error?.description.contains("400 days") == true)
    }

    private func read(_ settings: [String: String]) throws -> OldIssuerSettings? {
        let environment = Dictionary(uniqueKeysWithValues: settings.map { ("MARTLET_" + $0.key, $0.value) })
        let texts = try SettingTexts(flags: [:], environment: environment, file: nil)
        let sample = try SettingTexts(flags: [:], environment: environment, file: nil, among: Setting.api)
        #expect((try OldIssuerSettings(sample, scopes: []) == nil) == (try OldIssuerSettings(texts, scopes: []) == nil))
        return try OldIssuerSettings(texts, scopes: ["s"])
    }
}
