// Configuration+Compat: the settings of those who come from Django, under the names that their packages give them.

import Tokens
import Web

extension Configuration {
    /// `MARTLET_COMPAT`: a list of groups, or `none`.
    static func compat(_ texts: SettingTexts) throws(ConfigurationError) -> Set<CompatibilityGroup> {
        let words = list(.compat, texts)
        if words == ["none"] { return [] }
        var groups: Set<CompatibilityGroup> = []
        for word in words {
            guard let group = CompatibilityGroup(rawValue: word) else {
                let names = CompatibilityGroup.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError("\(texts.origin(.compat)) must be none, or a list of \(names); \"\(word)\" is none of them.")
            }
            groups.insert(group)
        }
        guard !groups.isEmpty else { throw ConfigurationError("\(texts.origin(.compat)) must be none, or a list of groups.") }
        return groups
    }

    /// What is said for endpoints that are not served is a slip, and not passed over.
    private static func require(
        oneOf needed: [CompatibilityGroup], for settings: [Setting], _ groups: Set<CompatibilityGroup>, _ texts: SettingTexts
    ) throws(ConfigurationError) {
        guard groups.isDisjoint(with: needed), let idle = settings.first(where: { texts[$0] != $0.fallback }) else { return }
        let names = needed.map(\.rawValue).joined(separator: " or ")
        throw ConfigurationError("\(texts.origin(idle)) needs \(Setting.compat.variable)=\(names) beside it.")
    }

    /// simplejwt's claims, which dj-rest-auth's tokens have as well; drf-jwt has claims of its own.
    static func compatibleClaims(
        _ groups: Set<CompatibilityGroup>, _ texts: SettingTexts
    ) throws(ConfigurationError) -> ClaimsCompatibility? {
        let needed = [CompatibilityGroup.simplejwt, .djRestAuth]
        try require(
            oneOf: needed,
            for: [
                .compatStrict, .compatRotateRefreshTokens, .compatBlacklistAfterRotation, .compatUserIDClaim, .compatTokenTypeClaim,
                .compatAudience, .compatIssuer,
            ], groups, texts)
        try require(oneOf: CompatibilityGroup.allCases, for: [.compatAuthHeaderTypes, .compatLeeway], groups, texts)
        let user = try claimName(.compatUserIDClaim, texts)
        let type = texts[.compatTokenTypeClaim] == "none" ? nil : try claimName(.compatTokenTypeClaim, texts)
        guard user != type else {
            throw ConfigurationError(
                "\(texts.origin(.compatUserIDClaim)) and \(texts.origin(.compatTokenTypeClaim)) must be two claims, not one.")
        }
        return groups.isDisjoint(with: needed)
            ? nil
            : ClaimsCompatibility(
                userIDClaim: user, tokenTypeClaim: type, issuer: texts[.compatIssuer], audience: texts[.compatAudience])
    }

    /// A claim of Martlet's own keeps its meaning: verifiers, revocation and sessions go by it.
    private static func claimName(_ setting: Setting, _ texts: SettingTexts) throws(ConfigurationError) -> String {
        let name = texts[setting] ?? ""
        guard name.utf8.count <= 64, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) else {
            throw ConfigurationError("\(texts.origin(setting)) must be a claim's name: 1 to 64 letters, digits and signs of ASCII.")
        }
        guard !ClaimsCompatibility.takenNames.contains(name) else {
            throw ConfigurationError(
                "\(texts.origin(setting)) must not be \(name), which means something else in Martlet's tokens; see docs/django.md.")
        }
        return name
    }

    static func authHeaderTypes(_ texts: SettingTexts) throws(ConfigurationError) -> [String] {
        let words = list(.compatAuthHeaderTypes, texts)
        let isScheme = { (word: String) in
            !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                }
        }
        guard !words.isEmpty, words.allSatisfy(isScheme) else {
            throw ConfigurationError("\(texts.origin(.compatAuthHeaderTypes)) must list words such as JWT,Bearer.")
        }
        return words
    }

    static func simplejwt(
        _ groups: Set<CompatibilityGroup>, _ texts: SettingTexts
    ) throws(ConfigurationError) -> SimpleJWTSettings? {
        try require(oneOf: [.simplejwt], for: [.compatSliding], groups, texts)
        var settings = try simplejwtTokens(texts)
        settings.isSliding = try choice(.compatSliding, texts, onOrOff)
        return groups.contains(.simplejwt) ? settings : nil
    }

    /// What holds for simplejwt's tokens, whoever gives them out.
    private static func simplejwtTokens(_ texts: SettingTexts) throws(ConfigurationError) -> SimpleJWTSettings {
        let isStrict = try choice(.compatStrict, texts, onOrOff)
        let rotates = try choice(.compatRotateRefreshTokens, texts, onOrOff)
        let blacklists = try choice(.compatBlacklistAfterRotation, texts, onOrOff)
        guard blacklists || isStrict else {
            throw ConfigurationError("\(texts.origin(.compatBlacklistAfterRotation)) needs \(Setting.compatStrict.variable)=on beside it.")
        }
        return SimpleJWTSettings(
            rotatesRefreshTokens: rotates, blacklistsAfterRotation: blacklists, isStrict: isStrict,
            headerType: try authHeaderTypes(texts).first ?? "Bearer")
    }

    static func djRestAuth(
        _ groups: Set<CompatibilityGroup>, _ texts: SettingTexts
    ) throws(ConfigurationError) -> DJRestAuthSettings? {
        let settings = DJRestAuthSettings(
            tokens: try simplejwtTokens(texts), asksForOldPassword: try choice(.compatOldPassword, texts, onOrOff),
            returnsExpiration: try choice(.compatReturnExpiration, texts, onOrOff),
            accessCookie: try cookieName(.compatAccessCookie, texts), refreshCookie: try cookieName(.compatRefreshCookie, texts))
        guard settings.accessCookie == nil || settings.accessCookie != settings.refreshCookie else {
            throw ConfigurationError("\(texts.origin(.compatRefreshCookie)) must name another cookie than the access token's.")
        }
        try require(
            oneOf: [.djRestAuth], for: [.compatAccessCookie, .compatRefreshCookie, .compatReturnExpiration, .compatOldPassword], groups,
            texts)
        return groups.contains(.djRestAuth) ? settings : nil
    }

    /// A token (RFC 6265 §4.1.1) that is not the name of the native cookie.
    private static func cookieName(_ setting: Setting, _ texts: SettingTexts) throws(ConfigurationError) -> String? {
        guard let name = texts[setting] else { return nil }
        let isToken = name.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
        }
        guard !name.hasSuffix("martlet-refresh") else {
            throw ConfigurationError("\(texts.origin(setting)) must not be \(name): Martlet has a cookie of that name.")
        }
        guard isToken, (1...64).contains(name.utf8.count) else {
            throw ConfigurationError("\(texts.origin(setting)) must be a name for a cookie, such as app-auth: letters, digits, - and _.")
        }
        return name
    }

    private static let onOrOff = ["on": true, "off": false]
}
