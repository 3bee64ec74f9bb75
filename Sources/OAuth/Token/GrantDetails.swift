// GrantDetails: what a person's yes was about, besides the scope: kept as one JSON object with the code, then with the session that the
// code is redeemed for, so that every later token of the session can say the same.

package import MartletEncoding

/// What the tokens of a grant say.
package struct GrantDetails: Sendable, Hashable {
    /// The APIs that tokens may be for (RFC 8707); empty for the service's default audience alone.
    package var resources: [String]
    /// `nonce` of the authorization request, for the first ID token.
    package var nonce: String?
    /// When the password was proved: `auth_time`.
    package var authenticatedAt: UnixTime?
    /// `amr` (RFC 8176).
    package var methods: [String]
    /// `acr`.
    package var context: String?
    /// `sid` of ID tokens and logout tokens: the sign-in that the grant came from, also where the session outlives it.
    package var signIn: String?
    /// Thumbprint of the key that every token is bound to (RFC 9449 §6); nil for none.
    package var proofKey: String?
    /// The request's `claims` (OpenID Connect Core 1.0 §5.5), as it was given; nil for none.
    package var claims: [UInt8]?
    /// Whether a refresh token goes with the tokens.
    package var hasRefreshToken: Bool

    package init(
        resources: [String] = [], nonce: String? = nil, authenticatedAt: UnixTime? = nil, methods: [String] = [], context: String? = nil,
        signIn: String? = nil, proofKey: String? = nil, claims: [UInt8]? = nil, hasRefreshToken: Bool = false
    ) {
        self.resources = resources
        self.nonce = nonce
        self.authenticatedAt = authenticatedAt
        self.methods = methods
        self.context = context
        self.signIn = signIn
        self.proofKey = proofKey
        self.claims = claims
        self.hasRefreshToken = hasRefreshToken
    }

    /// Reads what ``json`` wrote. Throws `server_error` for anything else.
    package init(parsing text: String) throws(OAuthError) {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)), document.root.isObject else {
            throw OAuthError(.serverError, "The grant cannot be read.", logDetail: "details are no JSON object")
        }
        let root = document.root
        self.init(
            resources: root["resources"]?.strings ?? [], nonce: root["nonce"]?.string,
            authenticatedAt: root["auth_time"]?.integer.map { UnixTime(seconds: $0) }, methods: root["amr"]?.strings ?? [],
            context: root["acr"]?.string, signIn: root["sid"]?.string, proofKey: root["jkt"]?.string,
            claims: root["claims"].map { Array($0.json) }, hasRefreshToken: root["refresh"]?.bool ?? false)
    }

    /// As it is stored.
    package var json: String {
        let bytes = JSONWriter.object(capacity: 256) { writer in
            if !resources.isEmpty { writer.member("resources", resources) }
            if let nonce { writer.member("nonce", nonce) }
            if let authenticatedAt { writer.member("auth_time", authenticatedAt.seconds) }
            if !methods.isEmpty { writer.member("amr", methods) }
            if let context { writer.member("acr", context) }
            if let signIn { writer.member("sid", signIn) }
            if let proofKey { writer.member("jkt", proofKey) }
            if let claims {
                writer.name("claims")
                writer.raw(claims)
            }
            if hasRefreshToken { writer.member("refresh", true) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
