// ScopeCatalogue: the scopes that this service knows, each with the sentence that people are asked by. What is not in it cannot be
// granted.

/// A scope as people see it.
package struct ScopeDescription: Sendable, Hashable {
    package var name: String
    /// What the client may do with it, for the consent page: a sentence that goes on after "It wants to".
    package var text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// The scopes of a service.
package struct ScopeCatalogue: Sendable {
    /// OpenID Connect's, and the operator's own.
    package let scopes: [ScopeDescription]

    /// With the operator's own scopes beside OpenID Connect's.
    package init(own: [ScopeDescription]) {
        scopes = Self.openID + own.filter { scope in !Self.openID.contains { $0.name == scope.name } }
    }

    /// Every name.
    package var names: ScopeSet { ScopeSet(scopes.map(\.name)) }

    /// What a client gets of what it asked for. RFC 6749 §3.3 lets a server ignore scopes; asking for one that nobody knows, or that
    /// this client may not have, is told instead: a client that goes on with less than it needs fails later and darker.
    ///
    /// Throws `invalid_scope`.
    package func granted(_ asked: ScopeSet, to client: Client) throws(OAuthError) -> ScopeSet {
        let allowed = (client.metadata.scope ?? names).intersection(names)
        guard asked.isSubset(of: allowed) else {
            let excess = asked.subtracting(allowed).text
            throw OAuthError(.invalidScope, "The client may not have: \(excess).")
        }
        return asked
    }

    /// OpenID Connect Core 1.0 §5.4 and §11.
    package static let openID = [
        ScopeDescription(name: "openid", text: "know who you are"),
        ScopeDescription(name: "profile", text: "see your name"),
        ScopeDescription(name: "email", text: "see your e-mail address"),
        ScopeDescription(name: "offline_access", text: "go on when you are away"),
    ]
}
