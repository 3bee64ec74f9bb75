// StandardClaims: OpenID Connect's own scopes about a person, and the claims that each of them means here (Core 1.0 §5.1, §5.4). What an
// account does not have is left out.

import MartletEncoding
import Store

/// A scope of OpenID Connect that means claims.
enum StandardClaims: String, CaseIterable {
    case profile, email

    /// The claims of the scope.
    var names: [String] {
        switch self {
        case .profile: ["name", "preferred_username", "updated_at"]
        case .email: ["email", "email_verified"]
        }
    }

    /// What they say about an account.
    func members(of user: User) -> [ClaimRule.Value] {
        let rules: [ClaimRule] =
            switch self {
            case .profile:
                [
                    ClaimRule(name: "name", source: .displayName), ClaimRule(name: "preferred_username", source: .username),
                    ClaimRule(name: "updated_at", source: .updatedAt),
                ]
            case .email: [ClaimRule(name: "email", source: .email), ClaimRule(name: "email_verified", source: .emailVerified)]
            }
        return rules.compactMap { $0.value(of: user) }
    }
}
