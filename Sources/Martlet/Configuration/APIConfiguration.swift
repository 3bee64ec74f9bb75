// APIConfiguration: what the settings of `martlet api` mean, as values that cannot be wrong.

import HTTP
import HTTPServer
import Logging
import MartletCryptography
import MartletVerifier
import MartletVerifierRedis

/// Everything that a consuming process is told.
struct APIConfiguration: Sendable {
    var listen: ListenAddress
    var issuer: String
    var audience: String?
    /// Scheme, host and port by which clients reach it; nil where nobody said it.
    var origin: String?
    var proofNonces: DPoPNonces?
    /// Redis first, then the disk; nil without either.
    var tiers: FleetTiers?
    var whenStale: RevocationFeed.WhenStale
    /// What reads a feed that is not public; nil for a public one.
    var client: APIClient?
    /// The service before; nil when its tokens are strangers'.
    var oldIssuer: OldIssuerSettings?
    var trustedProxies: TrustedProxies
    var cors: CORSPolicy
    var metricsListen: ListenAddress?
    var logLevel: Logger.Level
    var logFormat: LogFormat?
    var limits: Limits

    init(_ texts: SettingTexts) throws(ConfigurationError) {
        listen = try Configuration.address(.apiListen, texts)
        guard let issuer = texts[.apiIssuer] else {
            throw ConfigurationError(
                "\(Setting.apiIssuer.variable) or --issuer is needed: the address of the service whose tokens to accept.")
        }
        self.issuer = issuer
        audience = texts[.apiAudience]
        origin = try Self.origin(texts, audience: audience)
        if try Configuration.choice(.apiDPoPNonce, texts, ["on": true, "off": false]) {
            let secret = texts[.fleetSecret].map { HMACKey(Array($0.utf8)).code(for: Array("dpop nonces".utf8)) }
            proofNonces = DPoPNonces(secret: secret ?? RandomSource.secure.bytes(32))
        }
        tiers = try Self.tiers(texts)
        whenStale =
            texts[.maxStaleness] == "off"
            ? .accept : .refuse(afterSeconds: try Configuration.number(.maxStaleness, texts, 2...86_400, or: "off"))
        client = try APIClient(texts, issuer: issuer)
        oldIssuer = try OldIssuerSettings(texts, scopes: [])
        trustedProxies = try Configuration.proxies(texts)
        cors = try Configuration.cors(texts)
        metricsListen = texts[.apiMetricsListen] == "off" ? nil : try Configuration.address(.apiMetricsListen, texts)
        logLevel = try Configuration.logLevel(texts)
        logFormat = try Configuration.logFormat(texts)
        limits = try Configuration.limits(texts)
    }

    /// By default that of an audience that is an address; an issuer's own is another process's.
    private static func origin(_ texts: SettingTexts, audience: String?) throws(ConfigurationError) -> String? {
        guard let text = texts[.publicURL] else { return audience.flatMap { SecureURL($0)?.origin } }
        guard let url = SecureURL(text), text == url.origin || text == url.origin + "/" else {
            throw ConfigurationError("\(texts.origin(.publicURL)) must be https://host[:port], or http:// on this machine.")
        }
        return url.origin
    }

    private static func tiers(_ texts: SettingTexts) throws(ConfigurationError) -> FleetTiers? {
        var tiers: [any Tier] = []
        if let url = texts[.redis] {
            guard !url.contains("@") || texts.origin(.redis) != "--\(Setting.redis.flag)" else {
                throw ConfigurationError(
                    "--redis must not hold a password, which everybody on the machine could read; set \(Setting.redis.variable) instead.")
            }
            do throws(RedisURLFailure) {
                tiers.append(try RedisTier(url: url))
            } catch {
                throw ConfigurationError("\(texts.origin(.redis)): \(error)")
            }
        }
        if let folder = texts[.keyCacheDir] { tiers.append(FileTier(folder: folder)) }
        guard !tiers.isEmpty else {
            guard texts[.fleetSecret] == nil else {
                throw ConfigurationError(
                    "\(texts.origin(.fleetSecret)) seals what \(Setting.redis.variable) or \(Setting.keyCacheDir.variable) keeps; set one, or leave it out."
                )
            }
            return nil
        }
        guard let secret = texts[.fleetSecret], let sealed = FleetTiers(tiers, secret: Array(secret.utf8)) else {
            let origin = texts.origin(texts[.redis] == nil ? .keyCacheDir : .redis)
            throw ConfigurationError(
                "\(origin) needs \(Setting.fleetSecret.variable): a secret of 32 bytes or more, the same for the whole fleet.")
        }
        return sealed
    }
}
