// Subjects: what a user is called to a client (OpenID Connect Core 1.0 §8). To most clients the account's own id; to a client that
// asked for it (`subject_type` pairwise) a name that only clients of its sector know, so that two sectors cannot put together what they
// know of one person. ID tokens, userinfo and access tokens of one client all say the same.

import MartletCryptography
import MartletEncoding
package import Store

/// The subjects of a service.
package struct Subjects: Sendable {
    private let key: HMACKey

    /// With the secret that pairwise subjects are made by (`Fact.pairwiseSubjectKey`): another one makes strangers of all users.
    package init(key: [UInt8]) { self.key = HMACKey(key) }

    /// `sub` of a user's tokens for a client.
    package func subject(of user: UserID, for client: Client) -> String {
        guard client.metadata.isPairwise else { return user.text }
        // §8.1 names a keyed hash of sector and account as one way; no sector has a NUL.
        return Base64URL.encode(key.code(for: Array("\(client.sector)\0\(user.text)".utf8)))
    }
}

extension Client {
    /// Who shares subjects with this client.
    ///
    /// §8.1: the host of `sector_identifier_uri`, else that of its redirect URIs. Where that is no host of anybody's — a loopback
    /// address, a scheme of a native app's own — the client is a sector by itself.
    package var sector: String {
        if let uri = metadata.sectorIdentifierURI, let host = ClientMetadata.sectorHost(of: uri) { return host }
        return metadata.redirectURIs.first.flatMap { ClientMetadata.sectorHost(of: $0.text) } ?? "client:\(id)"
    }
}

extension ClientMetadata {
    /// The host of an https URI in small letters; nil for any other URI.
    static func sectorHost(of uri: String) -> String? {
        let scheme = "https://"
        guard uri.utf8.starts(with: scheme.utf8) else { return nil }
        let authority = uri.utf8.dropFirst(scheme.utf8.count).prefix { !"/?".utf8.contains($0) }
        // A port is the last thing; an IPv6 address has colons of its own within brackets.
        let bracket = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        let end = authority[bracket...].firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        let host = authority[..<end].map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return host.isEmpty ? nil : String(decoding: host, as: UTF8.self)
    }
}
