// LogoutToken: what clients are told when a sign-in ended: a signed token from here (OpenID Connect Back-Channel Logout 1.0 §2.4), or an
// address that the person's browser loads (OpenID Connect Front-Channel Logout 1.0 §3).

package import MartletEncoding
import MartletJOSE
package import Store
package import Tokens

extension AuthorizationServer {
    /// The logout token of a notice, as the body of the request that carries it (§2.5). Every attempt has a token of its own, with a `jti`
    /// of its own: the one before may have arrived.
    package func logoutForm(_ notice: LogoutNotice, for client: Client, at now: UnixTime) throws(TokenFailure) -> [UInt8] {
        let until = now.adding(seconds: Self.logoutTokenLifetime)
        let payload = JSONWriter.object(capacity: 512) { writer in
            writer.member("iss", issuer)
            writer.member("sub", subject(of: notice.userID, for: client))
            writer.member("aud", client.id)
            writer.member("iat", now.seconds)
            writer.member("exp", until.seconds)
            writer.member("jti", Identifier.random(random))
            writer.name("events")
            writer.object { writer in
                writer.name(Self.logoutEvent)
                writer.object { _ in }
            }
            writer.member("sid", notice.signIn)
        }
        let token = try sessions.statement(
            type: Self.logoutTokenType, algorithm: idTokenAlgorithm(of: client).name, payload: payload, until: until)
        // A compact JWS has nothing that a form would have to escape.
        return Array("logout_token=\(token)".utf8)
    }

    /// What the browser loads to end a client's own session; nil where the client registered nothing.
    package func frontChannelAddress(of client: Client, _ signIn: String) -> String? {
        guard let address = client.metadata.frontChannelLogout else { return nil }
        guard address.needsSession else { return address.uri }
        // §2: "If either is included, both MUST be."
        let mark = address.uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return "\(address.uri)\(mark)iss=\(PercentEncoding.encode(issuer))&sid=\(PercentEncoding.encode(signIn))"
    }

    /// `typ` (§2.4).
    package static let logoutTokenType = "logout+jwt"
    /// The member of `events` that makes it a logout token (§2.4).
    package static let logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
    /// Seconds; §4 recommends two minutes at most.
    private static let logoutTokenLifetime: Int64 = 120
}
