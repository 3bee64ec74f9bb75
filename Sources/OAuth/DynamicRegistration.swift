// DynamicRegistration: clients that register themselves (RFC 7591) and look after themselves later (RFC 7592). Who may come, what they get,
// and what they are told; the HTTP around it is Web's, what a client may ask for is RequestedMetadata's.

import MartletCryptography
package import MartletEncoding
package import Store

/// Dynamic registration.
package struct DynamicRegistration: Sendable {
    /// Who may register a client.
    package enum Access: Sendable {
        /// Nobody: operators make clients.
        case closed
        /// Holders of the initial access token (RFC 7591 §1.2).
        case token(String)
        /// Anybody; whoever has the token, where there is one, gets more.
        case open(token: String?)
    }

    private let access: Access
    private let registrar: ClientRegistrar
    private let issuer: String
    private let sectors: SectorDocuments?

    /// Where clients register, below the issuer; each one's own address is a segment further.
    package static let path = "/oauth2/register"

    /// Without `sectors` no client says which sector it is of.
    package init(access: Access, registrar: ClientRegistrar, issuer: String, sectors: SectorDocuments? = nil) {
        self.access = access
        self.registrar = registrar
        self.issuer = issuer
        self.sectors = sectors
    }

    /// Whether anybody at all can register, which is when `registration_endpoint` stands in the metadata.
    package var isOffered: Bool { if case .closed = access { false } else { true } }

    /// Who comes with this token, or without one. Throws `access_denied` while registration is closed, `invalid_token` for a token
    /// that is not the initial access token, or where one is needed.
    package func asker(bearing token: String?) throws(OAuthError) -> OAuthClient.Origin {
        switch (access, token) {
        case (.closed, _): throw OAuthError(.accessDenied, "Clients do not register themselves here; the operator registers them.")
        case (.open, nil): return .anonymous
        case (.token, nil): throw OAuthError(.invalidToken, "An initial access token is needed: Authorization: Bearer …")
        case (.token(let right), let token?), (.open(token: let right?), let token?):
            guard Self.isRight(token, right) else { throw OAuthError(.invalidToken, "The initial access token is not the right one.") }
            return .registration
        case (.open(token: nil), _?): throw OAuthError(.invalidToken, "No initial access token is taken here; leave it out.")
        }
    }

    /// Whether another host has to be asked about this metadata (``checkSector(_:at:)``): on the outbound lane then.
    package func namesSector(_ json: JSONValue) -> Bool { json["sector_identifier_uri"].map { !$0.isNull } ?? false }

    /// Asks the document of the sector that the metadata names. Blocks. Throws `invalid_client_metadata` unless the client is of that
    /// sector, and where no such document is looked at here.
    package func checkSector(_ json: JSONValue, at now: UnixTime) throws(OAuthError) {
        guard let value = json["sector_identifier_uri"], !value.isNull else { return }
        guard let sectors else {
            throw OAuthError(
                .invalidClientMetadata, "sector_identifier_uri is not taken here; use redirect URIs of one host.",
                member: "sector_identifier_uri")
        }
        guard let uri = value.string, let redirectURIs = json["redirect_uris"]?.strings else {
            throw OAuthError(
                .invalidClientMetadata, "sector_identifier_uri must be text, beside redirect_uris.", member: "sector_identifier_uri")
        }
        try sectors.check(uri, lists: redirectURIs, at: now)
    }

    /// The client that somebody asks to be, its sector checked. Throws what is wrong with the request.
    package func client(_ json: JSONValue, for origin: OAuthClient.Origin, at now: UnixTime) throws(OAuthError) -> ClientDraft {
        try registrar.make(try RequestedMetadata(json, of: Self.asker(origin)).metadata, origin: origin, at: now)
    }

    /// A client as it asks to be from now on: what it does not name, it does not have (RFC 7592 §2.2).
    ///
    /// Throws what is wrong with the request; `invalid_client_metadata` when it names another client or another secret.
    package func updating(_ record: OAuthClient, to json: JSONValue) throws(OAuthError) -> ClientDraft {
        guard json["client_id"]?.equals(record.id) == true else {
            throw OAuthError(.invalidClientMetadata, "client_id must be the client's own.", member: "client_id")
        }
        if let secret = json["client_secret"], !secret.isNull {
            guard let text = secret.string, let stored = record.secret, registrar.secrets.isRight(text, stored: stored) else {
                throw OAuthError(
                    .invalidClientMetadata, "client_secret must be the client's own, or left out.", member: "client_secret")
            }
        }
        // Nobody but the operator says where the answers of the operator's own applications go, nor which tokens a client may exchange:
        // those for its `resources`, with its `scope`, which it would name itself.
        let policy = try Client(record).policy
        guard !policy.isFirstParty, policy.tokenExchange == .off else {
            throw OAuthError(.invalidClientMetadata, "The operator looks after this client; it cannot change itself any more.")
        }
        return try registrar.changing(record, to: try RequestedMetadata(json, of: Self.asker(record.origin)).metadata, policy: policy)
    }

    /// The answer of RFC 7591 §3.2.1 and RFC 7592 §3. A secret stands in it when it was made just now: only its code is kept.
    package func answer(_ draft: ClientDraft, token: String) -> [UInt8] {
        JSONWriter.object(capacity: 1024) { writer in
            writer.member("client_id", draft.record.id)
            writer.member("client_id_issued_at", draft.record.createdAt.seconds)
            if let secret = draft.secret {
                writer.member("client_secret", secret)
                writer.member("client_secret_expires_at", 0)
            }
            writer.member("registration_access_token", token)
            writer.member("registration_client_uri", "\(issuer)\(Self.path)/\(PercentEncoding.encode(draft.record.id))")
            draft.metadata.write(to: &writer)
        }
    }

    private static func asker(_ origin: OAuthClient.Origin) -> RequestedMetadata.Asker { origin == .anonymous ? .anonymous : .vouched }

    /// Compares digests: how long the right one is, is nobody's business either.
    private static func isRight(_ token: String, _ right: String) -> Bool {
        ConstantTime.equal(Digest.sha256.hash(Array(token.utf8)), Digest.sha256.hash(Array(right.utf8)))
    }
}
