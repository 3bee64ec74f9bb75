// ExpectedDifference: the differences that are meant, each with its sentence of docs/django.md, so that a summary tells surprise
// from what is documented. A rule is as narrow as its reason: what it does not cover is a surprise.

/// A rule about differences that are meant.
package struct ExpectedDifference: Sendable {
    /// Which requests; nil is all.
    var request: (@Sendable (Comparison) -> Bool)?
    /// What differs.
    var kind: Difference.Kind
    /// Patterns of the place, and of what is said there; `*` is any text.
    var places: [String]
    var old = "*"
    var new = "*"
    /// The sentence.
    var reason: String

    /// The sentences of all rules, each as docs/django.md has it.
    package static var reasons: Set<String> { Set(rules.map(\.reason)) }

    /// Why a difference is so; nil when it is not meant.
    static func reason(for difference: Difference, of comparison: Comparison) -> String? {
        rules.first { rule in
            rule.kind == difference.kind && rule.places.contains { matches(difference.place, $0) } && matches(difference.old, rule.old)
                && matches(difference.new, rule.new) && rule.request?(comparison) ?? true
        }?.reason
    }

    /// The first rule that covers a difference counts.
    static let rules: [ExpectedDifference] = [
        ExpectedDifference(kind: .claim, places: ["* header alg", "* header kid", "* header typ"], reason: ownTokens),
        ExpectedDifference(
            kind: .claim,
            places: ["aud", "iss", "sub", "client_id", "scope", "sid", "ctr", "nonce"].map { "* claim \($0)" }, old: "absent",
            reason: ownTokens),
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

    private static let ownTokens =
        "A token is Martlet's own: the algorithm that the operator chose, a `kid`, a `typ` that says what it is for, and the claims of RFC 9068 besides simplejwt's."
    private static let noStore = "Answers are not to be kept by caches."
    private static let noHTML = "There is no browsable API: whoever asks for HTML gets JSON, and no CSRF cookie."
    private static let slashes =
        "A path without its slash at the end is served, where Django redirects and a POST loses its body on the way."
    private static let parseErrors = "What follows `JSON parse error - ` is in Martlet's words."
    private static let options = "OPTIONS answers 204 with `Allow`, and does not describe the view."
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

    /// Whether a text is what a pattern says, `*` being any text.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == pattern }
        guard text.hasPrefix(first) else { return false }
        var rest = text.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            while !rest.isEmpty, !rest.hasPrefix(part) { rest.removeFirst() }
            guard rest.hasPrefix(part) else { return false }
            rest = rest.dropFirst(part.count)
        }
        return rest.hasSuffix(last)
    }
}
