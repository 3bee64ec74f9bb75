// What is next for a request, as a table: who is there, since when, what they allowed, what the client wants of them.

import MartletEncoding
import OAuth
import Store
import Testing

@Suite struct AuthorizationStepTests {
    /// Who is there: the seconds since the password was proved, what was allowed before, and whether yes was said to this request.
    struct Person: Sendable {
        var ago: Int64
        var consent: String?
        var resources: [String] = []
        var hasAllowed = false
        static func signedIn(_ ago: Int64, _ consent: String? = "openid read write", _ resources: [String] = []) -> Person {
            Person(ago: ago, consent: consent, resources: resources)
        }
        static let allowing = Person(ago: 10, consent: nil, hasAllowed: true)
    }

    static let now = UnixTime(seconds: 1_800_000_000)
    static let web = #"{"redirect_uris":["https://a.example/cb"],"scope":"openid read write offline_access"}"#
    static let native =
        #"{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","scope":"openid read write"}"#
    static let recent = "urn:martlet:acr:recent-password"
    static let password = "urn:martlet:acr:password"

    private func step(
        _ changes: [String: String?], _ person: Person?, begunAgo: Int64 = 0, isOpen: Bool = true, metadata: String = web,
        policy: String = "{}"
    ) throws -> AuthorizationStep {
        let client = try AuthorizationRequestTests.client(metadata, policy: policy)
        var changes = changes
        if metadata == Self.native { changes["redirect_uri"] = "http://127.0.0.1:5/cb" }
        let request = try AuthorizationRequestTests.read(changes, of: client)
        let visitor = person.map { person in
            let session = BrowserSession(
                id: "s", cookieHash: [1], userID: UserID("u"), authenticatedAt: Self.now.adding(seconds: -person.ago), methods: ["pwd"],
                createdAt: Self.now, idleExpiresAt: Self.now, expiresAt: Self.now, ip: "", userAgent: "")
            let user = User(
                id: UserID("u"), username: "ada", email: nil, emailVerified: false, displayName: "", passwordHash: nil, roles: [],
                isActive: true, version: 1, createdAt: Self.now, updatedAt: Self.now, lastLoginAt: nil, attributes: "{}", externalID: nil)
            let consent = person.consent.map {
                Consent(userID: user.id, clientID: "app", scope: $0, resources: person.resources, grantedAt: Self.now)
            }
            return Visitor(SignedIn(session: session, user: user), subject: "sub-u", consent: consent, hasAllowed: person.hasAllowed)
        }
        return AuthorizationStep(
            for: request, by: visitor, begun: Self.now.adding(seconds: -begunAgo), registrationIsOpen: isOpen, at: Self.now)
    }

    private func name(_ step: AuthorizationStep) -> String {
        switch step {
        case .refuse(let error): error.code.rawValue
        case .signUp: "sign up"
        case .signIn: "sign in"
        case .signInAgain: "sign in again"
        case .askConsent: "consent"
        case .grant(let context): context == .recentPassword ? "grant recent" : "grant"
        }
    }

    @Test(
        "the table",
        arguments: [
            // Who is there.
            ([:], nil, 0, "sign in"),
            (["prompt": "none"], nil, 0, "login_required"),
            (["prompt": "create"], nil, 0, "sign up"),
            (["prompt": "login consent"], nil, 0, "sign in"),
            ([:], .signedIn(10), 0, "grant"),
            (["prompt": "none"], .signedIn(10), 0, "grant"),
            // What prompt wants, until it was done for this request.
            (["prompt": "login"], .signedIn(10), 0, "sign in again"),
            (["prompt": "login"], .signedIn(10), 20, "grant"),
            (["prompt": "login"], .signedIn(30), 20, "sign in again"),
            (["prompt": "select_account"], .signedIn(10), 0, "sign in"),
            (["prompt": "select_account login"], .signedIn(10), 0, "sign in"),
            (["prompt": "select_account"], .signedIn(10), 20, "grant"),
            (["prompt": "create"], .signedIn(10), 0, "sign up"),
            (["prompt": "create"], .signedIn(10), 20, "grant"),
            (["prompt": "login consent"], .signedIn(10), 20, "consent"),
            (["prompt": "consent"], .signedIn(10), 20, "consent"),
            (["prompt": "consent"], .allowing, 20, "grant"),
            // How lately.
            (["max_age": "10"], .signedIn(10), 0, "grant"),
            (["max_age": "9"], .signedIn(10), 0, "sign in again"),
            (["max_age": "9", "prompt": "none"], .signedIn(10), 0, "login_required"),
            (["max_age": "0"], .signedIn(10), 0, "sign in again"),
            (["max_age": "0"], .signedIn(10), 20, "grant"),
            (["max_age": "0"], .signedIn(301), 400, "sign in again"),
            (["max_age": "600"], .signedIn(500), 550, "grant"),
            // How surely.
            (["acr_values": password], .signedIn(9999), 0, "grant"),
            (["acr_values": recent], .signedIn(300), 0, "grant recent"),
            (["acr_values": recent], .signedIn(301), 0, "sign in again"),
            (["acr_values": recent, "prompt": "none"], .signedIn(301), 0, "login_required"),
            (["acr_values": "\(recent) \(password)"], .signedIn(301), 0, "grant"),
            (["acr_values": "\(recent) \(password)"], .signedIn(299), 0, "grant recent"),
            (["acr_values": "phr"], .signedIn(10), 0, "grant"),
            (
                ["claims": #"{"id_token":{"acr":{"essential":true,"values":["phr"]}}}"#], .signedIn(10), 0,
                "unmet_authentication_requirements"
            ),
            (["claims": #"{"id_token":{"acr":{"essential":true,"values":["phr"]}}}"#], nil, 0, "unmet_authentication_requirements"),
            (["claims": #"{"id_token":{"acr":{"values":["phr"]}}}"#], .signedIn(10), 0, "grant"),
            (["claims": #"{"id_token":{"acr":{"essential":true,"value":"\#(recent)"}}}"#], .signedIn(301), 0, "sign in again"),
            (["claims": #"{"id_token":{"acr":{"essential":true}}}"#], .signedIn(301), 0, "grant"),
            (["claims": #"{"id_token":{"acr":null}}"#], .signedIn(301), 0, "grant"),
            // Whom.
            (["claims": #"{"id_token":{"sub":{"value":"sub-u"}}}"#], .signedIn(10), 0, "grant"),
            (["claims": #"{"id_token":{"sub":{"value":"sub-x"}}}"#], .signedIn(10), 0, "sign in"),
            (["claims": #"{"id_token":{"sub":{"value":"sub-x"}}}"#, "prompt": "login"], .signedIn(10), 0, "sign in"),
            (["claims": #"{"id_token":{"sub":{"value":"sub-x"}}}"#, "prompt": "none"], .signedIn(10), 0, "login_required"),
            (["claims": #"{"id_token":{"sub":{"value":"sub-x"}}}"#], .signedIn(10), 20, "login_required"),
            // What they allowed.
            ([:], .signedIn(10, nil), 0, "consent"),
            (["prompt": "none"], .signedIn(10, nil), 0, "consent_required"),
            ([:], .signedIn(10, "openid"), 0, "consent"),
            ([:], .signedIn(10, "read openid"), 0, "grant"),
            (["scope": nil], .signedIn(10, nil), 0, "consent"),
            (["scope": nil], .signedIn(10, ""), 0, "grant"),
            (["scope": "openid offline_access"], .signedIn(10), 0, "consent"),
            (["scope": "openid offline_access"], .signedIn(10, "openid offline_access"), 0, "grant"),
            (["resource": "https://api.example"], .signedIn(10), 0, "consent"),
            (["resource": "https://api.example"], .signedIn(10, "openid read", ["https://b.example"]), 0, "consent"),
            (["resource": "https://api.example"], .signedIn(10, "openid read", ["https://b.example", "https://api.example"]), 0, "grant"),
            ([:], .allowing, 0, "grant"),
        ] as [([String: String?], Person?, Int64, String)])
    func table(_ changes: [String: String?], _ person: Person?, _ begunAgo: Int64, _ expected: String) throws {
        #expect(name(try step(changes, person, begunAgo: begunAgo)) == expected)
    }

    @Test("the operator's own applications are not asked about, unless they ask for it")
    func firstParty() throws {
        let policy = #"{"first_party":true}"#
        #expect(name(try step([:], .signedIn(10, nil), policy: policy)) == "grant")
        #expect(name(try step(["scope": "openid offline_access", "prompt": "none"], .signedIn(10, nil), policy: policy)) == "grant")
        #expect(name(try step(["prompt": "consent"], .signedIn(10, nil), policy: policy)) == "consent")
    }

    @Test("an app on a device is asked about each time (RFC 8252 §8.6)")
    func native() throws {
        #expect(name(try step([:], .signedIn(10), metadata: Self.native)) == "consent")
        #expect(name(try step(["prompt": "none"], .signedIn(10), metadata: Self.native)) == "consent_required")
        #expect(name(try step([:], .allowing, metadata: Self.native)) == "grant")
        let https = #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none","scope":"openid read"}"#
        #expect(name(try step([:], .signedIn(10), metadata: https)) == "grant")
    }

    @Test("prompt=create is not served while registration is closed")
    func closed() throws {
        #expect(name(try step(["prompt": "create"], nil, isOpen: false)) == "invalid_request")
        #expect(name(try step(["prompt": "create"], .signedIn(10), isOpen: false)) == "invalid_request")
    }

    @Test("the client's default_max_age counts where the request has none")
    func defaultMaxAge() throws {
        let metadata = #"{"redirect_uris":["https://a.example/cb"],"scope":"openid read","default_max_age":60}"#
        #expect(name(try step([:], .signedIn(61), metadata: metadata)) == "sign in again")
        #expect(name(try step(["max_age": "90"], .signedIn(61), metadata: metadata)) == "grant")
    }

    @Test(
        "claims are a JSON object, and so are its members",
        arguments: ["[]", "1", "{", #"{"id_token":[]}"#, #"{"userinfo":1}"#, #"{"id_token":"acr"}"#])
    func malformedClaims(_ claims: String) {
        #expect { try AuthorizationRequestTests.read(["claims": claims]) } throws: { error in
            guard case .answered(let error, _)? = error as? AuthorizationFailure else { return false }
            return error.code == .invalidRequest
        }
    }
}
