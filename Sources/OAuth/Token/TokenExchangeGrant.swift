// TokenExchangeGrant: a client that was shown a token gets one of its own for the same person, to call on (RFC 8693). Nothing grows on
// the way: not the scope, not the time, and the audience only to where the client's policy says. What comes of an exchange is one more
// access token of the subject token's session, so it is dead wherever that session's tokens are; that is why a token without a session
// cannot be exchanged. There is no row for it and no refresh token to it.
//
//     may the client? ──▶ subject_token: good, shown to this client, its key proved ──▶ actor ──▶ may_act ──▶ scope, audience ──▶ token

import MartletEncoding
import MartletJOSE
import MartletVerifier
import Store
import Tokens

extension AuthorizationServer {
    /// `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`. Reads no store.
    ///
    /// Throws `unauthorized_client`, `invalid_request` (for every token that is not acceptable: RFC 8693 §2.2.2), `invalid_scope` and
    /// `invalid_target`.
    func exchangeToken(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        let (parameters, client, now) = (request.parameters, request.client, request.now)
        guard client.policy.tokenExchange != .off, !client.isPublic else {
            throw OAuthError(.unauthorizedClient, "The client may not exchange tokens.")
        }
        guard try parameters["requested_token_type"].map({ $0 == Self.accessTokenType }) ?? true else {
            throw OAuthError(.invalidRequest, "requested_token_type must be \(Self.accessTokenType).")
        }
        let subject = try token("subject_token", of: request)
        guard client.mayExchange(subject) else { throw Self.refusal("subject_token", "is not one that this client may exchange") }
        // What an administrator does as somebody else ends with the administrator, by the client of those sessions: nothing may hide it.
        guard subject.clientID.map({ !Session.isImpersonation(client: $0) }) ?? false else {
            throw Self.refusal("subject_token", "is an administrator's who acts as somebody else")
        }
        guard let session = subject.sessionID, let person = subject.subject else {
            throw Self.refusal("subject_token", "belongs to no session that could end what comes of it")
        }
        let actor = try actor(request)
        try checkMayAct(subject, actor)
        let scope = try scope(parameters, of: subject, for: client)
        let audience = try audience(parameters, of: subject, for: client)
        // Neither token is outlived.
        let end = min(subject.expiresAt, actor.expiresAt ?? .max, now.adding(seconds: lifetimes(of: client).access).seconds)
        guard end > now.seconds else { throw Self.refusal("subject_token", "has expired") }
        let grant = ExchangeGrant(
            clientID: client.id, accessSessionID: session,
            content: ClientTokenContent(
                subject: person, audience: audience, scope: scope.text, lifetime: end - now.seconds,
                authenticatedAt: subject.claims["auth_time"]?.integer.map { UnixTime(seconds: $0) },
                context: subject.claims["acr"]?.string, methods: subject.claims["amr"]?.strings ?? [], proofKey: request.proofKey,
                actor: try chain(for: actor, after: subject, client)))
        return { [self] completion in
            sessions.token(for: grant, at: now) { finish in
                completion { () throws(OAuthError) in
                    do throws(TokenFailure) {
                        return IssuedTokens(
                            access: try finish(), scope: grant.content.scope, isBound: grant.content.proofKey != nil,
                            issuedType: Self.accessTokenType)
                    } catch {
                        throw OAuthError(error)
                    }
                }
            }
        }
    }

    // MARK: The tokens

    /// A token of a parameter, good here and now and proved by its key if it has one.
    private func token(_ name: String, of request: TokenRequest) throws(OAuthError) -> VerifiedToken {
        let text = try request.parameters.required(name)
        guard try request.parameters.required("\(name)_type") == Self.accessTokenType else {
            throw OAuthError(.invalidRequest, "\(name)_type must be \(Self.accessTokenType).")
        }
        let token: VerifiedToken
        do throws(VerificationFailure) {
            // Whether the key of a bound one is proved is looked at below.
            token = try verifier.examine(text, at: request.now)
        } catch {
            throw Self.refusal(name, "is not valid", logDetail: error.message)
        }
        guard !token.isFromOldIssuer else { throw Self.refusal(name, "is not valid") }
        // RFC 9449 §6: whoever cannot prove the key has no use of the token, and gets none by an exchange.
        if let confirmation = token.claims["cnf"] {
            guard let key = request.proofKey, confirmation["jkt"]?.equals(key) == true else {
                throw Self.refusal(name, "is bound to a key that was not proved")
            }
        }
        return token
    }

    // MARK: The actor

    /// Who acts.
    private struct Actor {
        let id: String
        /// What may be known of them, by the names of claims.
        let claims: [String: String]
        /// `exp` of their token; nil for the client itself.
        let expiresAt: Int64?
        let isNamed: Bool
    }

    /// Whoever `actor_token` is about, else the client itself.
    private func actor(_ request: TokenRequest) throws(OAuthError) -> Actor {
        let client = request.client
        guard try request.parameters["actor_token"] != nil else {
            // RFC 8693 §2.1: actor_token_type "MUST NOT be included when the actor_token parameter is not".
            guard try request.parameters["actor_token_type"] == nil else {
                throw OAuthError(.invalidRequest, "actor_token_type is given without actor_token.")
            }
            return Actor(id: client.id, claims: ["client_id": client.id], expiresAt: nil, isNamed: false)
        }
        let token = try token("actor_token", of: request)
        guard client.got(token) || client.mayExchange(token), let id = token.subject else {
            throw Self.refusal("actor_token", "is not one that this client may use")
        }
        // Whose act that would be, one chain of actors cannot say.
        guard token.claims["act"] == nil else { throw Self.refusal("actor_token", "is about somebody who acts for another already") }
        return Actor(
            id: id, claims: token.clientID.map { ["client_id": $0] } ?? [:], expiresAt: token.expiresAt, isNamed: true)
    }

    /// RFC 8693 §4.4: where the subject token says who may act, it is they alone, by everything that it says of them.
    private func checkMayAct(_ subject: VerifiedToken, _ actor: Actor) throws(OAuthError) {
        guard let named = subject.claims["may_act"] else { return }
        let known = actor.claims.merging(["sub": actor.id, "iss": issuer]) { $1 }
        let isThem =
            named.isObject && !named.members.isEmpty
            && named.members.allSatisfy { name, value in known[name].map { value.equals($0) } ?? false }
        guard isThem, named["sub"] != nil || named["client_id"] != nil else {
            throw Self.refusal("subject_token", "names another actor in may_act")
        }
    }

    /// `act` of the new token (RFC 8693 §4.1): who acts now, and within whoever did before. A chain that is there is never dropped.
    private func chain(for actor: Actor, after subject: VerifiedToken, _ client: Client) throws(OAuthError) -> [UInt8]? {
        let before = subject.claims["act"]
        guard client.policy.tokenExchange == .delegation || actor.isNamed else { return before.map { Array($0.json) } }
        guard Self.length(of: before) < Self.longestChain else { throw Self.refusal("subject_token", "has passed through too many hands") }
        return JSONWriter.object(capacity: 128) { writer in
            writer.member("sub", actor.id)
            if let before {
                writer.name("act")
                writer.raw(Array(before.json))
            }
        }
    }

    private static func length(of chain: JSONValue?) -> Int {
        var (length, link) = (0, chain)
        while let here = link {
            length += 1
            link = here["act"]
        }
        return length
    }

    // MARK: What is narrowed

    /// Some of the subject token's scopes that the client may have, or all of those when it asks for none; never one of this service's
    /// own APIs.
    private func scope(
        _ parameters: OAuthParameters, of subject: VerifiedToken, for client: Client
    ) throws(OAuthError) -> ScopeSet {
        let allowed = ScopeSet(subject.scopes).intersection(client.metadata.scope ?? scopes.names).subtracting(Self.neverExchanged)
        let asked = try ScopeSet(parsing: try parameters["scope"] ?? "")
        guard !asked.isEmpty else { return allowed }
        guard asked.isSubset(of: allowed) else {
            throw OAuthError(.invalidScope, "The client may not have of this token: \(asked.subtracting(allowed).text).")
        }
        return asked
    }

    /// `aud`: of what the subject token is for and what the client's policy adds, what is named; else what the subject token is for.
    private func audience(
        _ parameters: OAuthParameters, of subject: VerifiedToken, for client: Client
    ) throws(OAuthError) -> [String] {
        // RFC 8693 §2.1: both say where the token is to be used, one by an address and one by a name. Here APIs have one name.
        let named = parameters.all("resource") + parameters.all("audience")
        let asked = try ResourceCatalogue.named(named, among: subject.audience + client.policy.exchangeTo)
        let audience = asked.isEmpty ? subject.audience : asked
        guard audience.count == 1 || client.policy.mayCombineResources else { throw OAuthError.severalResources }
        return audience
    }

    private static func refusal(_ name: String, _ what: String, logDetail: String? = nil) -> OAuthError {
        OAuthError(.invalidRequest, "\(name) \(what).", logDetail: logDetail)
    }

    /// RFC 8693 §3.
    private static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
    private static let longestChain = 4
    private static let neverExchanged = ScopeSet(FirstPartyScope.allCases.map(\.rawValue) + ["offline_access"])
}

extension Client {
    /// Whether it may exchange a token: it is shown to an API that this client stands for, or to a client that its policy names.
    func mayExchange(_ token: VerifiedToken) -> Bool {
        if isFor(token) { return true }
        guard let giver = token.clientID else { return false }
        return policy.exchangeFrom.contains { $0.utf8.elementsEqual(giver.utf8) }
    }
}
