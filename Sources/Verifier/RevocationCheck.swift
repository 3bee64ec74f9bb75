// RevocationCheck: how a verifier asks whether a token has been taken back. It asks for every token, cached or not, so what it
// asks with is made once and kept beside the token: no string is hashed on the way.
import MartletCryptography
public import MartletEncoding
import MartletJOSE

/// Knows what has been taken back.
public protocol RevocationCheck: Sendable {
    /// Whether the token has been taken back by its session, its own id, its client or its key. Must not block.
    func verdict(on token: RevocationSubject, at now: UnixTime) -> RevocationVerdict
}

/// What a check knows about a token.
public enum RevocationVerdict: Sendable, Hashable {
    /// Nobody has taken it back.
    case standing
    /// It has been taken back.
    case revoked
    /// Nobody can say: the news is older than the check accepts.
    case stale
}

/// What a token can be taken back by.
public struct RevocationSubject: Sendable, Hashable {
    /// Its session (`sid`).
    public let session: RevocationDigest?
    /// Its own id (`jti`).
    public let token: RevocationDigest?
    /// Its client (`client_id`).
    public let client: RevocationDigest?
    /// Its key (`kid`).
    public let key: RevocationDigest?
    /// `iat` in seconds; nil counts as earlier than any time.
    public let issuedAt: Int64?

    /// A subject with these digests.
    public init(
        session: RevocationDigest? = nil, token: RevocationDigest? = nil, client: RevocationDigest? = nil,
        key: RevocationDigest? = nil, issuedAt: Int64? = nil
    ) {
        self.session = session
        self.token = token
        self.client = client
        self.key = key
        self.issuedAt = issuedAt
    }

    init(sessionID: String?, tokenID: String?, clientID: String?, key: RevocationDigest?, issuedAt: Int64?) {
        self.init(
            session: sessionID.map { RevocationDigest(.session, $0) }, token: tokenID.map { RevocationDigest(.token, $0) },
            client: clientID.map { RevocationDigest(.client, $0) }, key: key, issuedAt: issuedAt)
    }

    /// Of a token of the old issuer: by its own id, by that of the token it followed from, or with all that its user had been given
    /// by then.
    init(old token: OldIssuer.Token) {
        self.init(
            session: token.claims["orig_jti"]?.string.map { RevocationDigest(.token, $0) },
            token: token.claims.tokenID.map { RevocationDigest(.token, $0) },
            client: RevocationDigest(.client, OldIssuer.revocationID(ofUser: token.subject)), issuedAt: token.claims.issuedAt)
    }
}

/// The first 16 bytes of SHA-256(kind ":" id): how the revocation feed names an id without telling it.
public struct RevocationDigest: Sendable, Hashable {
    /// The first 8 bytes, big-endian.
    public let high: UInt64
    /// The last 8 bytes, big-endian.
    public let low: UInt64

    /// What an id names.
    public enum Kind: String, Sendable, CaseIterable {
        case session = "sid"
        case token = "jti"
        case client = "client"
        case key = "key"
    }

    /// The digest for an id.
    public init(_ kind: Kind, _ id: String) {
        var text: [UInt8] = []
        text.reserveCapacity(kind.rawValue.utf8.count + 1 + id.utf8.count)
        text.append(contentsOf: kind.rawValue.utf8)
        text.append(UInt8(ascii: ":"))
        text.append(contentsOf: id.utf8)
        (high, low) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Digest.sha256.byteCount) { hash in
            guard let base = hash.baseAddress else { return (0, 0) }
            text.withUnsafeBufferPointer { Digest.sha256.hash($0, into: base) }
            return (Self.word(hash[..<8]), Self.word(hash[8..<16]))
        }
    }

    /// A digest from its 16 bytes; nil for another number of bytes.
    public init?(bytes: ArraySlice<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = Self.word(bytes.prefix(8))
        low = Self.word(bytes.suffix(8))
    }

    /// Half of a digest is as good as random already: a set of these needs no more of it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
    }

    /// Its 16 bytes.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) } }
    }

    private static func word(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
