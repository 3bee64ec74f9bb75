// SigningKeyRecord: a key of the ring at rest. Its state is decided by its times, so that every process agrees.

package import MartletEncoding

/// A key of the ring at rest.
package struct SigningKeyRecord: Sendable, Hashable {
    /// The `kid`.
    package var id: String
    package var purpose: Purpose
    /// The JWS `alg` it signs with.
    package var algorithm: String
    /// The public JWK as JSON; empty for a secret.
    package var publicKey: [UInt8]
    /// The private JWK as JSON, sealed under the master key.
    package var privateKey: [UInt8]
    /// Since when it is in the key set.
    package var publishedAt: UnixTime
    package var activatedAt: UnixTime?
    package var retiringAt: UnixTime?
    package var retiredAt: UnixTime?
    /// No token signed by this key has a later `exp`.
    package var lastTokenExpiresAt: UnixTime?

    package init(
        id: String, purpose: Purpose, algorithm: String, publicKey: [UInt8], privateKey: [UInt8], publishedAt: UnixTime,
        activatedAt: UnixTime? = nil, retiringAt: UnixTime? = nil, retiredAt: UnixTime? = nil, lastTokenExpiresAt: UnixTime? = nil
    ) {
        self.id = id
        self.purpose = purpose
        self.algorithm = algorithm
        self.publicKey = publicKey
        self.privateKey = privateKey
        self.publishedAt = publishedAt
        self.activatedAt = activatedAt
        self.retiringAt = retiringAt
        self.retiredAt = retiredAt
        self.lastTokenExpiresAt = lastTokenExpiresAt
    }

    /// What a key signs. Keys of one purpose never sign for another.
    package enum Purpose: String, Sendable, Hashable, CaseIterable {
        case access, refresh
        /// The revocation feed's.
        case feed
        /// ID tokens, and whatever else is signed for clients to read. Several sign side by side, one for each algorithm.
        case id
    }

    /// Keys that follow each other: of a purpose, and where several algorithms are signed with at a time, of one of them.
    package struct Line: Sendable, Hashable {
        package let purpose: Purpose
        private let algorithm: String?

        package init(_ purpose: Purpose, algorithm: String) {
            self.purpose = purpose
            self.algorithm = purpose == .id ? algorithm : nil
        }
    }

    /// The line that this key is one of.
    package var line: Line { Line(purpose, algorithm: algorithm) }

    /// Where a key is in its life.
    package enum State: String, Sendable, Hashable {
        /// Published, not signing yet.
        case next
        /// Signing.
        case active
        /// Not signing any more; its tokens still verify.
        case retiring
        /// Out of the key set.
        case retired
    }

    /// Where this key is in its life.
    package var state: State {
        if retiredAt != nil { return .retired }
        if retiringAt != nil { return .retiring }
        return activatedAt == nil ? .next : .active
    }
}

/// A key's high-water mark to be raised: no token of it will expire later than this.
package struct KeyMark: Sendable, Hashable {
    /// The `kid`.
    package var keyID: String
    package var expiresAt: UnixTime

    /// A mark for a key.
    package init(keyID: String, expiresAt: UnixTime) {
        self.keyID = keyID
        self.expiresAt = expiresAt
    }
}
