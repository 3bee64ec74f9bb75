// Client: a registered application, read into what the endpoints decide by.

package import MartletEncoding
package import Store

/// What the operator says about a client. Its members are read and written by the admin API and the command line alone: no client
/// can say them of itself.
package struct ClientPolicy: Sendable, Hashable {
    /// `first_party`: the operator's own application, which people need not be asked about.
    package var isFirstParty: Bool
    /// `access_ttl`, `refresh_ttl`, `session_ttl`: seconds; nil for the service's.
    package var accessLifetime: Int64?
    package var refreshLifetime: Int64?
    package var sessionLifetime: Int64?
    /// `may_combine_resources`: one token may be for several APIs (RFC 8707 §2).
    package var mayCombineResources: Bool
    /// `token_exchange` (RFC 8693).
    package var tokenExchange: TokenExchange
    /// `exchange_from`: clients whose tokens it may exchange, besides those that are for one of its own `resources`.
    package var exchangeFrom: [String]
    /// `exchange_to`: what a token that it gets in exchange may be for, besides what the other token is for.
    package var exchangeTo: [String]

    /// What a client may make of a token that it was shown (RFC 8693 §1.1).
    package enum TokenExchange: String, Sendable, Hashable, CaseIterable {
        case off
        /// The new token says in `act` who acts.
        case delegation
        /// It says so where `actor_token` names somebody, else not.
        case impersonation
    }

    package init() {
        isFirstParty = false
        mayCombineResources = false
        tokenExchange = .off
        exchangeFrom = []
        exchangeTo = []
    }

    /// Reads a JSON object. Throws `invalid_client_metadata` with what is wrong.
    package init(parsing json: JSONValue) throws(OAuthError) {
        let members = MetadataMembers(json)
        isFirstParty = try members.flag("first_party")
        accessLifetime = try members.seconds("access_ttl")
        refreshLifetime = try members.seconds("refresh_ttl")
        sessionLifetime = try members.seconds("session_ttl")
        mayCombineResources = try members.flag("may_combine_resources")
        let choices = Dictionary(uniqueKeysWithValues: TokenExchange.allCases.map { ($0.rawValue, $0) })
        tokenExchange = try members.choice("token_exchange", choices) ?? .off
        exchangeFrom = try members.texts("exchange_from")
        exchangeTo = try members.texts("exchange_to")
    }

    /// Writes the members.
    package func write(to writer: inout JSONWriter) {
        if isFirstParty { writer.member("first_party", true) }
        for (name, seconds) in [("access_ttl", accessLifetime), ("refresh_ttl", refreshLifetime), ("session_ttl", sessionLifetime)] {
            if let seconds { writer.member(name, seconds) }
        }
        if mayCombineResources { writer.member("may_combine_resources", true) }
        if tokenExchange != .off { writer.member("token_exchange", tokenExchange.rawValue) }
        if !exchangeFrom.isEmpty { writer.member("exchange_from", exchangeFrom) }
        if !exchangeTo.isEmpty { writer.member("exchange_to", exchangeTo) }
    }
}

/// A registered application.
package struct Client: Sendable, Hashable {
    /// The `client_id`.
    package let id: String
    /// What is stored of its secret; nil when it has none.
    package let secret: [UInt8]?
    package let metadata: ClientMetadata
    package let policy: ClientPolicy
    package let version: Int64
    /// Whether an operator made it: its addresses may be within the network.
    package let isOperators: Bool

    /// Reads what is stored. Throws `server_error` where that does not keep the rules any more.
    package init(_ record: OAuthClient) throws(OAuthError) {
        id = record.id
        secret = record.secret
        version = record.version
        isOperators = record.origin == .operator
        do {
            metadata = try ClientMetadata(parsing: try JSONDocument(parsing: Array(record.metadata.utf8)).root)
            policy = try ClientPolicy(parsing: try JSONDocument(parsing: Array(record.policy.utf8)).root)
        } catch {
            throw OAuthError(.serverError, "The client's registration cannot be read.", logDetail: "client \(record.id): \(error)")
        }
    }

    /// A client that describes itself in a document at its own address (``ClientDocument``): nothing of it is stored.
    package init(document: ClientDocument) {
        id = document.url.description
        secret = nil
        metadata = document.metadata
        policy = ClientPolicy()
        version = 0
        isOperators = false
    }

    /// What people are shown.
    package var name: String { metadata.name.isEmpty ? id : metadata.name }

    /// Whether it has nothing to prove who it is by (RFC 6749 §2.1).
    package var isPublic: Bool { metadata.authenticationMethod == .none }

    /// Throws `unauthorized_client` unless the client may use this grant.
    package func require(_ grant: GrantType) throws(OAuthError) {
        guard metadata.grants.contains(grant) else {
            throw OAuthError(.unauthorizedClient, "The client is not registered for this grant type.")
        }
    }

    /// The redirect URI of a request. Throws `invalid_request` unless it is a registered one; it may be left out where there is
    /// just one (OAuth 2.1 §4.1.1), so that nothing has to be guessed.
    package func redirectURI(_ presented: String?) throws(OAuthError) -> String {
        guard let presented else {
            guard metadata.redirectURIs.count == 1, let only = metadata.redirectURIs.first else {
                throw OAuthError(.invalidRequest, "redirect_uri is missing.")
            }
            return only.text
        }
        guard metadata.redirectURIs.contains(where: { $0.matches(presented) }) else {
            throw OAuthError(.invalidRequest, "redirect_uri is not one that the client registered.", member: "redirect_uri")
        }
        return presented
    }
}
