// Services: what the handlers call, built once by the composition. Handlers turn HTTP into its arguments and its
// outcomes into HTTP; no rule of accounts or tokens stands in this layer.

package import Accounts
package import MartletCryptography
package import MartletEncoding
package import MartletVerifier
package import OAuth
package import Store
package import Tokens

/// Who may read the revocation feed.
package enum Feed: Sendable {
    /// Nobody: there is none.
    case off
    /// Everybody.
    case open(FeedPublisher)
    /// Holders of a token with the scope `revocations`.
    case forTokens(FeedPublisher)
}

/// Everything that the routes call.
package struct Services: Sendable {
    package let store: any Store
    package let ring: KeyRing
    package let rotation: KeyRotation
    package private(set) var sessions: SessionService
    package private(set) var registration: Registration
    package private(set) var login: PasswordLogin
    package let reauthentication: Reauthentication
    package let throttle: LoginThrottle
    package let hasher: PasswordHasher
    package let legacyPasswords: LegacyPasswords
    package let common: CommonPasswords
    package let users: UserCache
    package let clients: ClientDirectory
    package let registrar: ClientRegistrar
    package let clientRegistration: DynamicRegistration
    package let oauth: AuthorizationServer
    /// Access tokens for the issuer's own APIs.
    package let verifier: TokenVerifier
    /// Access tokens for any audience, for those who ask what a token is.
    package let anyAudience: TokenVerifier
    package let inspector: TokenInspector
    package let feed: Feed
    package let cookie: RefreshCookie
    package let pages: PageAnswers
    package let formTokens: FormTokens
    package let stamps: RequestStamps
    package let signInLimits: SignInLimits
    package let random: RandomSource
    package let newID: @Sendable (UnixTime) -> String
    package let clock: @Sendable () -> UnixTime
    /// Why the service is not ready; nil when it is. Cheap to ask.
    package let unready: @Sendable () -> String?
    /// The words in small letters that an access token may come by in `Authorization`.
    package var schemes = ["bearer"]
    /// What proofs of keys must name at the OAuth endpoints (RFC 9449 §8); nil where no nonce is asked for.
    package var proofNonces: DPoPNonces?

    package init(
        store: any Store, ring: KeyRing, rotation: KeyRotation, sessions: SessionService, registration: Registration,
        login: PasswordLogin, reauthentication: Reauthentication, throttle: LoginThrottle, hasher: PasswordHasher,
        legacyPasswords: LegacyPasswords, common: CommonPasswords, users: UserCache, clients: ClientDirectory,
        registrar: ClientRegistrar, clientRegistration: DynamicRegistration, oauth: AuthorizationServer,
        verifier: TokenVerifier, anyAudience: TokenVerifier, inspector: TokenInspector, feed: Feed, cookie: RefreshCookie,
        pages: PageAnswers, formTokens: FormTokens, stamps: RequestStamps, signInLimits: SignInLimits, random: RandomSource,
        newID: @escaping @Sendable (UnixTime) -> String,
        clock: @escaping @Sendable () -> UnixTime, unready: @escaping @Sendable () -> String?
    ) {
        self.store = store
        self.ring = ring
        self.rotation = rotation
        self.sessions = sessions
        self.registration = registration
        self.login = login
        self.reauthentication = reauthentication
        self.throttle = throttle
        self.hasher = hasher
        self.legacyPasswords = legacyPasswords
        self.common = common
        self.users = users
        self.clients = clients
        self.registrar = registrar
        self.clientRegistration = clientRegistration
        self.oauth = oauth
        self.verifier = verifier
        self.anyAudience = anyAudience
        self.inspector = inspector
        self.feed = feed
        self.cookie = cookie
        self.pages = pages
        self.formTokens = formTokens
        self.stamps = stamps
        self.signInLimits = signInLimits
        self.random = random
        self.newID = newID
        self.clock = clock
        self.unready = unready
    }

    /// `iss` of every token.
    var issuer: String { sessions.policy.issuer }

    /// Whether tokens for another audience than the issuer open its APIs.
    var hasOtherAudience: Bool { sessions.policy.compatibility?.audience != nil }

    /// What the endpoints of another issuer call: the same, but access tokens have its `iss` and `aud`.
    var compatible: Self {
        var services = self
        services.sessions = sessions.compatible
        services.registration = registration.with(services.sessions)
        services.login = login.with(services.sessions)
        return services
    }
}
