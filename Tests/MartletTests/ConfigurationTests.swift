// What the settings mean: the defaults of the contract, the rules of each, and errors that name what was written.

import Accounts
import HTTP
import HTTPServer
import Logging
import MartletEncoding
import MartletJOSE
import PasswordHashing
import Testing
import Tokens
import Web

@testable import Martlet

struct ConfigurationTests {
    @Test("nothing said is the contract's defaults")
    func defaults() throws {
        let configuration = try configure([:])
        #expect(configuration.listen == .tcp(host: "127.0.0.1", port: 8080))
        #expect(configuration.issuer == nil)
        #expect(configuration.dataFolder == "./data")
        #expect(configuration.databasePath == "./data/martlet.db")
        #expect(configuration.masterKey == nil && configuration.previousMasterKey == nil && configuration.sharedSecret == nil)
        #expect(configuration.signingAlgorithm == .es256)
        #expect(configuration.keyRotationDays == 90)
        #expect(configuration.accessLifetime == 600)
        #expect(configuration.refreshLifetime == 1_209_600)
        #expect(configuration.sessionLifetime == 7_776_000)
        #expect(configuration.graceSeconds == 30)
        #expect(configuration.audience == nil)
        #expect(configuration.registrationIsOpen)
        #expect(configuration.firstAdministrator == nil)
        #expect(configuration.argon2 == Argon2Parameters(memoryKiB: 19_456, iterations: 2, parallelism: 1))
        #expect(configuration.corsOrigins == [] && configuration.cors.isEmpty)
        #expect(configuration.metricsListen == .tcp(host: "127.0.0.1", port: 9464))
        #expect(configuration.auditDays == 400)
        #expect(configuration.compat.isEmpty && configuration.simplejwt == nil && configuration.djRestAuth == nil)
        #expect(configuration.compatibleClaims == nil)
        #expect(configuration.authHeaderTypes == ["Bearer"] && configuration.leeway == 0)
        #expect(configuration.loginLimit == LoginThrottle.Limit(failures: 10, seconds: 60))
        #expect(configuration.logLevel == .info)
        #expect(configuration.logFormat == nil)
        #expect(configuration.publicFolder == nil && configuration.migrationsFolder == nil)
    }

    @Test("what is said is taken")
    func taken() throws {
        let key = Base64URL.encode([UInt8](repeating: 9, count: 32))
        let configuration = try configure([
            "LISTEN": "unix:/run/martlet.sock", "ISSUER": "https://auth.example", "DATA_DIR": "/var/lib/martlet", "MASTER_KEY": key,
            "MASTER_KEY_PREVIOUS": key, "SIGNING_ALGORITHM": "EdDSA", "KEY_ROTATION_DAYS": "0", "REFRESH_GRACE": "0",
            "AUDIENCE": "https://api",
            "REGISTRATION": "closed", "ADMIN_USERNAME": "ada", "ADMIN_PASSWORD": "correct horse", "ARGON2_MEMORY_KIB": "64",
            "ARGON2_ITERATIONS": "1", "ARGON2_PARALLELISM": "2", "CORS_ORIGINS": "https://a.example, https://b.example",
            "METRICS_LISTEN": "off", "LOGIN_ATTEMPTS": "off", "LOG_LEVEL": "debug", "LOG_FORMAT": "text", "HEAD_TIMEOUT": "3",
        ])
        #expect(configuration.listen == .unix(path: "/run/martlet.sock"))
        #expect(configuration.databasePath == "/var/lib/martlet/martlet.db")
        #expect(configuration.masterKey == [UInt8](repeating: 9, count: 32))
        #expect(configuration.signingAlgorithm == .edDSA)
        #expect(configuration.keyRotationDays == 0)
        #expect(configuration.graceSeconds == 0)
        #expect(!configuration.registrationIsOpen)
        #expect(configuration.firstAdministrator?.username.text == "ada")
        #expect(configuration.argon2 == Argon2Parameters(memoryKiB: 64, iterations: 1, parallelism: 2))
        #expect(configuration.corsOrigins == ["https://a.example", "https://b.example"])
        #expect(configuration.metricsListen == nil)
        #expect(configuration.loginLimit == nil)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.logFormat == .text)
        #expect(configuration.limits.headTime == 3000)
        #expect(try configure(["DATABASE": "sqlite:/x/y.db"]).databasePath == "/x/y.db")
    }

    @Test("those who come from Django list whose endpoints they want, and what theirs were set to")
    func compat() throws {
        #expect(try configure(["COMPAT": "none"]).compat.isEmpty)
        #expect(try configure(["COMPAT": "dj-rest-auth"]).compat == [.djRestAuth])
        #expect(try configure(["COMPAT": "dj-rest-auth"]).simplejwt == nil)
        #expect(try configure(["COMPAT": "simplejwt, drf-jwt,dj-rest-auth,simplejwt"]).compat == Set(CompatibilityGroup.allCases))
        let usual = try configure(["COMPAT": "simplejwt"])
        #expect(usual.compatibleClaims == ClaimsCompatibility.simplejwt)
        #expect(usual.simplejwt?.rotatesRefreshTokens == false && usual.simplejwt?.blacklistsAfterRotation == true)
        let all = try configure([
            "COMPAT": "simplejwt", "COMPAT_STRICT": "on", "COMPAT_ROTATE_REFRESH_TOKENS": "on", "COMPAT_BLACKLIST_AFTER_ROTATION": "off",
            "COMPAT_USER_ID_CLAIM": "https://example.com/uid", "COMPAT_TOKEN_TYPE_CLAIM": "none", "COMPAT_AUTH_HEADER_TYPES": "JWT, Bearer",
            "COMPAT_AUDIENCE": "https://api.example", "COMPAT_ISSUER": "my-app", "COMPAT_LEEWAY": "60", "ACCESS_TTL": "1",
            "REFRESH_TTL": "1",
        ])
        #expect(
            all.compatibleClaims
                == ClaimsCompatibility(
                    userIDClaim: "https://example.com/uid", tokenTypeClaim: nil, issuer: "my-app", audience: "https://api.example"))
        #expect(all.authHeaderTypes == ["JWT", "Bearer"] && all.simplejwt?.headerType == "JWT")
        #expect(all.leeway == 60 && all.accessLifetime == 1 && all.refreshLifetime == 1)
        #expect(all.simplejwt?.isStrict == true && all.simplejwt?.blacklistsAfterRotation == false)
    }

    @Test("HS256 takes the shared secret as it is, of 32 bytes or more")
    func sharedSecret() throws {
        let secret = String(repeating: "s", count: 32)
        let configuration = try configure(["SIGNING_ALGORITHM": "HS256", "JWT_SECRET": secret])
        #expect(configuration.signingAlgorithm == .hs256)
        #expect(configuration.sharedSecret == Array(secret.utf8))
    }

    @Test(
        "a bad setting stops the start with a line that names it and says what to write",
        arguments: [
            (["LISTEN": "8080"], "MARTLET_LISTEN", "127.0.0.1:8080"), (["LISTEN": ":8080"], "MARTLET_LISTEN", "address and port"),
            (["LISTEN": "127.0.0.1"], "MARTLET_LISTEN", "address and port"), (["LISTEN": "127.0.0.1:99999"], "MARTLET_LISTEN", "address"),
            (["LISTEN": "unix:relative"], "MARTLET_LISTEN", "unix:/path"), (["METRICS_LISTEN": "on"], "MARTLET_METRICS_LISTEN", "address"),
            (["ISSUER": "auth.example"], "MARTLET_ISSUER", "https://"), (["MASTER_KEY": "short"], "MARTLET_MASTER_KEY", "43 characters"),
            (["MASTER_KEY": String(repeating: "A", count: 42)], "MARTLET_MASTER_KEY", "32 bytes"),
            (["MASTER_KEY": String(repeating: "A", count: 43) + "="], "MARTLET_MASTER_KEY", "without padding"),
            (["MASTER_KEY_PREVIOUS": "x"], "MARTLET_MASTER_KEY_PREVIOUS", "32 bytes"),
            (["SIGNING_ALGORITHM": "none"], "MARTLET_SIGNING_ALGORITHM", "ES256"),
            (["SIGNING_ALGORITHM": "es256"], "MARTLET_SIGNING_ALGORITHM", "ES256"),
            (["SIGNING_ALGORITHM": "HS256"], "MARTLET_JWT_SECRET", "32 bytes"),
            (["SIGNING_ALGORITHM": "HS256", "JWT_SECRET": String(repeating: "s", count: 31)], "MARTLET_JWT_SECRET", "32 bytes"),
            (["JWT_SECRET": String(repeating: "s", count: 32)], "MARTLET_JWT_SECRET", "MARTLET_SIGNING_ALGORITHM=HS256"),
            (["DATABASE": "postgres://db/martlet"], "MARTLET_DATABASE", "sqlite:"), (["DATABASE": "sqlite:"], "MARTLET_DATABASE", "path"),
            (["KEY_ROTATION_DAYS": "-1"], "MARTLET_KEY_ROTATION_DAYS", "0 to"),
            (["KEY_ROTATION_DAYS": "often"], "MARTLET_KEY_ROTATION_DAYS", "whole number"),
            (["ACCESS_TTL": "0"], "MARTLET_ACCESS_TTL", "whole number from"), (["ACCESS_TTL": "10m"], "MARTLET_ACCESS_TTL", "whole number"),
            (["ACCESS_TTL": "+600"], "MARTLET_ACCESS_TTL", "whole number"), (["ACCESS_TTL": "1e3"], "MARTLET_ACCESS_TTL", "whole number"),
            (["ACCESS_TTL": "99999999999999999999"], "MARTLET_ACCESS_TTL", "whole number"),
            (["REFRESH_TTL": "0"], "MARTLET_REFRESH_TTL", "from 1 to"),
            (["REFRESH_TTL": "7776001"], "MARTLET_REFRESH_TTL", "MARTLET_SESSION_TTL"),
            (["SESSION_TTL": "600"], "MARTLET_SESSION_TTL", "longer"),
            (["REFRESH_GRACE": "301"], "MARTLET_REFRESH_GRACE", "300"), (["REGISTRATION": "yes"], "MARTLET_REGISTRATION", "closed or open"),
            (["ADMIN_USERNAME": "ada"], "MARTLET_ADMIN_USERNAME", "MARTLET_ADMIN_PASSWORD"),
            (["ADMIN_PASSWORD": "correct horse"], "MARTLET_ADMIN_PASSWORD", "MARTLET_ADMIN_USERNAME"),
            (["ADMIN_USERNAME": "a b", "ADMIN_PASSWORD": "correct horse"], "MARTLET_ADMIN_USERNAME", "Letters"),
            (["ARGON2_MEMORY_KIB": "7"], "MARTLET_ARGON2_MEMORY_KIB", "8"), (["ARGON2_ITERATIONS": "0"], "MARTLET_ARGON2_ITERATIONS", "1"),
            (["ARGON2_PARALLELISM": "17"], "MARTLET_ARGON2_PARALLELISM", "16"),
            (["ARGON2_PARALLELISM": "0"], "MARTLET_ARGON2_PARALLELISM", "1"),
            (["ARGON2_MEMORY_KIB": "31", "ARGON2_PARALLELISM": "4"], "MARTLET_ARGON2_MEMORY_KIB", "4 lanes"),
            (["TRUSTED_PROXIES": "10.0.0.0/33"], "MARTLET_TRUSTED_PROXIES", "CIDRs"),
            (["TRUSTED_PROXIES": "proxy"], "MARTLET_TRUSTED_PROXIES", "10.0.0.0/8"),
            (["FORWARDED_HEADER": "x-real-ip"], "MARTLET_FORWARDED_HEADER", "forwarded or x-forwarded-for"),
            (["COMPAT": "simplejwt,allauth"], "MARTLET_COMPAT", "\"allauth\" is none of them"),
            (["COMPAT": "none,simplejwt"], "MARTLET_COMPAT", "none, or a list of simplejwt, drf-jwt, dj-rest-auth"),
            (["COMPAT": ","], "MARTLET_COMPAT", "a list"), (["COMPAT": "SimpleJWT"], "MARTLET_COMPAT", "simplejwt"),
            (["COMPAT_ROTATE_REFRESH_TOKENS": "on"], "MARTLET_COMPAT_ROTATE_REFRESH_TOKENS", "MARTLET_COMPAT=simplejwt or dj-rest-auth"),
            (["COMPAT_STRICT": "on"], "MARTLET_COMPAT_STRICT", "MARTLET_COMPAT=simplejwt or dj-rest-auth"),
            (
                [
                    "COMPAT": "dj-rest-auth", "COMPAT_OLD_PASSWORD_FIELD_ENABLED": "off",
                    "OLD_KEY": "a secret of thirty-two bytes, or more",
                    "OLD_KEY_UNTIL": "2026-12-01",
                ], "MARTLET_COMPAT_OLD_PASSWORD_FIELD_ENABLED", "MARTLET_OLD_KEY"
            ),
            (["COMPAT_ISSUER": "my-app"], "MARTLET_COMPAT_ISSUER", "MARTLET_COMPAT=simplejwt or dj-rest-auth"),
            (["COMPAT_LEEWAY": "5"], "MARTLET_COMPAT_LEEWAY", "simplejwt or drf-jwt or dj-rest-auth"),
            (
                ["COMPAT": "drf-jwt", "COMPAT_USER_ID_CLAIM": "id"], "MARTLET_COMPAT_USER_ID_CLAIM",
                "MARTLET_COMPAT=simplejwt or dj-rest-auth"
            ),
            (["COMPAT": "drf-jwt", "COMPAT_SLIDING": "on"], "MARTLET_COMPAT_SLIDING", "MARTLET_COMPAT=simplejwt beside"),
            (["COMPAT": "simplejwt", "COMPAT_SLIDING": "yes"], "MARTLET_COMPAT_SLIDING", "on"),
            (["COMPAT": "simplejwt", "COMPAT_LEEWAY": "61"], "MARTLET_COMPAT_LEEWAY", "0 to 60"),
            (
                ["COMPAT": "simplejwt", "COMPAT_BLACKLIST_AFTER_ROTATION": "off"], "MARTLET_COMPAT_BLACKLIST_AFTER_ROTATION",
                "MARTLET_COMPAT_STRICT=on"
            ),
            (["COMPAT": "simplejwt", "COMPAT_USER_ID_CLAIM": "sub"], "MARTLET_COMPAT_USER_ID_CLAIM", "must not be sub"),
            (["COMPAT": "simplejwt", "COMPAT_USER_ID_CLAIM": "a b"], "MARTLET_COMPAT_USER_ID_CLAIM", "ASCII"),
            (["COMPAT": "simplejwt", "COMPAT_TOKEN_TYPE_CLAIM": "jti"], "MARTLET_COMPAT_TOKEN_TYPE_CLAIM", "must not be jti"),
            (["COMPAT": "simplejwt", "COMPAT_TOKEN_TYPE_CLAIM": "user_id"], "MARTLET_COMPAT_TOKEN_TYPE_CLAIM", "two claims"),
            (["COMPAT": "simplejwt", "COMPAT_AUTH_HEADER_TYPES": "JWT Bearer"], "MARTLET_COMPAT_AUTH_HEADER_TYPES", "JWT,Bearer"),
            (["COMPAT": "simplejwt", "COMPAT_AUTH_HEADER_TYPES": "JWT,,Bearer:"], "MARTLET_COMPAT_AUTH_HEADER_TYPES", "words"),
            (["COMPAT": "simplejwt", "COMPAT_JWT_AUTH_COOKIE": "a"], "MARTLET_COMPAT_JWT_AUTH_COOKIE", "MARTLET_COMPAT=dj-rest-auth"),
            (["COMPAT_JWT_AUTH_RETURN_EXPIRATION": "on"], "MARTLET_COMPAT_JWT_AUTH_RETURN_EXPIRATION", "MARTLET_COMPAT=dj-rest-auth"),
            (["COMPAT_OLD_PASSWORD_FIELD_ENABLED": "off"], "MARTLET_COMPAT_OLD_PASSWORD_FIELD_ENABLED", "MARTLET_COMPAT=dj-rest-auth"),
            (["COMPAT": "dj-rest-auth", "COMPAT_JWT_AUTH_COOKIE": "a;b"], "MARTLET_COMPAT_JWT_AUTH_COOKIE", "app-auth"),
            (["COMPAT": "dj-rest-auth", "COMPAT_JWT_AUTH_COOKIE": "a b"], "MARTLET_COMPAT_JWT_AUTH_COOKIE", "app-auth"),
            (["COMPAT": "dj-rest-auth", "COMPAT_JWT_AUTH_REFRESH_COOKIE": "__Host-martlet-refresh"], "REFRESH_COOKIE", "Martlet has"),
            (
                ["COMPAT": "dj-rest-auth", "COMPAT_JWT_AUTH_COOKIE": "a", "COMPAT_JWT_AUTH_REFRESH_COOKIE": "a"],
                "MARTLET_COMPAT_JWT_AUTH_REFRESH_COOKIE", "another cookie"
            ),
            (["CORS_ORIGINS": "*"], "MARTLET_CORS_ORIGINS", "wildcard"),
            (["CORS_ORIGINS": "https://a.example/"], "MARTLET_CORS_ORIGINS", "without path"),
            (["CORS_ORIGINS": "null"], "MARTLET_CORS_ORIGINS", "https://app.example"), (["AUDIT_DAYS": "0"], "MARTLET_AUDIT_DAYS", "1"),
            (["LOG_LEVEL": "loud"], "MARTLET_LOG_LEVEL", "info"), (["LOG_FORMAT": "xml"], "MARTLET_LOG_FORMAT", "json or text"),
            (["LOGIN_ATTEMPTS": "10"], "MARTLET_LOGIN_ATTEMPTS", "10/60"), (["LOGIN_ATTEMPTS": "0/60"], "MARTLET_LOGIN_ATTEMPTS", "off"),
            (["LOGIN_ATTEMPTS": "10/0"], "MARTLET_LOGIN_ATTEMPTS", "off"), (["LOGIN_ATTEMPTS": "10/60/1"], "MARTLET_LOGIN_ATTEMPTS", "off"),
            (["LOGIN_ATTEMPTS": "//10/60"], "MARTLET_LOGIN_ATTEMPTS", "10/60"), (["MAX_BODY": "1"], "MARTLET_MAX_BODY", "1024"),
            (["MAX_CONNECTIONS": "0"], "MARTLET_MAX_CONNECTIONS", "1"), (["IDLE_TIMEOUT": "0"], "MARTLET_IDLE_TIMEOUT", "1"),
        ] as [([String: String], String, String)])
    func refused(settings: [String: String], variable: String, advice: String) {
        let error = #expect(throws: ConfigurationError.self) { try configure(settings) }
        let message = error?.description ?? ""
        #expect(message.contains(variable) && message.contains(advice), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test("an error names the setting as it was written: the flag where it was a flag")
    func origins() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(try SettingTexts(flags: ["access_ttl": "x"], environment: ["MARTLET_ACCESS_TTL": "600"], file: nil))
        }
        #expect(error?.description.hasPrefix("--access-ttl must be ") == true)
    }

    @Test("no error repeats a secret", arguments: ["MASTER_KEY", "MASTER_KEY_PREVIOUS", "JWT_SECRET", "ADMIN_PASSWORD"])
    func secretsStaySecret(name: String) {
        let error = #expect(throws: ConfigurationError.self) { try configure([name: "hunter2-hunter2-hunter2-hunter2-hunter2"]) }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        "an issuer is https without path, or http on loopback",
        arguments: [
            "https://auth.example", "https://auth.example:8443", "https://a", "https://192.0.2.1", "https://[2001:db8::1]:8443",
            "http://localhost",
            "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]", "http://[::1]:65535",
        ])
    func issuers(text: String) throws {
        #expect(try configure(["ISSUER": text]).issuer == text)
    }

    @Test(
        "nothing else is an issuer",
        arguments: [
            "http://auth.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://localhosts:80",
            "http://127.0.0.2",
            "http://localhost:80@evil.example", "https://auth.example/", "https://auth.example/path", "https://auth.example?x",
            "https://auth.example#x",
            "https://user@auth.example", "https://user:password@auth.example", "https://a.example,https://b.example",
            "HTTPS://auth.example",
            "https://Auth.example", "ftp://auth.example", "auth.example", "https://", "https:auth.example", "https://*.example",
            "https://a b", "null",
            "https://auth.example:", "https://auth.example:x", "https://auth.example:99999", "https://auth.example:0", "https://:443",
            "http://localhost:",
            "http://[::1", "https://[]", "https://auth.example\\x",
        ])
    func notIssuers(text: String) {
        let error = #expect(throws: ConfigurationError.self, "\(text)") { try configure(["ISSUER": text]) }
        #expect(error?.description.contains("MARTLET_ISSUER must be https://host[:port]") == true)
    }

    /// The configuration of variables, named without their prefix.
    private func configure(_ settings: [String: String]) throws(ConfigurationError) -> Configuration {
        var environment: [String: String] = [:]
        for (name, text) in settings { environment["MARTLET_" + name] = text }
        return try Configuration(try SettingTexts(flags: [:], environment: environment, file: nil))
    }
}
