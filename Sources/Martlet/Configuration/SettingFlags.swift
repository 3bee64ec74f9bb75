// SettingFlags: the flags of every setting that is no secret. Secrets come from the environment or a file: an argument
// can be read by everybody on the machine.

import ArgumentParser

struct SettingFlags: ParsableArguments {
    @Option(name: .customLong("config"), help: "A JSON file with settings; flags and the environment win over it.")
    var config: String?

    @Option(name: Setting.listen.argumentName, help: Setting.listen.argumentHelp)
    var listen: String?

    @Option(name: Setting.issuer.argumentName, help: Setting.issuer.argumentHelp)
    var issuer: String?

    @Option(name: Setting.dataDir.argumentName, help: Setting.dataDir.argumentHelp)
    var dataDir: String?

    @Option(name: Setting.database.argumentName, help: Setting.database.argumentHelp)
    var database: String?

    @Option(name: Setting.signingAlgorithm.argumentName, help: Setting.signingAlgorithm.argumentHelp)
    var signingAlgorithm: String?

    @Option(name: Setting.keyRotationDays.argumentName, help: Setting.keyRotationDays.argumentHelp)
    var keyRotationDays: String?

    @Option(name: Setting.accessTTL.argumentName, help: Setting.accessTTL.argumentHelp)
    var accessTTL: String?

    @Option(name: Setting.refreshTTL.argumentName, help: Setting.refreshTTL.argumentHelp)
    var refreshTTL: String?

    @Option(name: Setting.sessionTTL.argumentName, help: Setting.sessionTTL.argumentHelp)
    var sessionTTL: String?

    @Option(name: Setting.refreshGrace.argumentName, help: Setting.refreshGrace.argumentHelp)
    var refreshGrace: String?

    @Option(name: Setting.signInIdle.argumentName, help: Setting.signInIdle.argumentHelp)
    var signInIdle: String?

    @Option(name: Setting.signInTTL.argumentName, help: Setting.signInTTL.argumentHelp)
    var signInTTL: String?

    @Option(name: Setting.audience.argumentName, help: Setting.audience.argumentHelp)
    var audience: String?

    @Option(name: Setting.registration.argumentName, help: Setting.registration.argumentHelp)
    var registration: String?

    @Option(name: Setting.clientRegistration.argumentName, help: Setting.clientRegistration.argumentHelp)
    var clientRegistration: String?

    @Option(name: Setting.clientDocuments.argumentName, help: Setting.clientDocuments.argumentHelp)
    var clientDocuments: String?

    @Option(name: Setting.dpopNonce.argumentName, help: Setting.dpopNonce.argumentHelp)
    var dpopNonce: String?

    @Option(name: Setting.scopes.argumentName, help: Setting.scopes.argumentHelp)
    var scopes: String?

    @Option(name: Setting.adminUsername.argumentName, help: Setting.adminUsername.argumentHelp)
    var adminUsername: String?

    @Option(name: Setting.argon2MemoryKiB.argumentName, help: Setting.argon2MemoryKiB.argumentHelp)
    var argon2MemoryKiB: String?

    @Option(name: Setting.argon2Iterations.argumentName, help: Setting.argon2Iterations.argumentHelp)
    var argon2Iterations: String?

    @Option(name: Setting.argon2Parallelism.argumentName, help: Setting.argon2Parallelism.argumentHelp)
    var argon2Parallelism: String?

    @Option(name: Setting.metricsListen.argumentName, help: Setting.metricsListen.argumentHelp)
    var metricsListen: String?

    @Option(name: Setting.feed.argumentName, help: Setting.feed.argumentHelp)
    var feed: String?

    @Option(name: Setting.auditDays.argumentName, help: Setting.auditDays.argumentHelp)
    var auditDays: String?

    @Option(name: Setting.loginAttempts.argumentName, help: Setting.loginAttempts.argumentHelp)
    var loginAttempts: String?

    @Option(name: Setting.compat.argumentName, help: Setting.compat.argumentHelp)
    var compat: String?

    @Option(name: Setting.compatStrict.argumentName, help: Setting.compatStrict.argumentHelp)
    var compatStrict: String?

    @Option(name: Setting.compatRotateRefreshTokens.argumentName, help: Setting.compatRotateRefreshTokens.argumentHelp)
    var compatRotateRefreshTokens: String?

    @Option(name: Setting.compatAccessCookie.argumentName, help: Setting.compatAccessCookie.argumentHelp)
    var compatAccessCookie: String?

    @Option(name: Setting.compatRefreshCookie.argumentName, help: Setting.compatRefreshCookie.argumentHelp)
    var compatRefreshCookie: String?

    @Option(name: Setting.compatReturnExpiration.argumentName, help: Setting.compatReturnExpiration.argumentHelp)
    var compatReturnExpiration: String?

    @Option(name: Setting.compatOldPassword.argumentName, help: Setting.compatOldPassword.argumentHelp)
    var compatOldPassword: String?

    @Option(name: Setting.compatBlacklistAfterRotation.argumentName, help: Setting.compatBlacklistAfterRotation.argumentHelp)
    var compatBlacklistAfterRotation: String?

    @Option(name: Setting.compatSliding.argumentName, help: Setting.compatSliding.argumentHelp)
    var compatSliding: String?

    @Option(name: Setting.compatUserIDClaim.argumentName, help: Setting.compatUserIDClaim.argumentHelp)
    var compatUserIDClaim: String?

    @Option(name: Setting.compatTokenTypeClaim.argumentName, help: Setting.compatTokenTypeClaim.argumentHelp)
    var compatTokenTypeClaim: String?

    @Option(name: Setting.compatAuthHeaderTypes.argumentName, help: Setting.compatAuthHeaderTypes.argumentHelp)
    var compatAuthHeaderTypes: String?

    @Option(name: Setting.compatAudience.argumentName, help: Setting.compatAudience.argumentHelp)
    var compatAudience: String?

    @Option(name: Setting.compatIssuer.argumentName, help: Setting.compatIssuer.argumentHelp)
    var compatIssuer: String?

    @Option(name: Setting.compatLeeway.argumentName, help: Setting.compatLeeway.argumentHelp)
    var compatLeeway: String?
    @Option(name: Setting.publicDir.argumentName, help: Setting.publicDir.argumentHelp)
    var publicDir: String?

    @Option(name: Setting.migrationsDir.argumentName, help: Setting.migrationsDir.argumentHelp)
    var migrationsDir: String?

    @OptionGroup var old: OldIssuerFlags

    @OptionGroup var server: ServerFlags

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.listen, listen),
            (.issuer, issuer),
            (.dataDir, dataDir),
            (.database, database),
            (.signingAlgorithm, signingAlgorithm),
            (.keyRotationDays, keyRotationDays),
            (.accessTTL, accessTTL),
            (.refreshTTL, refreshTTL),
            (.sessionTTL, sessionTTL),
            (.refreshGrace, refreshGrace),
            (.signInIdle, signInIdle),
            (.signInTTL, signInTTL),
            (.audience, audience),
            (.registration, registration),
            (.clientRegistration, clientRegistration),
            (.clientDocuments, clientDocuments), (.scopes, scopes),
            (.dpopNonce, dpopNonce),
            (.adminUsername, adminUsername),
            (.argon2MemoryKiB, argon2MemoryKiB),
            (.argon2Iterations, argon2Iterations),
            (.argon2Parallelism, argon2Parallelism),
            (.metricsListen, metricsListen),
            (.feed, feed),
            (.auditDays, auditDays),
            (.loginAttempts, loginAttempts),
            (.compat, compat),
            (.compatStrict, compatStrict),
            (.compatRotateRefreshTokens, compatRotateRefreshTokens),
            (.compatAccessCookie, compatAccessCookie),
            (.compatRefreshCookie, compatRefreshCookie),
            (.compatReturnExpiration, compatReturnExpiration),
            (.compatOldPassword, compatOldPassword),
            (.compatBlacklistAfterRotation, compatBlacklistAfterRotation),
            (.compatSliding, compatSliding),
            (.compatUserIDClaim, compatUserIDClaim),
            (.compatTokenTypeClaim, compatTokenTypeClaim),
            (.compatAuthHeaderTypes, compatAuthHeaderTypes),
            (.compatAudience, compatAudience),
            (.compatIssuer, compatIssuer),
            (.compatLeeway, compatLeeway),
            (.publicDir, publicDir),
            (.migrationsDir, migrationsDir),
        ] + old.texts + server.texts
    }

    /// The configuration that flags, environment and file make together.
    func configuration(environment: [String: String]) throws(ConfigurationError) -> Configuration {
        var flags: [String: String] = [:]
        for (setting, text) in texts { flags[setting.name] = text }
        return try Configuration(try SettingTexts(flags: flags, environment: environment, file: config))
    }
}
