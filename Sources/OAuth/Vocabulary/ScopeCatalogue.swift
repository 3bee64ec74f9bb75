// ScopeCatalogue: the scopes that this service knows, each with the sentence that people are asked by and the claims that go with it. What
// is not in it cannot be granted.

/// A scope as people see it, and what it means in tokens.
package struct ScopeDescription: Sendable, Hashable {
    package var name: String
    /// What the client may do with it, for the consent page: a sentence that goes on after "It wants to".
    package var text: String
    /// The operator's own claims.
    package var claims: ScopeClaims

    package init(name: String, text: String, claims: ScopeClaims = ScopeClaims()) {
        self.name = name
        self.text = text
        self.claims = claims
    }
}

/// The scopes of a service.
package struct ScopeCatalogue: Sendable {
    /// OpenID Connect's, and the operator's own.
    package let scopes: [ScopeDescription]

    /// With the operator's own scopes beside OpenID Connect's. Of one of those, the operator may say another sentence and add claims.
    package init(own: [ScopeDescription]) {
        let standard = Self.openID.map { scope in
            guard let other = own.first(where: { $0.name == scope.name }) else { return scope }
            return ScopeDescription(name: scope.name, text: other.text.isEmpty ? scope.text : other.text, claims: other.claims)
        }
        scopes = standard + own.filter { scope in !Self.openID.contains { $0.name == scope.name } }
    }

    /// Every name.
    package var names: ScopeSet { ScopeSet(scopes.map(\.name)) }

    /// The operator's claims that go with some scopes, each once.
    package func rules(_ target: KeyPath<ScopeClaims, [ClaimRule]>, of granted: ScopeSet) -> [ClaimRule] {
        var rules: [ClaimRule] = []
        for scope in scopes where !scope.claims[keyPath: target].isEmpty && granted.contains(scope.name) {
            for rule in scope.claims[keyPath: target] where !rules.contains(where: { $0.name == rule.name }) { rules.append(rule) }
        }
        return rules
    }

    /// The sentence of a scope; nil for one that is not known any more.
    package func text(of name: String) -> String? { scopes.first { $0.name.utf8.elementsEqual(name.utf8) }?.text }

    /// What a client gets of what it asked for. RFC 6749 §3.3 lets a server ignore scopes; asking for one that nobody knows, or that
    /// this client may not have, is told instead: a client that goes on with less than it needs fails later and darker.
    ///
    /// Throws `invalid_scope`.
    package func granted(_ asked: ScopeSet, to client: Client) throws(OAuthError) -> ScopeSet {
        let allowed = allowed(to: client)
        guard asked.isSubset(of: allowed) else {
            let excess = asked.subtracting(allowed).text
            throw OAuthError(.invalidScope, "The client may not have: \(excess).")
        }
        return asked
    }

    /// What a client may ask for.
    package func allowed(to client: Client) -> ScopeSet { (client.metadata.scope ?? names).intersection(names) }

    /// OpenID Connect Core 1.0 §5.4 and §11.
    package static let openID = [
        ScopeDescription(name: "openid", text: "know who you are"),
        ScopeDescription(name: "profile", text: "see your name"),
        ScopeDescription(name: "email", text: "see your e-mail address"),
        ScopeDescription(name: "offline_access", text: "go on when you are away"),
    ]
}
