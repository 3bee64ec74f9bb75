// PushedRequests: an authorization request that the client sends itself, before it sends the person (RFC 9126): nothing of it passes the
// browser, and what is wrong with it is told at once. The browser brings a reference that is of no use to another client, for ten
// minutes, once.

import Accounts
import MartletCryptography
package import MartletEncoding
package import Store

/// What a client gets for its request.
package struct PushedRequest: Sendable, Hashable {
    /// `request_uri`.
    package let uri: String
    /// Of its secret part: what the parameters are kept under.
    package let hash: [UInt8]
    /// The parameters, as they are kept.
    package let parameters: String
    package let expiresAt: UnixTime

    /// Seconds that a person has from the push to the answer.
    package static let lifetime: Int64 = 600
    /// Bytes of its parameters, at most: about what an address could carry.
    package static let maximumLength = 32_768

    fileprivate static let prefix = "urn:ietf:params:oauth:request_uri:"

    fileprivate static func hash(of secret: some Sequence<UInt8>) -> [UInt8] {
        Digest.sha256.hash(Array("pushed request\0".utf8) + secret)
    }
}

extension AuthorizationServer {
    /// Checks a request that `client`, which was authenticated, pushes: all that can be checked without a person. `proofKey` is the key
    /// of a DPoP proof that came along, which the code will be bound to (RFC 9449 §10.1). May block where the client's keys are elsewhere.
    ///
    /// Throws what the authorization endpoint would tell, and `temporarily_unavailable` for too many from one address.
    package func push(
        _ parameters: OAuthParameters, from client: Client, at address: LoginAddress, proofKey: String?, at now: UnixTime
    ) throws(OAuthError) -> PushedRequest {
        // §2.1: "The client MUST NOT provide the request_uri authorization request parameter in this case"
        guard try parameters["request_uri"] == nil else { throw OAuthError(.invalidRequest, "request_uri cannot be pushed.") }
        var kept = try signed(parameters, from: client, at: now).removing(Self.ofAuthentication)
        if let proofKey {
            guard try kept["dpop_jkt"].map({ $0 == proofKey }) ?? true else {
                throw OAuthError(.invalidDPoPProof, "dpop_jkt is another key than the proof's.")
            }
            kept = kept.setting("dpop_jkt", to: proofKey)
        }
        do throws(AuthorizationFailure) {
            _ = try AuthorizationRequest(reading: kept, of: client, wasPushed: true, rules: rules, issuer: issuer)
        } catch {
            switch error {
            case .told(let error), .answered(let error, _): throw error
            }
        }
        let text = kept.json
        guard text.utf8.count <= PushedRequest.maximumLength else {
            throw OAuthError(.invalidRequest, "The request is longer than \(PushedRequest.maximumLength / 1024) KiB.")
        }
        // Anybody may be a client that needs no proof, or that registered itself; each request leaves a row.
        if client.isPublic || !client.isOperators {
            do throws(AccountError) { try throttle.countPushedRequest(from: address, at: now) } catch { throw OAuthError(error) }
        }
        let secret = Base64URL.encode(random.bytes(32))
        return PushedRequest(
            uri: PushedRequest.prefix + secret, hash: PushedRequest.hash(of: secret.utf8), parameters: text,
            expiresAt: now.adding(seconds: PushedRequest.lifetime))
    }

    /// The parameters behind a `request_uri`. Blocks on the store. Throws `invalid_request_uri`.
    func pushedRequest(_ uri: String, of client: Client, at now: UnixTime) throws(OAuthError) -> ResolvedRequest {
        let refusal = OAuthError(
            .invalidRequestURI, "request_uri is not one that this client was given here, or its time is over, or it was used.")
        // Addresses of others are not fetched: RFC 9101 §10.4.1 warns of what that opens.
        guard uri.utf8.starts(with: PushedRequest.prefix.utf8) else { throw refusal }
        let hash = PushedRequest.hash(of: uri.utf8.dropFirst(PushedRequest.prefix.utf8.count))
        let text: String?
        do throws(StoreError) {
            text = try store.read { reads throws(StoreError) in try reads.pushedRequest(hash, ofClient: client.id, at: now) }
        } catch { throw OAuthError(error) }
        guard let text else { throw refusal }
        return ResolvedRequest(parameters: try OAuthParameters(json: text), pushed: hash)
    }

    /// What authorization requests are checked by.
    package var rules: AuthorizationRequest.Rules {
        AuthorizationRequest.Rules(scopes: scopes, resources: resources) { [self] text in idTokenHint(text) }
    }

    private static let ofAuthentication: Set<String> = ["client_secret", "client_assertion", "client_assertion_type", "request"]
}
