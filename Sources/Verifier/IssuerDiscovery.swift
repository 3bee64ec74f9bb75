// IssuerDiscovery: from an issuer's identifier to where its keys and its revocation feed are (RFC 8414, OpenID Connect
// Discovery 1.0). The metadata is believed only when it names the issuer that was asked for (RFC 8414 §3.3).
import MartletEncoding

/// An issuer that can be asked for its metadata.
struct IssuerDiscovery: Sendable {
    private let issuer: String
    private let addresses: [SecureURL]

    /// Nil when the identifier is no address that trust may be fetched from, or has a query (RFC 8414 §2).
    init?(issuer: String) {
        guard let url = SecureURL(issuer), !url.target.utf8.contains(UInt8(ascii: "?")) else { return nil }
        // RFC 8414 §3.1: a terminating "/" is removed, and the well-known string stands between host and path. OpenID Connect
        // Discovery §4.1 removes it too, and appends.
        let path = String(url.target.hasSuffix("/") ? url.target.dropLast() : url.target[...])
        guard let first = url.replacing(target: "/.well-known/oauth-authorization-server" + path),
            let second = url.replacing(target: path + "/.well-known/openid-configuration")
        else { return nil }
        self.issuer = issuer
        addresses = [first, second]
    }

    /// Fetches the metadata from the first address that has a usable document. An issuer that cannot be reached at one address
    /// is not asked at the other.
    func metadata(_ fetch: DocumentFetch, at now: UnixTime) throws(KeyFetchFailure) -> IssuerMetadata {
        var failure: KeyFetchFailure?
        for address in addresses {
            do throws(KeyFetchFailure) {
                return try IssuerMetadata(
                    parsing: try fetch.get(address, accept: "application/json").body, issuer: issuer, isEncrypted: address.isEncrypted,
                    fetchedAt: now)
            } catch {
                switch (failure, error) {
                // What is wrong with a document tells more than that there is none.
                case (nil, _), (.status, _): failure = error
                default: break
                }
                if case .exchange(let exchange) = error, exchange != .tooLarge { break }
            }
        }
        throw failure ?? .badMetadata
    }
}

/// What is used of an issuer's metadata.
struct IssuerMetadata: Sendable {
    /// `jwks_uri`.
    let keySetURL: SecureURL
    /// `revocations_uri`, a member of Martlet's own.
    let revocationsURL: SecureURL?
    /// When the document was asked for.
    let fetchedAt: UnixTime

    init(keySetURL: SecureURL, revocationsURL: SecureURL?, fetchedAt: UnixTime) {
        self.keySetURL = keySetURL
        self.revocationsURL = revocationsURL
        self.fetchedAt = fetchedAt
    }

    /// Reads a metadata document. What an https issuer names is https too.
    init(parsing json: [UInt8], issuer: String, isEncrypted: Bool, fetchedAt: UnixTime) throws(KeyFetchFailure) {
        guard let root = try? JSONDocument(parsing: json).root, let name = root["issuer"]?.string else { throw .badMetadata }
        guard name.utf8.elementsEqual(issuer.utf8) else { throw .wrongIssuer }
        func address(_ member: String) -> SecureURL? {
            root[member]?.string.flatMap { SecureURL($0) }.flatMap { $0.isEncrypted || !isEncrypted ? $0 : nil }
        }
        guard let keySetURL = address("jwks_uri") else { throw .badMetadata }
        self.init(keySetURL: keySetURL, revocationsURL: address("revocations_uri"), fetchedAt: fetchedAt)
    }
}
