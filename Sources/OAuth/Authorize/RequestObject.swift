// RequestObject: an authorization request that its client signed (RFC 9101). What is signed is all that counts: parameters beside it are
// not looked at (§6.3), so that whoever carries the request to the browser cannot add to it.

package import MartletEncoding
package import MartletJOSE

/// The parameters of a signed request.
package struct RequestObject: Sendable, Hashable {
    package let parameters: OAuthParameters

    /// Bytes of a request object, at most.
    package static let maximumLength = 16_384
    /// Seconds that one may live at most, and that the client's clock may be ahead.
    private static let longestLife: Int64 = 3600
    private static let leeway: Int64 = 30

    /// The `kid` that a request object names, unproven; nil for none, and for what is no JWS.
    package static func keyID(of text: String) -> String? {
        (try? CompactJWS(parsing: Array(text.utf8), maximumLength: maximumLength))?.unverifiedHeader.keyID
    }

    /// Reads `request` of a client by the client's keys. Throws `invalid_request_object` with what is wrong.
    package init(parsing text: String, of client: Client, by keys: JWKSet, issuer: String, at now: UnixTime) throws(OAuthError) {
        let claims = try Self.verified(text, of: client, by: keys)
        // §4: "The value of the iss parameter MUST be the client identifier"; §10.8: the aud keeps it from another server's door.
        guard claims.issuer?.utf8.elementsEqual(client.id.utf8) == true else { throw Self.refusal("has another iss than the client") }
        guard claims.audience.contains(where: { $0.utf8.elementsEqual(issuer.utf8) }) else { throw Self.refusal("is not for this issuer") }
        // §5.1: client_id must be inside, and the same.
        guard claims.clientID?.utf8.elementsEqual(client.id.utf8) == true else { throw Self.refusal("has another client_id") }
        guard let expiry = claims.expiresAt, expiry > now.seconds, expiry <= now.seconds + Self.longestLife else {
            throw Self.refusal("has no exp, or it is over, or more than an hour off")
        }
        guard claims.notBefore.map({ $0 <= now.seconds + Self.leeway }) ?? true else { throw Self.refusal("has an nbf that is ahead") }
        // §4: "request and request_uri parameters MUST NOT be included in Request Objects."
        for name in ["request", "request_uri"] where claims[name] != nil { throw Self.refusal("has \(name) inside") }
        parameters = try Self.parameters(of: claims)
    }

    private static func verified(_ text: String, of client: Client, by keys: JWKSet) throws(OAuthError) -> Claims {
        do throws(JOSEError) {
            let jws = try CompactJWS(parsing: Array(text.utf8), maximumLength: maximumLength)
            let header = jws.unverifiedHeader
            guard let algorithm = header.algorithm, !algorithm.isSymmetric,
                client.metadata.requestObjectAlgorithm.map({ $0 == algorithm.name }) ?? true
            else { throw .algorithmMismatch }
            // §10.8: a JWT that says it is something else is something else.
            guard header.type == nil || header.hasType("oauth-authz-req+jwt") || header.hasType("JWT") else { throw .invalidHeader }
            return try keys.verified(jws).claims()
        } catch {
            throw OAuthError(
                .invalidRequestObject, "The request object is not signed by a key of the client's in a way that it registered.",
                logDetail: error.code)
        }
    }

    /// The claims that are parameters, in the forms that they have in a query.
    private static func parameters(of claims: Claims) throws(OAuthError) -> OAuthParameters {
        var values: [String: [String]] = [:]
        for (name, value) in claims.all where !ofTheToken.contains(name) && !value.isNull {
            if let text = value.string {
                values[name] = [text]
            } else if let number = value.integer {
                values[name] = [String(number)]
            } else if name == "resource", let texts = value.strings {
                values[name] = texts
            } else if value.isObject {
                values[name] = [String(decoding: value.json, as: UTF8.self)]
            } else {
                throw refusal("has a \(OAuthParameters.printable(name)) that is no parameter")
            }
        }
        return OAuthParameters(values)
    }

    private static func refusal(_ what: String) -> OAuthError {
        OAuthError(.invalidRequestObject, "The request object \(what).")
    }

    private static let ofTheToken: Set<String> = ["iss", "aud", "exp", "iat", "nbf", "jti", "sub"]
}
