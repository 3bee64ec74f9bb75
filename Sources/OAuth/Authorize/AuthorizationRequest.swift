// AuthorizationRequest: what a client asks of a person, every rule of it kept. The one ordered list of checks is `init(reading:)`:
// the order is the security argument. Nothing is answered to a redirect URI before it is proven to be the client's (RFC 6749 §4.1.2.1),
// and from then on everything is.

/// A request at the authorization endpoint that may be answered with a code.
package struct AuthorizationRequest: Sendable, Hashable {
    package let client: Client
    package let answer: AuthorizationAnswer
    package let scope: ScopeSet
    /// The APIs that the tokens are for (RFC 8707); empty for the service's default audience.
    package let resources: [String]
    package let challenge: CodeChallenge
    /// `nonce`, for the ID token.
    package let nonce: String?
    package let prompts: Set<Prompt>
    /// Seconds that the last sign-in may be past.
    package let maximumAge: Int64?
    package let loginHint: String?
    /// `acr_values`, and what `claims` says of `acr` and `sub`.
    package let demand: AuthenticationDemand
    /// `ui_locales`, the most wanted first.
    package let locales: [String]
    /// Single claims that it asks for (OpenID Connect Core 1.0 §5.5); nil for none.
    package let claims: RequestedClaims?
    /// The thumbprint of the key that the code is for (RFC 9449 §10).
    package let proofKey: String?

    /// Whether it is one of OpenID Connect's.
    package var wantsIDToken: Bool { scope.contains("openid") }

    /// What is looked at besides the request.
    package struct Rules: Sendable {
        package var scopes: ScopeCatalogue
        /// The APIs that tokens may be for.
        package var resources: ResourceCatalogue

        /// What an ID token of this service says; nil for anything else.
        package var hint: @Sendable (String) -> IDTokenHint?

        package init(
            scopes: ScopeCatalogue, resources: ResourceCatalogue, hint: @escaping @Sendable (String) -> IDTokenHint? = { _ in nil }
        ) {
            self.scopes = scopes
            self.resources = resources
            self.hint = hint
        }
    }

    /// Reads the parameters of a request from `client`. `wasPushed` is whether they came by RFC 9126.
    package init(
        reading parameters: OAuthParameters, of client: Client, wasPushed: Bool, rules: Rules, issuer: String
    ) throws(AuthorizationFailure) {
        // Whatever is wrong up to here is told on a page of our own.
        let redirectURI = try unproven { () throws(OAuthError) in try client.redirectURI(try parameters["redirect_uri"]) }
        let state = try unproven { () throws(OAuthError) in try parameters["state"] }
        let mode = try unproven { () throws(OAuthError) in try Self.responseMode(parameters) }
        let answer = AuthorizationAnswer(redirectURI: redirectURI, mode: mode, state: state, issuer: issuer)
        // From here on the client hears it.
        self = try answered(answer) { () throws(OAuthError) in
            try parameters.refuseRepeated(except: ["resource"])
            try Self.checkIsServed(parameters)
            try Self.checkResponseType(parameters)
            try client.require(.authorizationCode)
            try Self.checkWasPushed(wasPushed, client)
            let challenge = try CodeChallenge(parameters["code_challenge"], method: parameters["code_challenge_method"])
            let claims = try parameters["claims"].map { text throws(OAuthError) in try RequestedClaims(parsing: text) }
            let scope = try Self.scope(parameters, claims, client, rules)
            return AuthorizationRequest(
                client: client, answer: answer, scope: scope,
                resources: try rules.resources.granted(parameters.all("resource"), to: client),
                challenge: challenge, nonce: try parameters["nonce"], prompts: try Self.prompts(parameters),
                maximumAge: try Self.maximumAge(parameters) ?? client.metadata.defaultMaxAge, loginHint: try parameters["login_hint"],
                demand: try AuthenticationDemand(
                    contexts: Self.words(parameters["acr_values"]), claims: claims, hinted: Self.hintedSubject(parameters, client, rules)),
                claims: claims,
                locales: try Self.words(parameters["ui_locales"]), proofKey: try Self.proofKey(parameters))
        }
    }

    private init(
        client: Client, answer: AuthorizationAnswer, scope: ScopeSet, resources: [String], challenge: CodeChallenge, nonce: String?,
        prompts: Set<Prompt>, maximumAge: Int64?, loginHint: String?, demand: AuthenticationDemand, claims: RequestedClaims?,
        locales: [String],
        proofKey: String?
    ) {
        self.client = client
        self.answer = answer
        self.scope = scope
        self.resources = resources
        self.challenge = challenge
        self.nonce = nonce
        self.prompts = prompts
        self.maximumAge = maximumAge
        self.loginHint = loginHint
        self.demand = demand
        self.locales = locales
        self.claims = claims
        self.proofKey = proofKey
    }

    // MARK: The checks

    private static func responseMode(_ parameters: OAuthParameters) throws(OAuthError) -> ResponseMode {
        guard let name = try parameters["response_mode"] else { return .query }
        guard let mode = ResponseMode(rawValue: name) else {
            throw OAuthError(.invalidRequest, "response_mode is not one that is served here.")
        }
        return mode
    }

    /// OpenID Connect Core 1.0 §3.1.2.6: what is not served is refused by its own name.
    private static func checkIsServed(_ parameters: OAuthParameters) throws(OAuthError) {
        if try parameters["registration"] != nil { throw OAuthError(.registrationNotSupported, "registration is not served here.") }
    }

    private static func checkResponseType(_ parameters: OAuthParameters) throws(OAuthError) {
        guard try parameters.required("response_type") == "code" else {
            throw OAuthError(.unsupportedResponseType, "response_type must be code.")
        }
    }

    /// RFC 9126 §6.
    private static func checkWasPushed(_ wasPushed: Bool, _ client: Client) throws(OAuthError) {
        guard wasPushed || !client.metadata.requiresPushedRequests else {
            throw OAuthError(.invalidRequest, "This client must push its requests (RFC 9126).")
        }
    }

    /// Asking for a claim about a person is asking for its scope, so that the person is asked; what the client may not have is left out
    /// then, as OpenID Connect Core 1.0 §5.5.1 allows.
    private static func scope(
        _ parameters: OAuthParameters, _ claims: RequestedClaims?, _ client: Client, _ rules: Rules
    ) throws(OAuthError) -> ScopeSet {
        let asked = try rules.scopes.granted(try ScopeSet(parsing: parameters["scope"] ?? ""), to: client)
        guard let claims, asked.contains("openid") else { return asked }
        return asked.union(claims.scopes.intersection(rules.scopes.allowed(to: client)))
    }

    private static func prompts(_ parameters: OAuthParameters) throws(OAuthError) -> Set<Prompt> {
        var prompts: Set<Prompt> = []
        for word in try words(parameters["prompt"]) {
            // OpenID Connect Core 1.0 §3.1.2.1: values that are not understood are the server's to refuse.
            guard let prompt = Prompt(rawValue: word) else {
                throw OAuthError(.invalidRequest, "prompt has a value that is not served here.")
            }
            prompts.insert(prompt)
        }
        // The same section: "If this parameter contains none with any other value, an error is returned."
        guard !prompts.contains(.none) || prompts.count == 1 else { throw OAuthError(.invalidRequest, "prompt=none stands alone.") }
        return prompts
    }

    private static func maximumAge(_ parameters: OAuthParameters) throws(OAuthError) -> Int64? {
        guard let text = try parameters["max_age"] else { return nil }
        let digits = text.utf8
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(text) else {
            throw OAuthError(.invalidRequest, "max_age must be seconds.")
        }
        return seconds
    }

    /// `id_token_hint` (OpenID Connect Core 1.0 §3.1.2.1): whom the client means; nil where it does not say.
    private static func hintedSubject(
        _ parameters: OAuthParameters, _ client: Client, _ rules: Rules
    ) throws(OAuthError) -> String? {
        guard let text = try parameters["id_token_hint"] else { return nil }
        guard let hint = rules.hint(text), hint.clientID.utf8.elementsEqual(client.id.utf8) else {
            throw OAuthError(.invalidRequest, "id_token_hint is not an ID token that this client was given here.")
        }
        return hint.subject
    }

    /// RFC 9449 §10: a SHA-256 thumbprint.
    private static func proofKey(_ parameters: OAuthParameters) throws(OAuthError) -> String? {
        guard let text = try parameters["dpop_jkt"] else { return nil }
        guard text.utf8.count == 43, CodeChallenge.isDigest(text) else {
            throw OAuthError(.invalidRequest, "dpop_jkt must be the SHA-256 thumbprint of a key.")
        }
        return text
    }

    private static func words(_ text: String?) throws(OAuthError) -> [String] {
        let words = (text ?? "").utf8.split(separator: UInt8(ascii: " "))
        guard words.count <= 16 else { throw OAuthError(.invalidRequest, "A list has too many values.") }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Why there is no request, and who hears it.
package enum AuthorizationFailure: Error, Sendable, Hashable {
    /// It is not proven where an answer may go: the person hears it, here.
    case told(OAuthError)
    /// The client hears it.
    case answered(OAuthError, AuthorizationAnswer)
}

private func unproven<Value>(_ body: () throws(OAuthError) -> Value) throws(AuthorizationFailure) -> Value {
    do throws(OAuthError) { return try body() } catch { throw .told(error) }
}

private func answered<Value>(
    _ answer: AuthorizationAnswer, _ body: () throws(OAuthError) -> Value
) throws(AuthorizationFailure) -> Value {
    do throws(OAuthError) { return try body() } catch { throw .answered(error, answer) }
}
