// ClaimRule: a claim of the operator's own: its name, and what of an account it says, or always the same. Nothing is computed: a rule
// is one line that can be read. Claims that a protocol gives a meaning to have no rule, so that none can be made to lie.

import MartletEncoding
package import Store

/// A claim that goes with a scope.
package struct ClaimRule: Sendable, Hashable {
    package let name: String
    package let source: Source

    /// What a claim says.
    package enum Source: Sendable, Hashable {
        case id, username, email, emailVerified, displayName, roles, externalID, createdAt, updatedAt
        /// A member of the account's own JSON object, as it stands there.
        case attribute(String)
        /// Always this JSON.
        case constant([UInt8])
    }

    /// A claim with its value.
    package struct Value: Sendable, Hashable {
        package let name: String
        package let json: [UInt8]
    }

    package init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    /// The claim of an account; nil where that has nothing to say. An account without an address has no `email_verified` either.
    package func value(of user: User) -> Value? { json(of: user).map { Value(name: name, json: $0) } }

    private func json(of user: User) -> [UInt8]? {
        var writer = JSONWriter(capacity: 64)
        switch source {
        case .id: writer.string(user.id.text)
        case .username: writer.string(user.username)
        case .email:
            guard let email = user.email else { return nil }
            writer.string(email)
        case .emailVerified:
            guard user.email != nil else { return nil }
            writer.bool(user.emailVerified)
        case .displayName:
            guard !user.displayName.isEmpty else { return nil }
            writer.string(user.displayName)
        case .roles: writer.array { for role in user.roles { $0.string(role) } }
        case .externalID:
            guard let id = user.externalID else { return nil }
            writer.string(id)
        case .createdAt: writer.number(user.createdAt.seconds)
        case .updatedAt: writer.number(user.updatedAt.seconds)
        case .attribute(let name):
            guard let document = try? JSONDocument(parsing: Array(user.attributes.utf8)), let value = document.root[name], !value.isNull
            else { return nil }
            writer.raw(Array(value.json))
        case .constant(let json): writer.raw(json)
        }
        return writer.bytes
    }

    /// The words that `from` may be, without `attribute:`.
    static let sources: [(word: String, source: Source)] = [
        ("id", .id), ("username", .username), ("email", .email), ("email_verified", .emailVerified), ("name", .displayName),
        ("roles", .roles), ("external_id", .externalID), ("created_at", .createdAt), ("updated_at", .updatedAt),
    ]

    /// Claims that somebody other than the operator gives a meaning to: those of JWT (RFC 7519 §4.1), of access tokens (RFC 9068 §2.2,
    /// RFC 8693 §4, RFC 7800 §3, RFC 9470 §6.2), of ID and logout tokens (OpenID Connect Core 1.0 §2, §3.3.2.11, Back-Channel Logout 1.0
    /// §2.4), and what this service's tokens are told and renewed by.
    static let reserved: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "act", "may_act", "cnf", "auth_time", "acr", "amr", "azp",
        "nonce", "at_hash", "c_hash", "s_hash", "sid", "events", "sub_jwk", "authorization_details", "active", "typ", "token_type",
        "token_use", "ctr", "refresh_exp", "orig_iat", "orig_jti", "user_id", "_claim_names", "_claim_sources",
    ]

    /// Claims that may only say what their names say: others find accounts by them.
    static let fixed: [String: Source] = ["email": .email, "email_verified": .emailVerified]
}

/// The claims that go with a scope, by where they stand.
package struct ScopeClaims: Sendable, Hashable {
    package var accessToken: [ClaimRule]
    package var idToken: [ClaimRule]
    package var userInfo: [ClaimRule]

    package init(accessToken: [ClaimRule] = [], idToken: [ClaimRule] = [], userInfo: [ClaimRule] = []) {
        self.accessToken = accessToken
        self.idToken = idToken
        self.userInfo = userInfo
    }
}
