// AuthorizationServer: what the endpoints below /oauth2/ share. Built once; a file for each endpoint and each grant extends it.

package import Accounts
package import MartletCryptography
import MartletEncoding
package import MartletVerifier
package import Store
package import Tokens

/// An OAuth 2.1 authorization server.
package struct AuthorizationServer: Sendable {
    /// Where people begin.
    package let sessions: SessionService
    package let clients: ClientDirectory
    package let authenticator: ClientAuthenticator
    package let keys: ClientKeys
    package let scopes: ScopeCatalogue
    package let resources: ResourceCatalogue
    package let subjects: Subjects
    package let throttle: LoginThrottle
    /// Access tokens of this issuer for any audience.
    let verifier: TokenVerifier
    let store: any Store
    let random: RandomSource

    package init(
        sessions: SessionService, clients: ClientDirectory, authenticator: ClientAuthenticator, keys: ClientKeys,
        scopes: ScopeCatalogue, resources: ResourceCatalogue, subjects: Subjects, throttle: LoginThrottle, verifier: TokenVerifier,
        store: any Store, random: RandomSource
    ) {
        self.sessions = sessions
        self.clients = clients
        self.authenticator = authenticator
        self.keys = keys
        self.scopes = scopes
        self.resources = resources
        self.subjects = subjects
        self.throttle = throttle
        self.verifier = verifier
        self.store = store
        self.random = random
    }

    /// `iss` of every token.
    package var issuer: String { policy.issuer }

    var policy: TokenPolicy { sessions.policy }
}
