// ClientAuthenticator: whether a client is who it says. It proves it in the way that it registered, and in no other: a client whose
// secret leaked into a log cannot be asked for less than it promised.

import MartletCryptography
package import MartletEncoding
package import MartletJOSE

/// A client that has proved who it is, or is public.
package struct AuthenticatedClient: Sendable {
    package let client: Client
    /// What may count once, to be noted in the transaction of whatever is granted; nil for nothing.
    package let onceOnly: OnceOnly?

    /// A proof that may be shown once.
    package struct OnceOnly: Sendable, Hashable {
        package var digest: [UInt8]
        package var until: UnixTime
    }
}

/// Checks what clients present.
package struct ClientAuthenticator: Sendable {
    private let secrets: ClientSecrets
    /// What the `aud` of an assertion must be: the issuer, and nothing else (RFC 7523bis; the token endpoint's address would let
    /// another server's assertion pass where one client uses several).
    private let issuer: String

    /// Seconds that an assertion may live at most.
    private static let longestAssertion: Int64 = 600

    package init(secrets: ClientSecrets, issuer: String) {
        self.secrets = secrets
        self.issuer = issuer
    }

    /// How clients may prove who they are, for metadata.
    package static func methods(includingPublic: Bool) -> [String] {
        ClientAuthenticationMethod.allCases.filter { includingPublic || $0 != .none }.map(\.rawValue)
    }

    /// What their assertions may be signed with.
    package static var algorithms: [String] { SignatureAlgorithm.asymmetric.map(\.name) }

    /// The client, proved. `client` is nil where there is none of that id: what follows takes as long. `keys` are the client's, for an
    /// assertion. Throws `invalid_client`.
    package func authenticate(
        _ presented: PresentedClient, as client: Client?, keys: JWKSet = JWKSet(), at now: UnixTime
    ) throws(OAuthError) -> AuthenticatedClient {
        switch presented.proof {
        case .nothing:
            guard let client, client.isPublic else { throw Self.refusal }
            return AuthenticatedClient(client: client, onceOnly: nil)
        case .secret(let secret, let method):
            let isRight = secrets.isRight(secret, stored: client?.secret ?? Self.nothing)
            guard let client, client.metadata.authenticationMethod == method, client.secret != nil, isRight else { throw Self.refusal }
            return AuthenticatedClient(client: client, onceOnly: nil)
        case .assertion(let text):
            guard let client, client.metadata.authenticationMethod == .privateKeyJWT else { throw Self.refusal }
            return AuthenticatedClient(client: client, onceOnly: try check(text, of: client, by: keys, at: now))
        }
    }

    /// RFC 7523 §3.
    private func check(_ text: String, of client: Client, by keys: JWKSet, at now: UnixTime) throws(OAuthError)
        -> AuthenticatedClient.OnceOnly
    {
        let claims: Claims
        do throws(JOSEError) {
            let jws = try CompactJWS(parsing: Array(text.utf8))
            let header = jws.unverifiedHeader
            // RFC 8725 §3.11: a JWT that says it is something else is something else.
            guard header.type == nil || header.hasType("JWT") || header.hasType("client-authentication+jwt") else { throw .invalidHeader }
            claims = try keys.verified(jws).claims()
        } catch {
            throw Self.refused(because: error.code)
        }
        guard claims.issuer?.utf8.elementsEqual(client.id.utf8) == true, claims.subject?.utf8.elementsEqual(client.id.utf8) == true else {
            throw Self.refused(because: "iss and sub are not the client")
        }
        guard claims.audience.count == 1, claims.audience[0].utf8.elementsEqual(issuer.utf8) else {
            throw Self.refused(because: "aud is not the issuer")
        }
        guard let expiry = claims.expiresAt, expiry > now.seconds, expiry <= now.seconds + Self.longestAssertion else {
            throw Self.refused(because: "exp is over or too far off")
        }
        guard claims.notBefore.map({ $0 <= now.seconds + 30 }) ?? true else { throw Self.refused(because: "nbf is ahead") }
        guard let id = claims.tokenID, (1...256).contains(id.utf8.count) else { throw Self.refused(because: "jti is missing") }
        return AuthenticatedClient.OnceOnly(
            digest: Digest.sha256.hash(Array("assertion\0\(client.id)\0\(id)".utf8)), until: UnixTime(seconds: expiry))
    }

    /// One answer for every reason, so that it says nothing about which clients there are.
    private static func refused(because reason: String?) -> OAuthError {
        OAuthError(.invalidClient, "The client could not be authenticated.", logDetail: reason)
    }

    private static let refusal = refused(because: nil)
    private static let nothing = [UInt8](repeating: 0, count: HMACKey.codeLength)
}
