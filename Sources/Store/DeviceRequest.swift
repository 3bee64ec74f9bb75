// DeviceRequest: a device without a keyboard asks, its owner answers elsewhere (RFC 8628).

package import MartletEncoding

/// A request of a device.
package struct DeviceRequest: Sendable, Hashable {
    /// SHA-256 of the device code.
    package var deviceCodeHash: [UInt8]
    /// SHA-256 of the user code in the form that it is compared in.
    package var userCodeHash: [UInt8]
    package var clientID: String
    package var proofKey: String?
    /// Space-separated, as asked for; as granted once it is approved.
    package var scope: String
    package var resources: [String]
    package var state: State
    package var userID: UserID?
    /// A JSON object of what the tokens will say besides; nil until it is approved.
    package var details: String?
    package var browserSession: String?
    /// Seconds between polls; rises by five when they come too fast (RFC 8628 §3.5).
    package var interval: Int64
    package var polledAt: UnixTime?
    package var expiresAt: UnixTime

    package enum State: String, Sendable, Hashable {
        case pending, approved, denied, redeemed
    }

    package init(
        deviceCodeHash: [UInt8], userCodeHash: [UInt8], clientID: String, proofKey: String?, scope: String, resources: [String],
        state: State = .pending, userID: UserID? = nil, details: String? = nil, browserSession: String? = nil, interval: Int64,
        polledAt: UnixTime? = nil, expiresAt: UnixTime
    ) {
        self.deviceCodeHash = deviceCodeHash
        self.userCodeHash = userCodeHash
        self.clientID = clientID
        self.proofKey = proofKey
        self.scope = scope
        self.resources = resources
        self.state = state
        self.userID = userID
        self.details = details
        self.browserSession = browserSession
        self.interval = interval
        self.polledAt = polledAt
        self.expiresAt = expiresAt
    }
}

/// What the owner of a device says.
package enum DeviceDecision: Sendable, Hashable {
    case approve(UserID, scope: String, details: String, browserSession: String?)
    case deny
}

/// What a poll finds.
///
/// | the request | outcome |
/// | --- | --- |
/// | unknown, another client's, or redeemed | `refused` |
/// | its time is over | `expired` |
/// | pending or not, polled before the interval was over | `slowDown`, the interval rises by five seconds |
/// | pending | `pending` |
/// | denied | `denied` |
/// | approved | `redeemed`: a session begins, once |
package enum DevicePollOutcome: Sendable, Hashable {
    case redeemed(DeviceRequest, Session, User)
    case pending, slowDown, denied, expired, refused
    /// As in ``BeginSessionOutcome``.
    case staleKeys
}
