// OAuthClient: an application that is registered here, at rest. What its members mean is the OAuth layer's to say.

package import MartletEncoding

/// A registered client.
package struct OAuthClient: Sendable, Hashable {
    /// The `client_id`.
    package var id: String
    package var origin: Origin
    /// A keyed hash of its secret; nil for a client without one.
    package var secret: [UInt8]?
    /// SHA-256 of the registration access token (RFC 7592 §3); nil where there is none.
    package var registrationToken: [UInt8]?
    /// A JSON object: what the client says about itself (RFC 7591 §2).
    package var metadata: String
    /// A JSON object: what the operator says about it.
    package var policy: String
    /// Rises with every change.
    package var version: Int64
    package var createdAt: UnixTime
    package var updatedAt: UnixTime
    /// When it goes, unless somebody used it by then; nil for never.
    package var unusedUntil: UnixTime?

    /// Who made it.
    package enum Origin: String, Sendable, Hashable {
        case `operator`
        /// Dynamic registration (RFC 7591) with an initial access token.
        case registration
        /// Dynamic registration by anybody.
        case anonymous
    }

    package init(
        id: String, origin: Origin, secret: [UInt8]?, registrationToken: [UInt8]? = nil, metadata: String, policy: String = "{}",
        version: Int64 = 1, createdAt: UnixTime, updatedAt: UnixTime, unusedUntil: UnixTime? = nil
    ) {
        self.id = id
        self.origin = origin
        self.secret = secret
        self.registrationToken = registrationToken
        self.metadata = metadata
        self.policy = policy
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.unusedUntil = unusedUntil
    }
}

/// What came of changing a client.
package enum ChangeClientOutcome: Sendable, Hashable {
    case changed(OAuthClient)
    case notFound
    /// The client has another version by now.
    case versionMismatch
}

/// What a person let a client have.
package struct Consent: Sendable, Hashable {
    package var userID: UserID
    package var clientID: String
    /// Space-separated.
    package var scope: String
    /// The APIs (RFC 8707), in no order.
    package var resources: [String]
    package var grantedAt: UnixTime

    package init(userID: UserID, clientID: String, scope: String, resources: [String], grantedAt: UnixTime) {
        self.userID = userID
        self.clientID = clientID
        self.scope = scope
        self.resources = resources
        self.grantedAt = grantedAt
    }

    /// Whether the yes was to all of this: to each scope, at each of the APIs. One for the default audience, which is what no APIs mean,
    /// is none for others, and the other way round.
    package func covers(scope: Set<String>, resources: Set<String>) -> Bool {
        resources.isEmpty == self.resources.isEmpty && scope.isSubset(of: scopes) && resources.isSubset(of: self.resources)
    }

    /// What is remembered after this yes and an earlier one: both, where that says nothing that neither of them said; else the larger of
    /// them, or this one.
    package func after(_ old: Consent) -> Consent {
        if old.covers(scope: scopes, resources: Set(resources)) { return old.granted(at: grantedAt) }
        let isForOthers = resources.isEmpty != old.resources.isEmpty
        guard !isForOthers, scopes == old.scopes || Set(resources) == Set(old.resources) else { return self }
        var both = self
        both.scope = old.scope
        for name in scope.split(separator: " ") where !old.scopes.contains(String(name)) {
            both.scope += (both.scope.isEmpty ? "" : " ") + name
        }
        both.resources = old.resources + resources.filter { !old.resources.contains($0) }
        return both
    }

    private var scopes: Set<String> { Set(scope.split(separator: " ").map(String.init)) }

    private func granted(at time: UnixTime) -> Consent {
        var consent = self
        consent.grantedAt = time
        return consent
    }
}
