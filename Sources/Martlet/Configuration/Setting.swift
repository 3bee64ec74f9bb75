// Setting: the one table of settings. Each has an environment variable (MARTLET_ and its name in capitals), a member
// of the file that --config names, and, unless it is a secret, a flag (--its-name). The flag wins, then the
// environment, then the file. What the texts mean is read in Configuration.

/// One setting: its name and what people are told about it.
struct Setting: Sendable, Hashable {
    /// In snake case, as in the JSON file.
    let name: String
    /// The text that stands when nobody says anything; nil for none.
    let fallback: String?
    let help: String
    /// It has no flag: an argument can be read by everybody on the machine.
    let isSecret: Bool
    /// It may also come from a file that ``fileVariable`` names.
    let mayBeFile: Bool

    private init(_ name: String, _ fallback: String?, _ help: String, isSecret: Bool = false, mayBeFile: Bool = false) {
        self.name = name
        self.fallback = fallback
        self.help = help
        self.isSecret = isSecret
        self.mayBeFile = mayBeFile || isSecret
    }

    /// The environment variable.
    var variable: String { Self.variable(of: name) }
    /// The variable that names a file with the value.
    var fileVariable: String { variable + "_FILE" }
    /// The flag, without its dashes.
    var flag: String { String(name.map { $0 == "_" ? "-" : $0 }) }

    /// The environment variable of a setting called that.
    static func variable(of name: String) -> String { "MARTLET_" + String(decoding: name.utf8.map(asciiUppercased), as: UTF8.self) }

    /// Those of the service, and of the commands beside it.
    static let all = [
        listen, issuer, dataDir, database, masterKey, masterKeyPrevious, signingAlgorithm, jwtSecret, keyRotationDays, accessTTL,
        refreshTTL, sessionTTL, refreshGrace, signInIdle, signInTTL, audience, registration, clientRegistration,
        clientRegistrationToken, clientDocuments, dpopNonce, scopes, adminUsername, adminPassword, argon2MemoryKiB,
        argon2Iterations, argon2Parallelism, trustedProxies, forwardedHeader, corsOrigins, metricsListen, feed, auditDays, loginAttempts,
        compat, compatStrict, compatRotateRefreshTokens, compatBlacklistAfterRotation, compatSliding, compatUserIDClaim,
        compatTokenTypeClaim, compatAuthHeaderTypes, compatAudience, compatIssuer, compatLeeway, compatAccessCookie,
        compatRefreshCookie, compatReturnExpiration, compatOldPassword, oldKey, oldKeyUntil, oldKeyAlgorithm, oldUserIDClaim,
        oldTokenTypeClaim, oldIssuer, oldAudience, logLevel, logFormat, publicDir, migrationsDir,
        maxConnections, maxRequestLine, maxHeaderBytes,
        maxHeaderFields, maxBody,
        headTimeout, bodyTimeout, idleTimeout, writeTimeout,
    ]

    /// Those of `martlet api`.
    static let api = [
        apiListen, apiIssuer, apiAudience, apiClientID, apiClientSecret, publicURL, apiDPoPNonce, redis, fleetSecret, keyCacheDir,
        maxStaleness, oldKey, oldKeyUntil,
        oldKeyAlgorithm,
        oldUserIDClaim, oldTokenTypeClaim, oldIssuer, oldAudience, trustedProxies, forwardedHeader, corsOrigins,
        apiMetricsListen, logLevel, logFormat, maxConnections, maxRequestLine, maxHeaderBytes, maxHeaderFields, maxBody, headTimeout,
        bodyTimeout, idleTimeout, writeTimeout,
    ]

    /// Those of `martlet shadow`.
    static let shadow = [
        shadowListen, old, new, shadowLevel, shadowPaths, report, summaryMinutes, oldTimeout, newTimeout, shadowMaxBody, maxAnswer,
        shadowMetricsListen, logLevel, logFormat, maxConnections, maxRequestLine, maxHeaderBytes, maxHeaderFields, headTimeout, bodyTimeout,
        idleTimeout, writeTimeout,
    ]

    static let listen = Setting("listen", "127.0.0.1:8080", "Address and port, or unix:/path; port 0 picks one and prints it.")
    static let issuer = Setting(
        "issuer", nil, "The issuer: https unless the host is loopback; no path. Default: http://localhost: and the port really bound.")
    static let dataDir = Setting("data_dir", "./data", "Folder of the database and the master key; made at the first start.")
    static let database = Setting("database", nil, "sqlite:PATH. Default: martlet.db in the data directory.")
    static let masterKey = Setting(
        "master_key", nil, "32 bytes as base64url that seal the private keys. Default: a file in the data directory.", isSecret: true)
    static let masterKeyPrevious = Setting(
        "master_key_previous", nil, "The master key before this one: what it sealed is sealed anew at the start.", isSecret: true)
    static let signingAlgorithm = Setting(
        "signing_algorithm", "ES256", "ES256, ES384, EdDSA, RS256, RS384, RS512, PS256, PS384, PS512, or HS256 with a shared secret.")
    static let jwtSecret = Setting("jwt_secret", nil, "The shared secret for HS256: 32 bytes or more.", isSecret: true)
    static let keyRotationDays = Setting("key_rotation_days", "90", "Days after which a signing key is followed by a new one; 0 is never.")
    static let accessTTL = Setting("access_ttl", "600", "Seconds that an access token lives.")
    static let refreshTTL = Setting("refresh_ttl", "1209600", "Seconds that a refresh token lives without use.")
    static let sessionTTL = Setting("session_ttl", "7776000", "Seconds after which a session ends however often it was refreshed.")
    static let refreshGrace = Setting(
        "refresh_grace", "30", "Seconds in which the refresh token before the current one still gets the current one; 0 is strict.")
    static let signInIdle = Setting("sign_in_idle", "28800", "Seconds after which a browser's sign-in ends unless it is used.")
    static let signInTTL = Setting("sign_in_ttl", "604800", "Seconds after which a browser's sign-in ends however often it was used.")
    static let audience = Setting("audience", nil, "The aud of access tokens when none is asked for. Default: the issuer.")
    static let registration = Setting("registration", "open", "open, or closed: only administrators make accounts.")
    static let clientRegistration = Setting(
        "client_registration", "closed", "Whether OAuth clients may register themselves: closed, token (the initial access token), or open."
    )
    static let clientRegistrationToken = Setting(
        "client_registration_token", nil, "The initial access token for clients that register themselves: 32 characters or more.",
        isSecret: true)
    static let dpopNonce = Setting(
        "dpop_nonce", "on", "on: proofs of keys (DPoP) must name a nonce of the service's, which it gives out. Or off.")
    static let clientDocuments = Setting(
        "client_documents", "off", "on: a client's id may be the https address of a document about it, which is fetched. Or off.")
    static let scopes = Setting(
        "scopes", nil, "A JSON file of own scopes, their claims, and the APIs that tokens may be for. See docs/scopes.md.")
    static let adminUsername = Setting("admin_username", nil, "Makes this administrator while there has never been one.")
    static let adminPassword = Setting("admin_password", nil, "The password of that administrator.", isSecret: true)
    static let argon2MemoryKiB = Setting("argon2_memory_kib", "19456", "Memory of one password hash in KiB.")
    static let argon2Iterations = Setting("argon2_iterations", "2", "Passes of one password hash.")
    static let argon2Parallelism = Setting("argon2_parallelism", "1", "Lanes of one password hash.")
    static let trustedProxies = Setting(
        "trusted_proxies", nil, "Comma-separated CIDRs, or unix for a socket's peers, whose forwarding header is believed.")
    static let forwardedHeader = Setting("forwarded_header", "x-forwarded-for", "x-forwarded-for or forwarded; the other is ignored.")
    static let corsOrigins = Setting("cors_origins", nil, "Comma-separated origins whose scripts may call.")
    static let metricsListen = Setting("metrics_listen", "127.0.0.1:9464", "Where Prometheus metrics are served, or off.")
    static let feed = Setting("feed", "public", "Who may read the revocation feed: public, token (scope revocations) or off.")
    static let auditDays = Setting("audit_days", "400", "Days that the audit trail is kept.")
    static let loginAttempts = Setting(
        "login_attempts", "10/60", "Failed logins per account in so many seconds before 429; off for load tests.")
    static let compat = Setting(
        "compat", "none",
        "Others' endpoints beside the native ones: a list of simplejwt, drf-jwt and dj-rest-auth, or none. See docs/django.md.")
    static let compatStrict = Setting(
        "compat_strict", "off", "on: their exact behaviour where Martlet's is the safer one and theirs no vulnerability.")
    static let compatRotateRefreshTokens = Setting(
        "compat_rotate_refresh_tokens", "off", "on, or off: a refresh at those endpoints leaves the refresh token as it is.")
    static let compatBlacklistAfterRotation = Setting(
        "compat_blacklist_after_rotation", "on", "off, with compat_strict: a refresh token that was rotated stays good until its end.")
    static let compatSliding = Setting(
        "compat_sliding", "off", "on, or off: simplejwt's sliding tokens in the place of its pairs of tokens.")
    static let compatUserIDClaim = Setting("compat_user_id_claim", "user_id", "The claim that says whose a token is.")
    static let compatTokenTypeClaim = Setting(
        "compat_token_type_claim", "token_type", "The claim that says access or refresh, or none.")
    static let compatAuthHeaderTypes = Setting(
        "compat_auth_header_types", "Bearer", "Comma-separated words before a token in Authorization; Bearer is always taken.")
    static let compatAudience = Setting(
        "compat_audience", nil, "The aud of access tokens given at those endpoints. Default: that of all others.")
    static let compatIssuer = Setting(
        "compat_issuer", nil, "The iss of access tokens given at those endpoints, any text. Default: the issuer.")
    static let compatLeeway = Setting("compat_leeway", "0", "Seconds, at most 60, that the service goes on taking an access token.")
    static let compatAccessCookie = Setting(
        "compat_jwt_auth_cookie", nil, "The cookie in which dj-rest-auth's endpoints give and take the access token. Default: none.")
    static let compatRefreshCookie = Setting(
        "compat_jwt_auth_refresh_cookie", nil,
        "The cookie in which dj-rest-auth's endpoints give and take the refresh token, which then stands in no body. Default: none.")
    static let compatReturnExpiration = Setting(
        "compat_jwt_auth_return_expiration", "off", "on: dj-rest-auth's login says when its tokens end. Or off.")
    static let compatOldPassword = Setting(
        "compat_old_password_field_enabled", "on",
        "on, or off: at dj-rest-auth's password change an access token is enough, without the old password.")
    static let oldKey = Setting(
        "old_key", nil, "The secret (Django's SECRET_KEY) or PEM public key of the service before: its tokens are accepted for a while.",
        isSecret: true)
    static let oldKeyUntil = Setting(
        "old_key_until", nil, "When that ends: a date, which is its first moment in UTC, or an RFC 3339 time; at most 400 days ahead.")
    static let oldKeyAlgorithm = Setting(
        "old_key_algorithm", nil, "The one algorithm of those tokens. Default: HS256 for a secret, RS256 for RSA, else the curve's.")
    static let oldUserIDClaim = Setting("old_user_id_claim", "user_id", "The claim of those tokens that names the user.")
    static let oldTokenTypeClaim = Setting(
        "old_token_type_claim", "token_type", "The claim that says access or refresh; none where those tokens have no such claim.")
    static let oldIssuer = Setting("old_issuer", nil, "What iss of those tokens must be. Default: it is not looked at.")
    static let oldAudience = Setting("old_audience", nil, "What aud of those tokens must contain. Default: it is not looked at.")
    static let logLevel = Setting("log_level", "info", "trace, debug, info, notice, warning, error or critical.")
    static let logFormat = Setting("log_format", nil, "text or json. Default: text on a terminal, else json.")
    static let publicDir = Setting("public_dir", nil, "A folder of web pages in place of those in the program.")
    static let migrationsDir = Setting("migrations_dir", nil, "A folder of migrations in place of those in the program.")
    static let maxConnections = Setting("max_connections", "10000", "Connections at once; a further one is closed as soon as it comes.")
    static let maxRequestLine = Setting("max_request_line", "8192", "Bytes of a request line.")
    static let maxHeaderBytes = Setting("max_header_bytes", "16384", "Bytes of a request's header section.")
    static let maxHeaderFields = Setting("max_header_fields", "100", "Fields of a request's header section.")
    static let maxBody = Setting("max_body", "65536", "Bytes of a request's body.")
    static let headTimeout = Setting("head_timeout", "10", "Seconds for a request's head to arrive.")
    static let bodyTimeout = Setting("body_timeout", "30", "Seconds for a request's body to arrive.")
    static let idleTimeout = Setting("idle_timeout", "60", "Seconds that a connection may be idle.")
    static let apiListen = Setting("listen", "127.0.0.1:8081", "Address and port, or unix:/path; port 0 picks one and prints it.")
    static let apiIssuer = Setting(
        "issuer", nil, "Whose tokens are accepted: https, or http on this machine. Its keys and revocations are found from here.")
    static let apiAudience = Setting("audience", nil, "What aud must contain. Default: the issuer.")
    static let apiClientID = Setting(
        "api_client_id", nil, "The client that reads the issuer's revocation feed where that is not public (MARTLET_FEED=token there).")
    static let apiClientSecret = Setting("api_client_secret", nil, "The secret of that client.", isSecret: true)
    static let publicURL = Setting(
        "public_url", nil,
        "Where clients reach this process, for DPoP proofs: https://host, or http on this machine. Default: the origin of the audience.")
    static let apiDPoPNonce = Setting(
        "dpop_nonce", "off", "on: DPoP proofs must name a nonce of this process's, or of the fleet's where there is a fleet secret. Or off."
    )
    static let redis = Setting(
        "redis", nil, "redis://host:port, where a fleet shares fetched keys. With a password: in the environment only.", mayBeFile: true)
    static let fleetSecret = Setting(
        "fleet_secret", nil, "32 bytes or more, the same for the fleet: seals what is kept in Redis or on disk.", isSecret: true)
    static let keyCacheDir = Setting("key_cache_dir", nil, "Folder of the last keys that were good, for a start while the issuer is away.")
    static let maxStaleness = Setting(
        "max_staleness", "off", "Seconds without news of revocations after which tokens are refused; off accepts them until they expire.")
    static let apiMetricsListen = Setting("metrics_listen", "127.0.0.1:9465", "Where Prometheus metrics are served, or off.")
    static let shadowListen = Setting("listen", "127.0.0.1:8090", "Address and port, or unix:/path; port 0 picks one and prints it.")
    static let old = Setting("old", nil, "The service that answers: http://host:port, or https.")
    static let new = Setting("new", nil, "The Martlet that is asked the same: http://host:port, or https.")
    static let shadowLevel = Setting(
        "shadow", "reads",
        "What Martlet is asked: reads, what changes nothing; logins, also logins, refreshes and logouts, without which it knows no token; all, also registrations and changes of accounts."
    )
    static let shadowPaths = Setting(
        "paths", nil, "Comma-separated beginnings of paths that are compared beside the endpoints of docs/django.md.")
    static let report = Setting("report", nil, "File that the differences are appended to. Default: standard output.")
    static let summaryMinutes = Setting("summary_minutes", "0", "Minutes between two summaries; 0 is only at the end and on SIGUSR1.")
    static let oldTimeout = Setting("old_timeout", "60", "Seconds for an answer of the old service; then the frontend gets 504.")
    static let newTimeout = Setting("new_timeout", "10", "Seconds for an answer of Martlet; then it is not compared.")
    static let shadowMaxBody = Setting("max_body", "10485760", "Bytes of a request's body.")
    static let maxAnswer = Setting("max_answer", "33554432", "Bytes of an answer of the old service; a larger one is 502.")
    static let shadowMetricsListen = Setting("metrics_listen", "127.0.0.1:9466", "Where Prometheus metrics are served, or off.")
    static let writeTimeout = Setting("write_timeout", "30", "Seconds that a peer may take nothing of an answer.")
}

private func asciiUppercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte & ~0x20 : byte
}
