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
}
