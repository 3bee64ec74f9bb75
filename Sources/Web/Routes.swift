// Routes: the one list of what is served. A route says its method, its path, the lane it starts on and who may call it;
// the handlers stand in a file for each group.
//
// Routes that want a token start on the loop, so that a bad one is refused before it can occupy a worker.

package import HTTP
import ResourceServer
import Tokens

/// The routes of the service.
package enum Routes {
    /// Every route but the web pages; those of simplejwt, drf-jwt and dj-rest-auth when they are wanted.
    package static func all(
        _ services: Services, bodyLimit: Int, compat: Set<CompatibilityGroup> = [], simplejwt: SimpleJWTSettings? = nil,
        djRestAuth: DJRestAuthSettings? = nil
    ) -> [Route] {
        let tokens = TokenRoutes(services: services)
        let sessions = SessionRoutes(services: services)
        let users = UserRoutes(services: services, cookies: djRestAuth?.cookies(services.cookie.pages))
        let adminUsers = AdminUserRoutes(services: services)
        let adminTokens = AdminTokenRoutes(services: services)
        let adminClients = AdminClientRoutes(services: services)
        let registration = RegistrationRoutes(services: services)
        let oauth = OAuthRoutes(services: services)
        let pushed = PushedRequestRoutes(services: services)
        let devices = DeviceRoutes(services: services)
        let authorize = AuthorizeRoutes(services: services)
        let consent = ConsentRoutes(services: services)
        let signIn = SignInRoutes(services: services)
        let signUp = SignUpRoutes(services: services)
        let userInfo = UserInfoRoutes(services: services)
        let logout = LogoutRoutes(services: services)
        let apps = AppRoutes(services: services)
        let wellKnown = WellKnownRoutes(services: services)
        let metadata = MetadataRoutes(services: services)
        let feed = FeedRoutes(services: services)
        let proxies = ForwardRoutes(services: services)
        let list: [Row] = [
            (.post, "/auth/register", .worker, tokens.register),
            (.post, "/auth/login", .worker, tokens.login),
            (.post, "/auth/refresh", .loop, tokens.refresh),
            (.post, "/auth/verify", .loop, tokens.verify),
            (.post, "/auth/blacklist", .loop, tokens.blacklist),
            (.post, "/auth/logout", .loop, sessions.logout),
            (.post, "/auth/logout-all", .loop, sessions.logoutAll),
            (.get, "/auth/sessions", .loop, sessions.list),
            (.delete, "/auth/sessions/{id}", .loop, sessions.end),
            (.post, "/auth/password", .loop, sessions.changePassword),
            (.get, "/auth/forward", .loop, proxies.forward),

            (.get, "/api/v1/users/me", .loop, users.me),
            (.patch, "/api/v1/users/me", .loop, users.changeMe),
            (.get, "/api/v1/users/me/apps", .loop, apps.list),
            (.delete, "/api/v1/users/me/apps/{client_id}", .loop, apps.remove),
            (.get, "/api/v1/users", .loop, users.list),
            (.get, "/api/v1/users/{id}", .loop, users.one),

            (.get, "/oauth2/authorize", .loop, authorize.ask),
            (.post, "/oauth2/authorize", .loop, authorize.askByPost),
            (.post, "/oauth2/consent", .loop, consent.decide),
            (.get, "/oauth2/sign-in", .loop, signIn.show),
            (.post, "/oauth2/sign-in", .loop, signIn.check),
            (.get, "/oauth2/sign-up", .loop, signUp.show),
            (.post, "/oauth2/sign-up", .loop, signUp.make),
            (.post, "/oauth2/token", .loop, oauth.token),
            (.post, "/oauth2/par", .loop, pushed.push),
            (.post, "/oauth2/introspect", .loop, oauth.introspect),
            (.post, "/oauth2/revoke", .loop, oauth.revoke),
            (.post, "/oauth2/device_authorization", .loop, devices.authorize),
            (.get, "/oauth2/device", .worker, devices.show),
            (.post, "/oauth2/device", .worker, devices.submit),
            (.get, "/oauth2/userinfo", .loop, userInfo.userInfo),
            (.post, "/oauth2/userinfo", .loop, userInfo.userInfo),
            (.get, "/oauth2/logout", .loop, logout.begin),
            (.post, "/oauth2/logout", .loop, logout.post),
            (.post, "/oauth2/register", .loop, registration.register),
            (.get, "/oauth2/register/{id}", .loop, registration.read),
            (.put, "/oauth2/register/{id}", .loop, registration.update),
            (.delete, "/oauth2/register/{id}", .loop, registration.remove),

            (.get, "/.well-known/jwks.json", .loop, wellKnown.keySet),
            (.get, "/.well-known/revocations", .loop, feed.revocations),
            (.get, "/.well-known/oauth-authorization-server", .loop, metadata.authorizationServer),
            (.get, "/.well-known/openid-configuration", .loop, metadata.openIDConfiguration),
            (.get, "/.well-known/oauth-protected-resource", .loop, metadata.protectedResource),
            (.get, "/healthz", .loop, wellKnown.health),
            (.get, "/readyz", .loop, wellKnown.readiness),
        ]
        let forAdministrators: [Row] = [
            (.get, "/admin/api/users", .loop, adminUsers.list),
            (.post, "/admin/api/users", .loop, adminUsers.create),
            (.get, "/admin/api/users/{id}", .loop, adminUsers.read),
            (.patch, "/admin/api/users/{id}", .loop, adminUsers.change),
            (.delete, "/admin/api/users/{id}", .loop, adminUsers.delete),
            (.get, "/admin/api/users/{id}/sessions", .loop, adminUsers.sessions),
            (.get, "/admin/api/users/{id}/apps", .loop, apps.listOfUser),
            (.delete, "/admin/api/users/{id}/apps/{client_id}", .loop, apps.removeOfUser),
            (.delete, "/admin/api/sessions/{id}", .loop, adminUsers.endSession),
            (.get, "/admin/api/clients", .loop, adminClients.list),
            (.post, "/admin/api/clients", .loop, adminClients.create),
            (.get, "/admin/api/clients/{id}", .loop, adminClients.read),
            (.patch, "/admin/api/clients/{id}", .loop, adminClients.change),
            (.delete, "/admin/api/clients/{id}", .loop, adminClients.delete),
            (.post, "/admin/api/clients/{id}/rotate-secret", .loop, adminClients.rotateSecret),
            (.post, "/admin/api/revocations", .loop, adminTokens.revoke),
            (.get, "/admin/api/revocations", .loop, adminTokens.revocations),
            (.get, "/admin/api/keys", .loop, adminTokens.keys),
            (.post, "/admin/api/keys/rotate", .loop, adminTokens.rotateKeys),
            (.get, "/admin/api/audit", .loop, adminTokens.audit),
            (.post, "/admin/api/explain", .loop, adminTokens.explain),
        ]
        return list.map { row in route(row, bodyLimit: bodyLimit, handler: row.handler) }
            + forAdministrators.map { row in
                // Who may not act here hears that before anything about what they sent. The role is read again, from the store.
                route(row, bodyLimit: bodyLimit) { request throws(Refusal) in
                    _ = try services.caller(request, .admin)
                    return try row.handler(request)
                }
            }
            + (simplejwt.map { SimpleJWTRoutes(services: services.compatible, settings: $0).all(bodyLimit: bodyLimit) } ?? [])
            + (djRestAuth.map { DJRestAuthRoutes(services: services.compatible, settings: $0).all(bodyLimit: bodyLimit) } ?? [])
            + (compat.contains(.drfJWT)
                ? DRFJWTRoutes(services: services).all(bodyLimit: bodyLimit) + OlderJWTRoutes(services: services).all(bodyLimit: bodyLimit)
                : [])
    }

    private typealias Handler = @Sendable (Request) throws(Refusal) -> Outcome
    private typealias Row = (method: Method, pattern: String, lane: Lane, handler: Handler)

    private static func route(_ row: Row, bodyLimit: Int, handler: @escaping Handler) -> Route {
        Route(row.method, row.pattern, lane: row.lane, bodyLimit: bodyLimit) { request in
            answering { () throws(Refusal) in try handler(request) }
        }
    }
}
