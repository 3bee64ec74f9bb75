// TierEntry: a fetched key set as it lies in a tier. What comes out of a tier bears the fleet's seal (FleetTiers), so this is
// one of the fleet's own values; its age is judged by the key source.
//
//     {"v":1,"fetched_at":ms,"lifetime":s,"jwks_uri":"…","etag":"…","metadata_at":ms,"revocations_uri":"…","jwks":"base64url"}
import MartletCryptography
import MartletEncoding

/// A key set with what belongs to it.
struct TierEntry: Sendable {
    var fetchedAt: UnixTime
    /// In seconds.
    var lifetime: Int64
    var keySetURL: SecureURL
    var entityTag: String?
    /// When the metadata was fetched; nil where there is none.
    var metadataAt: UnixTime?
    var revocationsURL: SecureURL?
    /// The JWK Set as the issuer sent it.
    var bytes: [UInt8]

    /// The name under which the keys from a location are kept.
    static func name(_ location: String) -> String {
        "martlet:keys:" + Base64URL.encode(Array(Digest.sha256.hash(Array(location.utf8))[..<16]))
    }
}

extension TierEntry {
    /// The entry's text.
    var json: [UInt8] {
        JSONWriter.object(capacity: bytes.count * 4 / 3 + 512) { writer in
            writer.member("v", 1)
            writer.member("fetched_at", fetchedAt.milliseconds)
            writer.member("lifetime", lifetime)
            writer.member("jwks_uri", keySetURL.description)
            if let entityTag { writer.member("etag", entityTag) }
            if let metadataAt { writer.member("metadata_at", metadataAt.milliseconds) }
            if let revocationsURL { writer.member("revocations_uri", revocationsURL.description) }
            writer.member("jwks", Base64URL.encode(bytes))
        }
    }

    /// Reads an entry's text; nil when it is none, or one of a later version.
    init?(parsing json: [UInt8]) {
        guard let root = try? JSONDocument(parsing: json).root, root["v"]?.integer == 1,
            let fetchedAt = root["fetched_at"]?.integer, let lifetime = root["lifetime"]?.integer,
            let keySetURL = root["jwks_uri"]?.string.flatMap({ SecureURL($0) }),
            let bytes = root["jwks"]?.string.flatMap({ Base64URL.decode($0) })
        else { return nil }
        self.init(
            fetchedAt: UnixTime(milliseconds: fetchedAt), lifetime: lifetime, keySetURL: keySetURL, entityTag: root["etag"]?.string,
            metadataAt: root["metadata_at"]?.integer.map { UnixTime(milliseconds: $0) },
            revocationsURL: root["revocations_uri"]?.string.flatMap { SecureURL($0) }, bytes: bytes)
    }
}
