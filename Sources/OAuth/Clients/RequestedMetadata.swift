// RequestedMetadata: what a client asks to be, of whom no operator knows more than it says itself. What it may not have is left out
// where it can do without, as RFC 7591 §2 allows ("MAY reject or replace any of the client's requested metadata values"), and the
// answer shows what it got; what it cannot do without is refused.

import MartletEncoding
import Tokens

/// Metadata that somebody asks for, cut down to what they may have.
struct RequestedMetadata {
    let metadata: ClientMetadata

    /// Who asks.
    enum Asker {
        /// Somebody with the operator's initial access token.
        case vouched
        /// Anybody.
        case anonymous
        /// A client id metadata document.
        case document

        /// What they may use. A machine's grants need a client that somebody answers for, and so does a device code, with which a
        /// stranger may ask a person to let them in.
        var grants: [GrantType] { self == .vouched ? GrantType.allCases : [.authorizationCode, .refreshToken] }

        /// RFC 7591 §2 says client_secret_basic; a document cannot have a secret.
        var defaultMethod: ClientAuthenticationMethod { self == .document ? .none : .clientSecretBasic }
    }

    /// Reads a JSON object. Throws `invalid_client_metadata`, `invalid_redirect_uri` and `unapproved_software_statement`.
    init(_ json: JSONValue, of asker: Asker) throws(OAuthError) {
        // RFC 7591 §3.2.2. Nobody's signature is trusted here; to ignore the statement would be to ignore what it limits.
        if let statement = json["software_statement"], !statement.isNull {
            throw OAuthError(.unapprovedSoftwareStatement, "Software statements are not accepted here; say it in plain members.")
        }
        let members = MetadataMembers(json)
        let grants = try Self.grants(members, of: asker)
        try Self.checkResponseTypes(members, for: grants)
        let scope = try Self.scope(members)
        let method = try members.text("token_endpoint_auth_method", maximum: 64) ?? asker.defaultMethod.rawValue
        let cut = JSONWriter.object { writer in
            for (name, value) in json.members where !Self.rewritten.contains(name) {
                writer.name(name)
                writer.raw(Array(value.json))
            }
            writer.member("grant_types", grants.map(\.rawValue))
            writer.member("token_endpoint_auth_method", method)
            if let scope { writer.member("scope", scope.text) }
        }
        guard let document = try? JSONDocument(parsing: cut) else {
            throw OAuthError(.invalidClientMetadata, "The metadata has too many members.")
        }
        metadata = try ClientMetadata(parsing: document.root)
        // This machine is nobody's but its operator's.
        for (name, address) in [("backchannel", metadata.backChannelLogout), ("frontchannel", metadata.frontChannelLogout)] {
            guard address?.uri.utf8.starts(with: "http://".utf8) != true else {
                throw OAuthError(
                    .invalidClientMetadata, "\(name)_logout_uri must be an https address.", member: "\(name)_logout_uri")
            }
        }
    }

    private static func grants(_ members: MetadataMembers, of asker: Asker) throws(OAuthError) -> [GrantType] {
        guard let asked = try members.optionalTexts("grant_types") else { return [.authorizationCode] }
        let granted = asker.grants.filter { asked.contains($0.rawValue) }
        guard granted.contains(where: { $0 != .refreshToken }) else {
            throw OAuthError(
                .invalidClientMetadata,
                "grant_types has none that this client may use: \(asker.grants.map(\.rawValue).joined(separator: ", ")).",
                member: "grant_types")
        }
        return granted
    }

    /// Of several the code is taken; a client that can do without it alone cannot be served.
    private static func checkResponseTypes(_ members: MetadataMembers, for grants: [GrantType]) throws(OAuthError) {
        guard grants.contains(.authorizationCode), let types = try members.optionalTexts("response_types"), !types.isEmpty else { return }
        guard types.contains("code") else {
            throw OAuthError(.invalidClientMetadata, "response_types must have code: nothing else is served.", member: "response_types")
        }
    }

    /// The scopes of this service's own APIs are for the first-party login alone.
    private static func scope(_ members: MetadataMembers) throws(OAuthError) -> ScopeSet? {
        guard let asked = try members.scope("scope") else { return nil }
        let granted = asked.subtracting(ScopeSet(FirstPartyScope.allCases.map(\.rawValue)))
        // Left out altogether it would mean more than was asked for.
        guard !granted.isEmpty || asked.isEmpty else {
            throw OAuthError(.invalidClientMetadata, "scope has none that a client may have.", member: "scope")
        }
        return granted
    }

    private static let rewritten: Set<String> = ["grant_types", "response_types", "token_endpoint_auth_method", "scope"]
}
