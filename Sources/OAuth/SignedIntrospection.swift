// SignedIntrospection: an introspection answer that can be shown to others (RFC 9701): a JWT for the one client that asked, by a key that
// signs no access token, so that nobody can take it for one.

package import MartletEncoding
import MartletJOSE
import Tokens

extension AuthorizationServer {
    /// The JWT with `answer`, the JSON object of RFC 7662 §2.2, for the client that asked. Signed as its `introspection_signed_response_alg`
    /// says (§6), or by RS256.
    package func signed(introspection answer: [UInt8], for client: Client, at now: UnixTime) throws(OAuthError) -> String {
        // §5: iss, aud and iat; no sub and no exp, lest it pass for an access token.
        let payload = JSONWriter.object(capacity: answer.count + 160) { writer in
            writer.member("iss", issuer)
            writer.member("aud", client.id)
            writer.member("iat", now.seconds)
            writer.name("token_introspection")
            writer.raw(answer)
        }
        do throws(TokenFailure) {
            return try sessions.statement(
                type: Self.introspectionType, algorithm: statementAlgorithm(client.metadata.introspectionAlgorithm).name, payload: payload,
                until: now.adding(seconds: Self.introspectionKeptSeconds))
        } catch {
            throw OAuthError(error)
        }
    }

    /// `typ` of such an answer; with `application/` its media type (§4).
    package static let introspectionType = "token-introspection+jwt"
    /// Seconds that its key stays published at least: whoever is shown it may look then.
    private static let introspectionKeptSeconds: Int64 = 86_400
}
