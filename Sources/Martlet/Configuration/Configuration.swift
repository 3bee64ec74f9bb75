// Configuration: what the settings mean, as values that cannot be wrong. Every error is one line that names the
// setting as it was written and says what to write instead.

import Accounts
import HTTP
import HTTPServer
import Logging
import MartletEncoding
import MartletJOSE
import OAuth
import PasswordHashing
import Tokens
import Web

/// Who may read the revocation feed.
enum FeedAccess: Sendable {
    case everybody, tokenHolders, nobody
}

/// Everything the service is told.
struct Configuration: Sendable {
    var listen: ListenAddress
    /// Nil: `http://localhost:` and the port that is really bound.
    var issuer: String?
    var dataFolder: String
    var databasePath: String
    var masterKey: [UInt8]?
    var previousMasterKey: [UInt8]?
    var signingAlgorithm: SignatureAlgorithm
    var sharedSecret: [UInt8]?
    var keyRotationDays: Int64
    var accessLifetime: Int64
    var refreshLifetime: Int64
    var sessionLifetime: Int64
    var graceSeconds: Int64
    /// How long browsers stay signed in.
    var signInLimits: SignInLimits
    var audience: String?
    var registrationIsOpen: Bool
    /// Whether OAuth clients may register themselves.
    var clientRegistration: DynamicRegistration.Access
    /// Whether a client's id may be the address of a document.
    var clientDocuments: Bool
    /// Whether proofs of keys must name a nonce.
    var demandsProofNonce: Bool
    /// The file of ``scopes()``.
    var scopesPath: String?
    var firstAdministrator: (username: Username, password: String)?
    var argon2: Argon2Parameters
    var trustedProxies: TrustedProxies
    var corsOrigins: [String]
    var cors: CORSPolicy
    var metricsListen: ListenAddress?
    var feed: FeedAccess
    var auditDays: Int64
    var loginLimit: LoginThrottle.Limit?
    /// Whose endpoints are served beside the native ones.
    var compat: Set<CompatibilityGroup>
    /// The claims that go with them; nil for none.
    var compatibleClaims: ClaimsCompatibility?
    /// The words before a token in `Authorization`, as they were written; the first stands in challenges.
    var authHeaderTypes: [String]
    /// Seconds for which an access token is taken after its end, 0…60.
    var leeway: Int64
    /// The endpoints of simplejwt; nil for none.
    var simplejwt: SimpleJWTSettings?
    /// The endpoints of dj-rest-auth; nil for none.
    var djRestAuth: DJRestAuthSettings?
    /// The service before; nil when its tokens are strangers'.
    var oldIssuer: OldIssuerSettings?
    var logLevel: Logger.Level
    var logFormat: LogFormat?
    var publicFolder: String?
    var migrationsFolder: String?
    var limits: Limits

    init(_ texts: SettingTexts) throws(ConfigurationError) {
        listen = try Self.address(.listen, texts)
        issuer = try texts[.issuer].map { text throws(ConfigurationError) in try Self.issuer(text, texts) }
        dataFolder = texts[.dataDir] ?? "./data"
        databasePath = try Self.databasePath(texts)
        masterKey = try Self.key(.masterKey, texts)
        previousMasterKey = try Self.key(.masterKeyPrevious, texts)
        (signingAlgorithm, sharedSecret) = try Self.signing(texts)
        keyRotationDays = try Self.number(.keyRotationDays, texts, 0...3650)
        // One second is for trying out what happens at the end: nothing depends on more, since marks and revocations outlive tokens
        // by margins of their own.
        accessLifetime = try Self.number(.accessTTL, texts, 1...86_400)
        refreshLifetime = try Self.number(.refreshTTL, texts, 1...31_536_000)
        sessionLifetime = try Self.number(.sessionTTL, texts, 60...315_360_000)
        graceSeconds = try Self.number(.refreshGrace, texts, 0...300)
        guard refreshLifetime <= sessionLifetime else {
            throw ConfigurationError("\(texts.origin(.refreshTTL)) must not be longer than \(texts.origin(.sessionTTL)).")
        }
        signInLimits = SignInLimits(
            idle: try Self.number(.signInIdle, texts, 60...31_536_000), lifetime: try Self.number(.signInTTL, texts, 60...31_536_000))
        audience = texts[.audience]
        registrationIsOpen = try Self.choice(.registration, texts, ["open": true, "closed": false])
        clientRegistration = try Self.clientRegistration(texts)
        clientDocuments = try Self.choice(.clientDocuments, texts, ["on": true, "off": false])
        demandsProofNonce = try Self.choice(.dpopNonce, texts, ["on": true, "off": false])
        scopesPath = texts[.scopes]
        firstAdministrator = try Self.administrator(texts)
        argon2 = try Self.argon2(texts)
        trustedProxies = try Self.proxies(texts)
        corsOrigins = Self.list(.corsOrigins, texts)
        cors = try Self.cors(texts)
        metricsListen = texts[.metricsListen] == "off" ? nil : try Self.address(.metricsListen, texts)
        feed = try Self.choice(.feed, texts, ["public": .everybody, "token": .tokenHolders, "off": .nobody])
        auditDays = try Self.number(.auditDays, texts, 1...36_500)
        loginLimit = try Self.loginLimit(texts)
        compat = try Self.compat(texts)
        compatibleClaims = try Self.compatibleClaims(compat, texts)
        authHeaderTypes = try Self.authHeaderTypes(texts)
        leeway = try Self.number(.compatLeeway, texts, 0...ClaimsPolicy.maximumLeeway)
        simplejwt = try Self.simplejwt(compat, texts)
        djRestAuth = try Self.djRestAuth(compat, texts)
        oldIssuer = try OldIssuerSettings(texts, scopes: [FirstPartyScope.account.rawValue])
        guard oldIssuer == nil || djRestAuth?.asksForOldPassword != false else {
            throw ConfigurationError(
                "\(texts.origin(.compatOldPassword)) cannot be off beside \(Setting.oldKey.variable): whoever has the old key could set passwords."
            )
        }
        logLevel = try Self.logLevel(texts)
        logFormat = try Self.logFormat(texts)
        publicFolder = texts[.publicDir]
        migrationsFolder = texts[.migrationsDir]
        limits = try Self.limits(texts)
    }

    static func address(_ setting: Setting, _ texts: SettingTexts) throws(ConfigurationError) -> ListenAddress {
        guard let address = ListenAddress(texts[setting] ?? "") else {
            throw ConfigurationError("\(texts.origin(setting)) must be an address and port such as 127.0.0.1:8080, or unix:/path.")
        }
        return address
    }

    /// https unless the host is loopback; no path, query or fragment (RFC 8414 §2, and tighter).
    private static func issuer(_ text: String, _ texts: SettingTexts) throws(ConfigurationError) -> String {
        let advice = ConfigurationError(
            "\(texts.origin(.issuer)) must be https://host[:port] without path (http:// only for localhost, 127.0.0.1 and [::1]).")
        let authority = text.drop { $0 != "/" }.dropFirst(2)
        // The host and port are read as those of an address to listen on are; without a port any will do.
        guard CORSPolicy(origins: [text]) != nil, !text.contains(","),
            case .tcp(_, let port)? = ListenAddress("\(authority):1") ?? ListenAddress(String(authority)), port > 0
        else { throw advice }
        if text.hasPrefix("https://") { return text }
        let host = text.dropFirst("http://".count)
        let isLoopback = ["localhost", "127.0.0.1", "[::1]"].contains { host == $0 || host.hasPrefix($0 + ":") }
        guard isLoopback else { throw advice }
        return text
    }

    private static func databasePath(_ texts: SettingTexts) throws(ConfigurationError) -> String {
        guard let text = texts[.database] else { return (texts[.dataDir] ?? "./data") + "/martlet.db" }
        guard text.hasPrefix("sqlite:"), text.utf8.count > 7 else {
            throw ConfigurationError("\(texts.origin(.database)) must be sqlite: and a path, such as sqlite:/var/lib/martlet/martlet.db.")
        }
        return String(text.dropFirst("sqlite:".count))
    }

    private static func key(_ setting: Setting, _ texts: SettingTexts) throws(ConfigurationError) -> [UInt8]? {
        guard let text = texts[setting] else { return nil }
        guard let bytes = Base64URL.decode(text), bytes.count == 32 else {
            throw ConfigurationError("\(texts.origin(setting)) must be 32 bytes as base64url without padding (43 characters).")
        }
        return bytes
    }

    private static func signing(_ texts: SettingTexts) throws(ConfigurationError) -> (SignatureAlgorithm, [UInt8]?) {
        let name = texts[.signingAlgorithm] ?? ""
        let known = SignatureAlgorithm.asymmetric + [.hs256]
        guard let algorithm = known.first(where: { $0.name == name }) else {
            let names = known.map(\.name).joined(separator: ", ")
            throw ConfigurationError("\(texts.origin(.signingAlgorithm)) must be one of \(names).")
        }
        guard algorithm.isSymmetric else {
            guard texts[.jwtSecret] == nil else {
                throw ConfigurationError("\(texts.origin(.jwtSecret)) is for HS256; leave it out, or set MARTLET_SIGNING_ALGORITHM=HS256.")
            }
            return (algorithm, nil)
        }
        guard let secret = texts[.jwtSecret].map({ Array($0.utf8) }), secret.count >= 32 else {
            throw ConfigurationError("\(name) needs \(Setting.jwtSecret.variable): a shared secret of 32 bytes or more.")
        }
        return (algorithm, secret)
    }

    private static func clientRegistration(_ texts: SettingTexts) throws(ConfigurationError) -> DynamicRegistration.Access {
        let token = texts[.clientRegistrationToken]
        if let token {
            guard (32...512).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ConfigurationError("\(texts.origin(.clientRegistrationToken)) must be 32 to 512 visible ASCII characters.")
            }
        }
        switch (texts[.clientRegistration] ?? "", token) {
        case ("closed", nil): return .closed
        case ("closed", _?):
            throw ConfigurationError(
                "\(texts.origin(.clientRegistrationToken)) needs \(Setting.clientRegistration.variable)=token or open beside it.")
        case ("token", let token?): return .token(token)
        case ("token", nil):
            throw ConfigurationError(
                "\(texts.origin(.clientRegistration)) token needs \(Setting.clientRegistrationToken.variable) beside it.")
        case ("open", _): return .open(token: token)
        default: throw ConfigurationError("\(texts.origin(.clientRegistration)) must be closed or open or token.")
        }
    }

    private static func administrator(_ texts: SettingTexts) throws(ConfigurationError) -> (username: Username, password: String)? {
        guard let name = texts[.adminUsername] else {
            guard texts[.adminPassword] == nil else {
                throw ConfigurationError("\(texts.origin(.adminPassword)) needs \(Setting.adminUsername.variable) beside it.")
            }
            return nil
        }
        guard let password = texts[.adminPassword] else {
            throw ConfigurationError("\(texts.origin(.adminUsername)) needs \(Setting.adminPassword.variable) beside it.")
        }
        do throws(FieldProblem) {
            return (try Username(parsing: name), password)
        } catch {
            throw ConfigurationError("\(texts.origin(.adminUsername)): \(error.detail)")
        }
    }

    private static func argon2(_ texts: SettingTexts) throws(ConfigurationError) -> Argon2Parameters {
        let memory = try number(.argon2MemoryKiB, texts, 8...1_048_576)
        let iterations = try number(.argon2Iterations, texts, 1...100)
        let lanes = try number(.argon2Parallelism, texts, 1...16)
        guard let parameters = Argon2Parameters(memoryKiB: Int(memory), iterations: Int(iterations), parallelism: Int(lanes)) else {
            throw ConfigurationError("\(texts.origin(.argon2MemoryKiB)) must be at least 8 for each of \(lanes) lanes.")
        }
        return parameters
    }

    static func proxies(_ texts: SettingTexts) throws(ConfigurationError) -> TrustedProxies {
        let field: TrustedProxies.Field = try choice(
            .forwardedHeader, texts, ["x-forwarded-for": .xForwardedFor, "forwarded": .forwarded])
        let words = list(.trustedProxies, texts)
        let cidrs = words.filter { $0 != "unix" }
        guard let proxies = TrustedProxies(cidrs, field: field, trustsLocalPeers: words.contains("unix")) else {
            throw ConfigurationError("\(texts.origin(.trustedProxies)) must list CIDRs such as 10.0.0.0/8, or unix for a socket's peers.")
        }
        return proxies
    }

    private static func loginLimit(_ texts: SettingTexts) throws(ConfigurationError) -> LoginThrottle.Limit? {
        let text = texts[.loginAttempts] ?? ""
        if text == "off" { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Int64(digits: ArraySlice(Array($0))) }
        guard parts.count == 2, let failures = parts[0], let seconds = parts[1], (1...10_000).contains(failures),
            (1...86_400).contains(seconds)
        else {
            throw ConfigurationError("\(texts.origin(.loginAttempts)) must be failures/seconds such as 10/60, or off.")
        }
        return LoginThrottle.Limit(failures: failures, seconds: seconds)
    }

    static func logLevel(_ texts: SettingTexts) throws(ConfigurationError) -> Logger.Level {
        guard let level = Logger.Level(rawValue: texts[.logLevel] ?? "") else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError("\(texts.origin(.logLevel)) must be one of \(names).")
        }
        return level
    }

    static func logFormat(_ texts: SettingTexts) throws(ConfigurationError) -> LogFormat? {
        try texts[.logFormat] == nil ? nil : choice(.logFormat, texts, ["text": .text, "json": .json])
    }

    static func cors(_ texts: SettingTexts) throws(ConfigurationError) -> CORSPolicy {
        guard let cors = CORSPolicy(origins: list(.corsOrigins, texts)) else {
            throw ConfigurationError(
                "\(texts.origin(.corsOrigins)) must list origins such as https://app.example, without path or wildcard.")
        }
        return cors
    }

    static func limits(_ texts: SettingTexts) throws(ConfigurationError) -> Limits {
        var limits = Limits()
        limits.connections = Int(try number(.maxConnections, texts, 1...1_000_000))
        limits.requestLine = Int(try number(.maxRequestLine, texts, 64...1_048_576))
        limits.headerSection = Int(try number(.maxHeaderBytes, texts, 256...1_048_576))
        limits.headerFields = Int(try number(.maxHeaderFields, texts, 4...10_000))
        limits.body = Int(try number(.maxBody, texts, 1024...16_777_216))
        limits.headTime = try number(.headTimeout, texts, 1...3600) * 1000
        limits.bodyTime = try number(.bodyTimeout, texts, 1...3600) * 1000
        limits.idleTime = try number(.idleTimeout, texts, 1...86_400) * 1000
        limits.writeStallTime = try number(.writeTimeout, texts, 1...3600) * 1000
        return limits
    }

    /// `word` is what may stand in the number's place, for the advice.
    static func number(
        _ setting: Setting, _ texts: SettingTexts, _ range: ClosedRange<Int64>, or word: String? = nil
    ) throws(ConfigurationError) -> Int64 {
        guard let number = texts[setting].flatMap({ Int64(digits: ArraySlice(Array($0.utf8))) }), range.contains(number) else {
            throw ConfigurationError(
                "\(texts.origin(setting)) must be a whole number from \(range.lowerBound) to \(range.upperBound)\(word.map { ", or \($0)" } ?? "")."
            )
        }
        return number
    }

    static func choice<Value>(
        _ setting: Setting, _ texts: SettingTexts, _ values: [String: Value]
    ) throws(ConfigurationError) -> Value {
        guard let value = texts[setting].flatMap({ values[$0] }) else {
            throw ConfigurationError("\(texts.origin(setting)) must be \(values.keys.sorted().joined(separator: " or ")).")
        }
        return value
    }

    static func list(_ setting: Setting, _ texts: SettingTexts) -> [String] {
        (texts[setting] ?? "").split(separator: ",").map { word in
            String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
