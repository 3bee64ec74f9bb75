// DocumentedDifferences: the rules about differences that are meant, by the packages that they are about, and the sentences of
// docs/django.md that say why. What a setting of Martlet's gives back has no rule: there, a surprise is a setting that was forgotten.

import MartletEncoding

extension ExpectedDifference {
    /// The first rule that covers a difference counts.
    static let rules: [ExpectedDifference] = ofDRFJWT + ofDJRestAuth + ofAll

    private static let ofDRFJWT: [ExpectedDifference] = [
        ExpectedDifference(
            request: { drfJWT.contains($0.endpoint.name) }, kind: .claim, places: ownHeader.map { "/token header \($0)" },
            reason: tokensOfDRFJWT),
        ExpectedDifference(
            request: { drfJWT.contains($0.endpoint.name) }, kind: .claim, places: ownAccessClaims.map { "/token claim \($0)" },
            old: "absent",
            reason: tokensOfDRFJWT),
        // What is required of a token since, and drf-jwt's predecessor did not write.
        ExpectedDifference(
            request: { ["/jwt-auth/", "/register/"].contains($0.endpoint.name) }, kind: .claim,
            places: ["/token claim iat", "/token claim jti"], old: "absent", reason: tokensOfDRFJWT),
        ExpectedDifference(
            request: { $0.endpoint.name == "/register/" }, kind: .claim, places: ["/token claim user_id"], old: "number", new: "text",
            reason: keys),
        ExpectedDifference(
            request: { drfJWT.contains($0.endpoint.name) }, kind: .claim, places: ["/token claim act"], old: "absent", reason: actor),
        ExpectedDifference(
            request: { $0.endpoint.name == impersonation }, kind: .status, places: ["status"], old: "201",
            new: "403 \"You do not have permission to perform this action.\"*", reason: noAdministrator),
        ExpectedDifference(
            request: { $0.endpoint.name == "/api-token-blacklist/" }, kind: .status, places: ["status"], old: "500*", new: "201",
            reason: answered),
        ExpectedDifference(
            request: { $0.endpoint.name == "/api-token-blacklist/" }, kind: .status, places: ["status"], old: "500*", new: "400*",
            reason: answered),
        ExpectedDifference(
            request: { needsToken.contains($0.endpoint.name) && $0.request.fields.scheme == "bearer" }, kind: .status, places: ["status"],
            old: "401 \"Authentication credentials were not provided.\"*", new: "201", reason: schemes),
    ]

    private static let ofDJRestAuth: [ExpectedDifference] = [
        ExpectedDifference(
            request: { $0.isDJRestAuth }, kind: .cookie, places: ["sessionid", "csrftoken", "messages"].map { "cookie \($0)*" },
            new: "absent", reason: noSession),
        ExpectedDifference(
            request: { $0.isDJRestAuth }, kind: .cookie, places: ["cookie *"], says: { $1 == $0 + "; secure" }, reason: secure),
        ExpectedDifference(
            request: { $0.endpoint.name == login }, kind: .shape, places: ["/refresh"], old: "empty text", new: "absent",
            reason: noEmptyRefresh),
        ExpectedDifference(
            request: { $0.endpoint.name == login && $0.namesAddress }, kind: .status, places: ["status"], old: "200",
            new: "400 \"Unable to log in with provided credentials.\"", reason: verifiedOnly),
        ExpectedDifference(
            request: { [login, logout, registration].contains($0.endpoint.name) && $0.hasCookieAlone }, kind: .status, places: ["status"],
            old: "401 \"Given token not valid for any token type\"*", new: "20*", reason: staleCookie),
        ExpectedDifference(
            request: { $0.endpoint.name == logout }, kind: .header, places: ["header allow"], old: "GET, HEAD, OPTIONS, POST",
            new: "OPTIONS, POST", reason: noGET),
        ExpectedDifference(
            request: { $0.endpoint.name == logout && $0.json?.isObject == false }, kind: .status, places: ["status"], old: "500*",
            new: "400*", reason: noObject),
        ExpectedDifference(
            request: { $0.endpoint.name == logout && $0.json?["refresh"]?.isNull == true }, kind: .status, places: ["status"], old: "200",
            new: "401 \"Refresh token was not included in request data.\"", reason: nullRefresh),
        ExpectedDifference(
            request: { $0.endpoint.name == "/dj-rest-auth/user/" && $0.request.method == "PUT" }, kind: .status, places: ["status"],
            old: "400 \"A user with that username already exists.\"", new: "200", reason: ownName),
        ExpectedDifference(
            request: { $0.endpoint.name == registration }, kind: .shape, places: ["/user/pk"], old: "number", new: "text *", reason: pk),
        ExpectedDifference(
            request: { $0.endpoint.name == registration }, kind: .claim, places: ["* claim user_id"], old: "text", new: "another text",
            reason: userID),
        ExpectedDifference(
            request: { $0.endpoint.name == registration }, kind: .shape, places: ["/refresh"], old: "token", new: "absent",
            reason: joinedByCookie),
        ExpectedDifference(
            request: { $0.endpoint.name == registration }, kind: .cookie, places: ["cookie *"], old: "absent", reason: joinedByCookie),
        ExpectedDifference(
            request: { $0.endpoint.name == password }, kind: .shape, places: ["/new_password2"],
            says: { ["array of 2", "array of 3"].contains($0) && $1 == ($0 == "array of 2" ? "array of 1" : "array of 2") },
            reason: shortAndCommon),
        ExpectedDifference(
            request: { $0.endpoint.name == password }, kind: .shape, places: ["/new_password2/1"],
            old: "\"This password is too common.\"", new: "absent", reason: shortAndCommon),
        // What else is wrong moves up.
        ExpectedDifference(
            request: { $0.endpoint.name == password }, kind: .message, places: ["/new_password2/1"],
            old: "\"This password is too common.\"", new: "\"This password is entirely numeric.\"", reason: shortAndCommon),
        ExpectedDifference(
            request: { $0.endpoint.name == password }, kind: .shape, places: ["/new_password2/2"],
            old: "\"This password is entirely numeric.\"", new: "absent", reason: shortAndCommon),
    ]

    private static let ofAll: [ExpectedDifference] = [
        ExpectedDifference(kind: .claim, places: ownHeader.map { "* header \($0)" }, reason: ownTokens),
        ExpectedDifference(
            kind: .claim, places: (ownAccessClaims + ["ctr", "nonce"]).map { "* claim \($0)" }, old: "absent", reason: ownTokens),
        ExpectedDifference(kind: .header, places: ["header cache-control"], old: "absent", new: "no-store", reason: noStore),
        ExpectedDifference(kind: .header, places: ["header content-type"], old: "text/html", new: "application/json", reason: noHTML),
        ExpectedDifference(kind: .shape, places: [""], old: "text/html", new: "object", reason: noHTML),
        ExpectedDifference(kind: .cookie, places: ["cookie csrftoken*"], new: "absent", reason: noHTML),
        ExpectedDifference(request: { !$0.request.path.hasSuffix("/") }, kind: .status, places: ["status"], old: "301*", reason: slashes),
        ExpectedDifference(
            kind: .message, places: ["/detail"], old: "\"JSON parse error - *", new: "\"JSON parse error - *", reason: parseErrors),
        ExpectedDifference(
            request: { $0.request.method == "OPTIONS" }, kind: .status, places: ["status"], old: "200*", new: "204*", reason: options),
        ExpectedDifference(
            request: { $0.request.method == "OPTIONS" }, kind: .status, places: ["status"], old: "401*", new: "204*", reason: options),
        ExpectedDifference(kind: .status, places: ["status"], old: "401*", new: "405*", reason: methodFirst),
        ExpectedDifference(
            request: { $0.endpoint.act == .verify }, kind: .status, places: ["status"], old: "200*", new: blacklisted, reason: verified),
        ExpectedDifference(
            request: { $0.endpoint.act == .verify }, kind: .status, places: ["status"], old: "400 \"Token is blacklisted\"*",
            new: blacklisted, reason: verified),
        ExpectedDifference(
            request: { $0.endpoint.act == .refresh }, kind: .status, places: ["status"], old: "200*", new: blacklisted, reason: replayed),
        ExpectedDifference(kind: .status, places: ["status"], old: "200*", new: blacklisted, reason: ended),
        ExpectedDifference(
            request: { $0.endpoint.act == .refresh }, kind: .status, places: ["status"], old: "500*",
            new: "401 \"No active account found for the given token.\"*", reason: deleted),
        ExpectedDifference(
            request: { $0.endpoint.act == .obtain }, kind: .status, places: ["status"], new: "429*", reason: throttled),
    ]

    private static let blacklisted = "401 \"Token is blacklisted\"*"
    private static let ownHeader = ["alg", "kid", "typ"]
    /// What RFC 9068 §2.2 has, and the session. Of an old token's own an issuer or an audience may be among them.
    private static let ownAccessClaims = ["aud", "iss", "sub", "client_id", "scope", "roles", "sid"]

    private static let impersonation = "/api-token-impersonate/"
    private static let needsToken: Set<String> = [impersonation, "/api-token-blacklist/"]
    private static let drfJWT: Set<String> = needsToken.union([
        "/api-token-auth/", "/api-token-refresh/", "/api-token-verify/", "/jwt-auth/", "/register/",
    ])
    private static let login = "/dj-rest-auth/login/"
    private static let logout = "/dj-rest-auth/logout/"
    private static let password = "/dj-rest-auth/password/change/"
    private static let registration = "/dj-rest-auth/registration/"

    private static let ownTokens =
        "A token is Martlet's own: the algorithm that the operator chose, a `kid`, a `typ` that says what it is for, and the claims of RFC 9068 besides simplejwt's."
    private static let noStore = "Answers are not to be kept by caches."
    private static let noHTML = "There is no browsable API: whoever asks for HTML gets JSON, and no CSRF cookie."
    private static let slashes =
        "A path without its slash at the end is served, where Django redirects and a POST loses its body on the way."
    private static let parseErrors = "What follows `JSON parse error - ` is in Martlet's words."
    private static let options = "OPTIONS answers 204 with `Allow`, and does not describe the view."
    private static let methodFirst = "A method that is not served is refused before anybody asks who is there."
    private static let verified =
        "Verifying a blacklisted token is 401 with `Token is blacklisted`, not 200 or 400: simplejwt calls it good unless BLACKLIST_AFTER_ROTATION is on."
    private static let replayed =
        "A refresh token that was rotated and comes back after that ends its session, since somebody else may hold the newer one."
    private static let ended =
        "A session ends as a whole, its access tokens with it: blacklisting the refresh token, disabling or deleting the account and a new password take back what was given out, where simplejwt lets it live to its end."
    private static let deleted =
        "A refresh token of a deleted account is 401 with `No active account found for the given token.`, where simplejwt 5.5.1 fails with 500."
    private static let throttled =
        "Failed logins are limited (`MARTLET_LOGIN_ATTEMPTS`), and refreshes of one session to 200 a minute: 429 with "
        + "`Request was throttled. Expected available in N seconds.` and `Retry-After`."

    private static let tokensOfDRFJWT = "A token is Martlet's own here, too: beside drf-jwt's claims it has those of RFC 9068."
    private static let keys =
        "`user_id` is a number for an account that was imported and had one; an account that was made here has its id, a text."
    private static let actor = "The token of an impersonation names the administrator in `act` (RFC 8693 §4.1)."
    private static let noAdministrator =
        "An administrator is never impersonated, as what one does must not stand in the name of another; drf-jwt allows that."
    private static let answered =
        "Where drf-jwt fails with 500 there is an answer: blacklisting a text that is no token is 400, and an empty form blacklists the caller's own token."
    private static let schemes = "Bearer is accepted beside JWT, and more than one blank after either, as RFC 9110 §11.1 has it."

    private static let noSession = "No Django session is begun beside the tokens: no `sessionid`, `csrftoken` or `messages` cookie."
    private static let secure =
        "Cookies are `Secure` wherever the issuer is on https; the original's default sends them over plain http, too."
    private static let noEmptyRefresh =
        "With a refresh cookie a body has no `refresh` at all, where the original's login has an empty one."
    private static let verifiedOnly = "Only a verified e-mail address logs in; the original takes any that an account has."
    private static let staleCookie =
        "A bad access cookie keeps nobody from logging in, logging out or registering: there only the header is looked at."
    private static let noGET = "`logout/` does not name GET in `Allow`; the original does, and refuses it."
    private static let noObject = "`logout/` answers 400 to a body that is no object, not 500."
    private static let nullRefresh =
        "`logout/` with `{\"refresh\":null}` is 401: the original makes a token, ends it and says that the user is logged out."
    private static let ownName = "`PUT user/` takes the account's own username; the original, with allauth, calls it taken."
    private static let pk = "An account that was made here has its id, a text, as `pk`; one that came from Django keeps its number."
    private static let userID =
        "`user_id` is a string, as simplejwt 5.5.1 writes it: what the account was called where it came from, else its id."
    private static let joinedByCookie =
        "With cookies, registration sets them as login does and its body has no `refresh`; the original sets none and hands the refresh token to scripts."
    private static let shortAndCommon = "A password that is too short is not called too common as well."
}

extension Comparison {
    fileprivate var isDJRestAuth: Bool { endpoint.name.hasPrefix("/dj-rest-auth/") }

    /// The JSON of the request.
    fileprivate var json: JSONValue? { request.body.flatMap { try? JSONDocument(parsing: $0).root } }

    /// Whether somebody logs in by an address.
    fileprivate var namesAddress: Bool {
        request.carried.contains { $0.place == "/email" && !$0.text.isEmpty || $0.place == "/username" && $0.text.contains("@") }
    }

    /// Whether a cookie is all that says who asks.
    fileprivate var hasCookieAlone: Bool { request.fields.scheme == nil && !request.fields.texts("cookie").isEmpty }
}

extension [RelayedField] {
    /// The scheme of `Authorization`, in lower case.
    fileprivate var scheme: String? { texts("authorization").first.map { $0.prefix { $0 != " " }.lowercased() } }
}
