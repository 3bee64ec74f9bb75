// OldIssuerSettings: what the settings say of the service before, whose tokens are accepted for a while. The same for the service and
// for the sample API.

import Logging
import MartletEncoding
import MartletJOSE
import MartletVerifier

/// The service before, as the settings name it. Whether its time has come to an end is seen at the start.
struct OldIssuerSettings: Sendable {
    let issuer: OldIssuer
    private let origin: String

    /// Nil without a key. Throws for a key that cannot be used, without an end, and for what belongs to a key that is not there.
    ///
    /// `scopes` are what its access tokens count as having.
    init?(_ texts: SettingTexts, scopes: [String]) throws(ConfigurationError) {
        guard let text = texts[.oldKey] else {
            for setting in [Setting.oldKeyUntil, .oldKeyAlgorithm, .oldIssuer, .oldAudience] where texts[setting] != nil {
                throw ConfigurationError("\(texts.origin(setting)) needs \(Setting.oldKey.variable) beside it, or leave it out.")
            }
            return nil
        }
        guard let until = texts[.oldKeyUntil].flatMap({ UnixTime(dateOrTime: $0) }) else {
            throw ConfigurationError(
                "\(texts.origin(texts[.oldKeyUntil] == nil ? .oldKey : .oldKeyUntil)) needs \(Setting.oldKeyUntil.variable) beside it: "
                    + "a date such as 2027-01-31, which is its first moment in UTC, or a time such as 2027-01-31T18:00:00Z.")
        }
        origin = texts.origin(.oldKeyUntil)
        let type = texts[.oldTokenTypeClaim] ?? ""
        issuer = OldIssuer(
            key: try Self.key(text, texts), until: until, userIDClaim: texts[.oldUserIDClaim] ?? "",
            tokenTypeClaim: type == "none" ? nil : type, issuer: texts[.oldIssuer], audience: texts[.oldAudience], scopes: scopes)
    }

    /// The issuer before, as long as its tokens are accepted. Says in the log for how long they still are; throws when that is too long.
    func current(at now: UnixTime, logger: Logger) throws(ConfigurationError) -> OldIssuer? {
        guard issuer.until <= now.adding(seconds: Self.longestDays * 86_400) else {
            throw ConfigurationError(
                "\(origin) is more than \(Self.longestDays) days away: an old key is for the time of moving over; set an earlier date.")
        }
        guard now < issuer.until else {
            logger.warning("tokens of the service before are not accepted since \(issuer.until.rfc3339): remove \(Setting.oldKey.variable)")
            return nil
        }
        let hours = (issuer.until.seconds - now.seconds) / 3600
        logger.notice(
            "tokens of the service before (\(issuer.key.algorithm.name)) are accepted until \(issuer.until.rfc3339), \(hours / 24) days and \(hours % 24) hours"
        )
        return issuer
    }

    private static func key(_ text: String, _ texts: SettingTexts) throws(ConfigurationError) -> JWSVerificationKey {
        var algorithm: SignatureAlgorithm?
        if let name = texts[.oldKeyAlgorithm] {
            guard let named = SignatureAlgorithm(rawValue: name) else {
                let names = SignatureAlgorithm.allCases.map(\.name).joined(separator: ", ")
                throw ConfigurationError("\(texts.origin(.oldKeyAlgorithm)) must be one of \(names).")
            }
            algorithm = named
        }
        let origin = texts.origin(.oldKey)
        do throws(JOSEError) {
            return try JWSVerificationKey(text: Array(text.utf8), algorithm: algorithm)
        } catch {
            switch error {
            case .keyTooSmall: throw ConfigurationError("\(origin) is too short: a secret has 32 bytes or more, an RSA key 2048 bits.")
            case .algorithmMismatch:
                throw ConfigurationError(
                    "\(origin) is not for \(algorithm?.name ?? "its algorithm"): HS256, HS384 and HS512 are for a secret, the others for a public key."
                )
            default:
                throw ConfigurationError("\(origin) must be the secret, or the public key in PEM (-----BEGIN PUBLIC KEY-----).")
            }
        }
    }

    /// Moving over takes weeks; more than a year is a second key that nobody remembers.
    private static let longestDays: Int64 = 400
}
