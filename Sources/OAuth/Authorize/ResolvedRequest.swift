// ResolvedRequest: where the parameters of an authorization request are: in the query, in an object that the client signed (RFC 9101), or
// here since the client pushed them (RFC 9126). What is found is checked the same way whichever it is.

package import MartletEncoding
import MartletJOSE
import Store

/// Parameters that count.
package struct ResolvedRequest: Sendable, Hashable {
    package let parameters: OAuthParameters
    /// The hash that they were pushed under, to be forgotten once they are answered; nil where they were not.
    package let pushed: [UInt8]?

    package var wasPushed: Bool { pushed != nil }
}

extension AuthorizationServer {
    /// What finding the parameters takes.
    package enum Resolution: Sendable, Hashable {
        /// The store, at most.
        case here
        /// The client's host, for the key of this id.
        case outbound(keyID: String?)
    }

    /// What finding the parameters of a client's request takes.
    package func resolution(of parameters: OAuthParameters, from client: Client, at now: UnixTime) -> Resolution {
        guard let object = parameters.all("request").first else { return .here }
        let keyID = RequestObject.keyID(of: object)
        return keys.cached(client, keyID: keyID, at: now) == nil ? .outbound(keyID: keyID) : .here
    }

    /// The parameters of a client's request. Blocks as ``resolution(of:from:at:)`` says.
    ///
    /// Throws `invalid_request_uri`, `invalid_request_object`, and `invalid_request` for a client that must sign and did not.
    package func resolve(_ parameters: OAuthParameters, from client: Client, at now: UnixTime) throws(OAuthError) -> ResolvedRequest {
        if let uri = try parameters["request_uri"] {
            guard try parameters["request"] == nil else {
                throw OAuthError(.invalidRequest, "request and request_uri cannot both be there.")
            }
            return try pushedRequest(uri, of: client, at: now)
        }
        return ResolvedRequest(parameters: try signed(parameters, from: client, at: now), pushed: nil)
    }

    /// The parameters themselves, or those that were signed.
    func signed(_ parameters: OAuthParameters, from client: Client, at now: UnixTime) throws(OAuthError) -> OAuthParameters {
        guard let object = try parameters["request"] else {
            guard !client.metadata.requiresSignedRequests else {
                throw OAuthError(.invalidRequest, "This client must sign its requests (RFC 9101).")
            }
            return parameters
        }
        let keys: JWKSet
        do throws(OAuthError) {
            keys = try self.keys.load(client, keyID: RequestObject.keyID(of: object), at: now)
        } catch {
            guard error.code == .invalidClient else { throw error }
            throw OAuthError(.invalidRequestObject, error.description, logDetail: error.logDetail)
        }
        return try RequestObject(parsing: object, of: client, by: keys, issuer: issuer, at: now).parameters
    }
}
