// APIClient: the client that `martlet api` is at its issuer, to read a revocation feed that is not public (MARTLET_FEED=token there).

import MartletVerifier

/// Id and secret of a confidential client, for an issuer that may be sent them.
struct APIClient: Sendable {
    let issuer: SecureURL
    let id: String
    let secret: String

    /// Nil where neither setting is there. Throws where one is there alone, or the issuer is no address.
    init?(_ texts: SettingTexts, issuer: String) throws(ConfigurationError) {
        switch (texts[.apiClientID], texts[.apiClientSecret]) {
        case (nil, nil): return nil
        case (let id?, let secret?):
            guard let address = SecureURL(issuer) else {
                throw ConfigurationError("\(Setting.apiIssuer.variable): \(InvalidIssuer(issuer: issuer))")
            }
            self.issuer = address
            self.id = id
            self.secret = secret
        case (_?, nil):
            throw ConfigurationError("\(texts.origin(.apiClientID)) needs \(Setting.apiClientSecret.variable) beside it.")
        case (nil, _?):
            throw ConfigurationError("\(texts.origin(.apiClientSecret)) needs \(Setting.apiClientID.variable) beside it.")
        }
    }
}
