// ClientDocument: a client that describes itself at an address of its own, which is its id
// (draft-ietf-oauth-client-id-metadata-document). Whoever controls the address controls the client, and nobody vouches for it: it gets
// what anybody may have. How the document is fetched and kept is ClientDocuments' matter.

import MartletEncoding
package import MartletVerifier

/// The address of a client's document, which is the client's id.
package struct ClientDocumentURL: Sendable, Hashable, CustomStringConvertible {
    /// As it was presented, byte for byte.
    package let description: String
    /// The same, to be fetched.
    package let url: SecureURL

    /// The host, and the port where one is given.
    package var authority: String { String(url.origin.dropFirst(Self.scheme.utf8.count)) }

    /// Reads a `client_id`. Nil unless it is an https URL with a path, without user information, fragment or segments that are dots,
    /// however written (§3 of the draft), whose host is a name with a dot in it and no address.
    package init?(_ id: String) {
        guard id.utf8.starts(with: Self.scheme.utf8), let url = SecureURL(id) else { return nil }
        let rest = id.utf8.dropFirst(Self.scheme.utf8.count)
        guard let slash = rest.firstIndex(where: { "/?".utf8.contains($0) }), rest[slash] == UInt8(ascii: "/") else { return nil }
        let segments = rest[slash...].prefix { $0 != UInt8(ascii: "?") }.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard segments.allSatisfy({ Self.isSegment(Array($0)) }), Self.isName(url) else { return nil }
        description = id
        self.url = url
    }

    private static func isSegment(_ segment: [UInt8]) -> Bool {
        guard let decoded = PercentEncoding.decode(segment[...], plusIsSpace: false) else { return false }
        return !decoded.elementsEqual(".".utf8) && !decoded.elementsEqual("..".utf8)
    }

    /// A name whose last label is no number is no IPv4 address in any of its spellings (WHATWG URL, "ends in a number").
    private static func isName(_ url: SecureURL) -> Bool {
        let host = url.origin.utf8.dropFirst(scheme.utf8.count).prefix { $0 != UInt8(ascii: ":") }
        guard host.first != UInt8(ascii: "[") else { return false }
        let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }), let first = labels.last?.first else { return false }
        return !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    }

    private static let scheme = "https://"
}

/// What a document says, every rule of it kept.
package struct ClientDocument: Sendable, Hashable {
    package let url: ClientDocumentURL
    package let metadata: ClientMetadata

    /// Bytes of a document, at most.
    package static let maximumLength = 16_384

    /// Reads the document that was found at `url`. Throws `invalid_client` with what is wrong.
    package init(parsing bytes: [UInt8], at url: ClientDocumentURL) throws(OAuthError) {
        guard let json = try? JSONDocument(parsing: bytes).root, json.isObject else { throw Self.refusal("is no JSON object") }
        // §4.1: "The client_id property's value MUST match the document's URL using simple string comparison".
        guard json["client_id"]?.equals(url.description) == true else { throw Self.refusal("has another client_id than its address") }
        // §4.1: nothing that both sides would have to keep to themselves.
        for name in ["client_secret", "client_secret_expires_at"] where json[name] != nil { throw Self.refusal("has \(name)") }
        do throws(OAuthError) {
            // A document that leads to further ones is not followed.
            if let sector = json["sector_identifier_uri"], !sector.isNull { throw Self.refusal("has sector_identifier_uri") }
            metadata = try RequestedMetadata(json, of: .document).metadata
        } catch {
            throw OAuthError(.invalidClient, "The client's document is not in order: \(error.description)")
        }
        guard !metadata.authenticationMethod.hasSecret else {
            throw Self.refusal("has a token_endpoint_auth_method with a secret; it must be none or private_key_jwt")
        }
        self.url = url
    }

    private static func refusal(_ what: String) -> OAuthError { OAuthError(.invalidClient, "The client's document \(what).") }
}
