// ClientRegistrar: makes and changes the records of clients: their ids, their secrets, and what is kept of both. Administrators, the
// command line and dynamic registration all come here; who may ask for what is decided before.

package import MartletCryptography
package import MartletEncoding
package import MartletJOSE
package import Store
import Tokens

/// A client as it is to be kept, and what its owner is shown this once.
package struct ClientDraft: Sendable, Hashable {
    package var record: OAuthClient
    package var metadata: ClientMetadata
    package var policy: ClientPolicy
    /// A secret that was made with it; nil for none.
    package var secret: String?
    /// The registration access token (RFC 7592 §3); nil where there is none, or no new one.
    package var registrationToken: String?

    init(
        record: OAuthClient, metadata: ClientMetadata, policy: ClientPolicy, secret: String? = nil, registrationToken: String? = nil
    ) {
        self.record = record
        self.metadata = metadata
        self.policy = policy
        self.secret = secret
        self.registrationToken = registrationToken
    }

    /// A client as it is. Throws `server_error` where what is stored does not keep the rules any more.
    package init(of record: OAuthClient) throws(OAuthError) {
        let client = try Client(record)
        self.init(record: record, metadata: client.metadata, policy: client.policy)
    }
}

/// What came of changing a client.
package enum ClientChange: Sendable, Hashable {
    case changed(ClientDraft)
    case notFound
    /// The client has another version than the one that was meant.
    case versionMismatch
    /// It must not become like that.
    case refused(OAuthError)
}

/// Makes and changes clients.
package struct ClientRegistrar: Sendable {
    /// How secrets are made and checked.
    package let secrets: ClientSecrets
    /// What ID tokens can be signed with.
    private let statementAlgorithms: [SignatureAlgorithm]
    private let random: RandomSource

    /// The `client_id` of the first-party login, which no registration may take.
    private static let firstParty = "martlet"

    /// `algorithm` is the service's own.
    package init(secrets: ClientSecrets, algorithm: SignatureAlgorithm, random: RandomSource) {
        self.secrets = secrets
        statementAlgorithms = KeyRotation.statementAlgorithms(besides: algorithm)
        self.random = random
    }

    /// A new client, to be given to ``StoreTransaction/addClient(_:audit:)``. Without an id it gets one.
    ///
    /// Throws `invalid_client_metadata` for an id that cannot be one.
    package func make(
        _ metadata: ClientMetadata, policy: ClientPolicy = ClientPolicy(), id: String? = nil, origin: OAuthClient.Origin, at now: UnixTime
    ) throws(OAuthError) -> ClientDraft {
        if let id, !Self.isID(id) || id == Self.firstParty {
            throw OAuthError(
                .invalidClientMetadata, "client_id must be 1 to 128 letters, digits and . _ ~ -, and not \(Self.firstParty).",
                member: "client_id")
        }
        try check(metadata)
        let made = metadata.authenticationMethod.hasSecret ? secrets.make(random: random) : nil
        let token = origin == .operator ? nil : Base64URL.encode(random.bytes(32))
        let record = OAuthClient(
            id: id ?? Identifier.uuid(at: now, random: random), origin: origin, secret: made?.stored,
            registrationToken: token.map(Self.hash(ofToken:)),
            metadata: Self.text(metadata.write), policy: Self.text(policy.write), createdAt: now, updatedAt: now,
            unusedUntil: origin == .anonymous ? now.adding(seconds: Self.unusedLife) : nil)
        return ClientDraft(record: record, metadata: metadata, policy: policy, secret: made?.secret, registrationToken: token)
    }

    /// A client with other metadata and policy. It gets a secret where it needs one and has none, and loses one that it cannot use.
    ///
    /// Throws `invalid_client_metadata` for an algorithm that is not served and was not the client's before.
    package func changing(
        _ record: OAuthClient, to metadata: ClientMetadata, policy: ClientPolicy
    ) throws(OAuthError) -> ClientDraft {
        let present = try Client(record).metadata
        if present.idTokenAlgorithm != metadata.idTokenAlgorithm || present.introspectionAlgorithm != metadata.introspectionAlgorithm {
            try check(metadata)
        }
        var draft = ClientDraft(record: record, metadata: metadata, policy: policy)
        draft.record.metadata = Self.text(metadata.write)
        draft.record.policy = Self.text(policy.write)
        if !metadata.authenticationMethod.hasSecret {
            draft.record.secret = nil
        } else if record.secret == nil {
            draft.takeSecret(secrets.make(random: random))
        }
        return draft
    }

    /// A client with the members of `patch` in place of its own (RFC 7396): null takes a member away. For operators: a client that
    /// one of them changed is not removed for want of use.
    ///
    /// Throws what is wrong with the result.
    package func patching(_ record: OAuthClient, with patch: JSONValue) throws(OAuthError) -> ClientDraft {
        if let id = patch["client_id"], !id.equals(record.id) {
            throw OAuthError(.invalidClientMetadata, "client_id is what it is.", member: "client_id")
        }
        let present = try ClientDraft(of: record)
        let own = JSONWriter.object { writer in
            present.metadata.write(to: &writer)
            present.policy.write(to: &writer)
        }
        let patched: JSONDocument
        do throws(JSONError) {
            let own = try JSONDocument(parsing: own)
            // The response types follow from the grants, which may be others now.
            let kept = own.root.members.filter { $0.name != "response_types" && patch[$0.name] == nil }
            patched = try JSONDocument(
                parsing: JSONWriter.object { writer in
                    for (name, value) in kept + patch.members where !value.isNull {
                        writer.name(name)
                        writer.raw(Array(value.json))
                    }
                })
        } catch {
            throw OAuthError(.invalidClientMetadata, "The client would be too large.")
        }
        var draft = try changing(record, to: try ClientMetadata(parsing: patched.root), policy: try ClientPolicy(parsing: patched.root))
        draft.record.unusedUntil = nil
        return draft
    }

    /// A client with a new secret in place of the one it has. Throws `invalid_client_metadata` where it uses none.
    package func rotatingSecret(_ record: OAuthClient) throws(OAuthError) -> ClientDraft {
        var draft = try ClientDraft(of: record)
        let method = draft.metadata.authenticationMethod
        guard method.hasSecret else {
            throw OAuthError(
                .invalidClientMetadata, "The client has no secret: its token_endpoint_auth_method is \(method.rawValue).",
                member: "token_endpoint_auth_method")
        }
        draft.takeSecret(secrets.make(random: random))
        return draft
    }

    /// Whether a text can be the id of a client that is stored here: 1 to 128 of the unreserved characters (RFC 3986 §2.3).
    package static func isID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || "._~-".utf8.contains(byte)
            }
    }

    /// Whether `token` is the registration access token of a client.
    package static func isRight(_ token: String, of record: OAuthClient) -> Bool {
        guard let stored = record.registrationToken, token.utf8.count <= 512 else { return false }
        return ConstantTime.equal(hash(ofToken: token), stored)
    }

    /// OpenID Connect Discovery 1.0 §3: `id_token_signing_alg_values_supported`; RFC 9701 §7.
    private func check(_ metadata: ClientMetadata) throws(OAuthError) {
        for (member, name) in [
            ("id_token_signed_response_alg", metadata.idTokenAlgorithm),
            ("introspection_signed_response_alg", metadata.introspectionAlgorithm),
        ] {
            guard let name, !statementAlgorithms.contains(where: { $0.name == name }) else { continue }
            throw OAuthError(
                .invalidClientMetadata, "\(member) must be one of \(statementAlgorithms.map(\.name).joined(separator: ", ")).",
                member: member)
        }
    }

    private static func hash(ofToken token: String) -> [UInt8] { Digest.sha256.hash(Array("registration\0\(token)".utf8)) }

    private static func text(_ write: (inout JSONWriter) -> Void) -> String { String(decoding: JSONWriter.object(write), as: UTF8.self) }

    /// Seconds after which an anonymous client goes that nobody has used.
    package static let unusedLife: Int64 = 7 * 86_400
}

extension StoreTransaction {
    /// Changes the client of this id to what `draft` makes of it; with `ifVersion`, only that version of it.
    package func changeClient(
        _ id: String, ifVersion: Int64? = nil, audit: AuditContext, at now: UnixTime,
        _ draft: (OAuthClient) throws(OAuthError) -> ClientDraft
    ) throws(StoreError) -> ClientChange {
        guard let record = try client(id) else { return .notFound }
        guard ifVersion == nil || ifVersion == record.version else { return .versionMismatch }
        var changed: ClientDraft
        do throws(OAuthError) { changed = try draft(record) } catch { return .refused(error) }
        switch try changeClient(changed.record, audit: audit, at: now) {
        case .changed(let record):
            changed.record = record
            return .changed(changed)
        case .notFound: return .notFound
        case .versionMismatch: return .versionMismatch
        }
    }
}

extension ClientDraft {
    fileprivate mutating func takeSecret(_ made: (secret: String, stored: [UInt8])) {
        secret = made.secret
        record.secret = made.stored
    }
}
