// RevocationDocument: one message of the revocation feed, as a value. It is the payload of a JWS of type `revocations+jwt`:
//
//     {"iss","iat","exp","lineage","seq","after",
//      "revoked":{"sid":[[until,"<hashes>"],…],"jti":[[until,"<hashes>"],…],
//                 "client":[{"h":"<hash>","iat_before","until"},…],"key":[{"h":"<hash>","until"},…]}}
//
// What is revoked stands in an object of its own: a claim `jti` of the document itself is one string (RFC 7519 §4.1.7), which
// strict libraries insist on.
// Reading is strict about what it knows, and blind to members that it does not. Writing is in RevocationDocument+Writing, what
// makes a document believed in RevocationDocument+Verifying, and what it changes in FeedPosition.
import MartletEncoding

/// What an issuer says has been taken back: everything that is live (a snapshot), or what is new since a number (a delta).
package struct RevocationDocument: Sendable, Hashable {
    /// `iss`.
    package var issuer: String
    /// `iat`, in seconds: when the issuer knew no more than this.
    package var issuedAt: Int64
    /// `exp`, in seconds: a document that is met later says nothing.
    package var expiresAt: Int64
    /// `lineage`: sequence numbers can only be compared within one.
    package var lineage: String
    /// `seq`: the number of the last event that the document knows of.
    package var sequence: Int64
    /// `after`: the number since which the document is complete; nil in a snapshot.
    package var after: Int64?
    /// What is taken back.
    package var entries: [RevocationEntry]

    /// A document that is good for ``lifetime``.
    package init(
        issuer: String, issuedAt: Int64, lineage: String, sequence: Int64, after: Int64? = nil, entries: [RevocationEntry] = []
    ) {
        self.issuer = issuer
        self.issuedAt = issuedAt
        expiresAt = issuedAt + Self.lifetime
        self.lineage = lineage
        self.sequence = sequence
        self.after = after
        self.entries = entries
    }

    /// Reads a payload. Throws where a member is missing, has another type, or holds a number that cannot be meant.
    package init(parsing payload: [UInt8]) throws(RevocationDocumentError) {
        guard payload.count <= Self.maximumPayload else { throw .tooLarge }
        guard let document = try? JSONDocument(parsing: payload), document.root.isObject else { throw .notAnObject }
        let root = document.root
        issuer = try Self.text(in: root, "iss", maximumLength: 2048)
        issuedAt = try Self.number(in: root, "iat", upTo: Self.latest)
        expiresAt = try Self.number(in: root, "exp", upTo: Self.latest)
        guard (issuedAt...(issuedAt + Self.longestLifetime)).contains(expiresAt) else { throw .malformed(member: "exp") }
        lineage = try Self.text(in: root, "lineage", maximumLength: 128)
        sequence = try Self.number(in: root, "seq", upTo: .max)
        after = root["after"] == nil ? nil : try Self.number(in: root, "after", upTo: sequence)
        entries = []
        guard let revoked = root["revoked"] else { return }
        guard revoked.isObject else { throw .malformed(member: "revoked") }
        try readGroups(.session, in: revoked)
        try readGroups(.token, in: revoked)
        try readObjects(.client, in: revoked)
        try readObjects(.key, in: revoked)
    }

    /// `[[until, "<base64url of concatenated hashes>"], …]`
    private mutating func readGroups(_ kind: RevocationDigest.Kind, in revoked: JSONValue) throws(RevocationDocumentError) {
        let name = kind.rawValue
        guard let value = revoked[name] else { return }
        guard let groups = value.elements else { throw .malformed(member: name) }
        for group in groups {
            guard let pair = group.elements, pair.count == 2, let seconds = pair[0].integer, (0...Self.latest).contains(seconds),
                let hashes = Self.decoded(pair[1]), hashes.count.isMultiple(of: Self.hashLength)
            else { throw .malformed(member: name) }
            let until = UnixTime(seconds: seconds)
            for start in stride(from: 0, to: hashes.count, by: Self.hashLength) {
                guard let digest = RevocationDigest(bytes: hashes[start..<(start + Self.hashLength)]) else { continue }
                entries.append(RevocationEntry(kind: kind, digest: digest, until: until))
            }
        }
    }

    /// `[{"h": "<base64url of a hash>", "iat_before", "until"}, …]`; `iat_before` is for clients, and nil means every token.
    private mutating func readObjects(_ kind: RevocationDigest.Kind, in revoked: JSONValue) throws(RevocationDocumentError) {
        let name = kind.rawValue
        guard let value = revoked[name] else { return }
        guard let objects = value.elements else { throw .malformed(member: name) }
        for object in objects {
            guard let text = object["h"], let hash = Self.decoded(text), let digest = RevocationDigest(bytes: hash[...]),
                let seconds = object["until"]?.integer, (0...Self.latest).contains(seconds)
            else { throw .malformed(member: name) }
            var issuedBefore: Int64?
            if kind == .client, let bound = object["iat_before"] {
                guard let bound = bound.integer, (0...Self.latest).contains(bound) else { throw .malformed(member: name) }
                issuedBefore = bound
            }
            entries.append(RevocationEntry(kind: kind, digest: digest, until: UnixTime(seconds: seconds), issuedBefore: issuedBefore))
        }
    }

    /// The text as it stands: base64url needs no escapes, so one that has some is not base64url.
    private static func decoded(_ value: JSONValue) -> [UInt8]? {
        let json = value.json
        guard json.first == UInt8(ascii: "\"") else { return nil }
        return Base64URL.decode(json.dropFirst().dropLast())
    }

    private static func text(in root: JSONValue, _ name: String, maximumLength: Int) throws(RevocationDocumentError) -> String {
        guard let text = root[name]?.string, (1...maximumLength).contains(text.utf8.count) else { throw .malformed(member: name) }
        return text
    }

    private static func number(in root: JSONValue, _ name: String, upTo most: Int64) throws(RevocationDocumentError) -> Int64 {
        guard let number = root[name]?.integer, (0...most).contains(number) else { throw .malformed(member: name) }
        return number
    }

    /// `typ` of the JWS.
    package static let type = "revocations+jwt"
    /// `exp` − `iat`, in seconds.
    package static let lifetime: Int64 = 60
    /// Longest payload that is read, in bytes: some 780,000 revocations.
    package static let maximumPayload = 1 << 24
    /// The end of the year 9999, in seconds: no later time is written or read.
    static let latest: Int64 = 253_402_300_800
    static let hashLength = 16
    /// A document that claims to be fresh for longer than an hour is none of this feed's.
    private static let longestLifetime: Int64 = 3600
}

/// What is wrong with a payload.
package enum RevocationDocumentError: Error, Sendable, Hashable {
    /// It is longer than ``RevocationDocument/maximumPayload``.
    case tooLarge
    /// It is not one strict JSON object.
    case notAnObject
    /// This member is missing or not as it must be.
    case malformed(member: String)
}
