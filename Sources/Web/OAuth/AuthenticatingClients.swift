// AuthenticatingClients: the beginning of every endpoint that clients call directly (RFC 6749 §3.2): a form, nothing in it twice, and a
// client that proves who it is.

import HTTP
import MartletEncoding
import MartletJOSE
import OAuth
import ResourceServer
import Store

extension Services {
    /// What an endpoint does for a client that was proved.
    typealias ClientStep = @Sendable (OAuthParameters, Client) throws(OAuthError) -> Outcome

    /// The same at an endpoint where a client may prove a key besides (RFC 9449 §5).
    typealias ProvenClientStep = @Sendable (OAuthParameters, Client, ProvedKey?) throws(OAuthError) -> Outcome

    /// The form, and the client that it comes from, proved. What proves it once is noted before anything is granted.
    func asClient(_ request: Request, _ step: @escaping ClientStep) throws(Refusal) -> Outcome {
        try asClient(request, mayProveKey: false) { parameters, client, _ throws(OAuthError) in try step(parameters, client) }
    }

    /// The same, and the key that the request proves; nil where it proves none.
    func asProvenClient(_ request: Request, _ step: @escaping ProvenClientStep) throws(Refusal) -> Outcome {
        try asClient(request, mayProveKey: true, step)
    }

    private func asClient(
        _ request: Request, mayProveKey: Bool, _ step: @escaping ProvenClientStep
    ) throws(Refusal) -> Outcome {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw Refusal(OAuthError(.invalidRequest, "The body must be application/x-www-form-urlencoded."))
        }
        let parameters: OAuthParameters
        let presented: PresentedClient
        do throws(OAuthError) {
            guard request.headerCount(.authorization) <= 1 else {
                throw OAuthError(.invalidRequest, "Authorization must be given once.")
            }
            parameters = try OAuthParameters(parsing: request.body[...])
            try parameters.refuseRepeated(except: ["resource", "audience"])
            presented = try PresentedClient(authorization: request.header(.authorization), parameters)
        } catch {
            throw Refusal(error)
        }
        return try withClient(presented.id, of: request) { client throws(Refusal) in
            try withKeys(of: client, for: presented, request) { keys throws(Refusal) in
                let known: AuthenticatedClient
                do throws(OAuthError) {
                    known = try oauth.authenticator.authenticate(presented, as: client, keys: keys, at: request.receivedAt)
                } catch {
                    throw Refusal(error)
                }
                let proof = mayProveKey ? try provedKey(of: request) : nil
                return try once(known.onceOnly, proof, of: request) { () throws(Refusal) in
                    do throws(OAuthError) { return try step(parameters, known.client, proof) } catch { throw Refusal(error) }
                }
            }
        }
    }

    /// Goes on with the keys that an assertion is checked by: here, or on the lane that may call the client's host.
    private func withKeys(
        of client: Client?, for presented: PresentedClient, _ request: Request,
        _ body: @escaping @Sendable (JWKSet) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        guard case .assertion = presented.proof, let client else { return try body(JWKSet()) }
        let (keyID, now) = (presented.keyID, request.receivedAt)
        if let keys = oauth.keys.cached(client, keyID: keyID, at: now) { return try body(keys) }
        return hop(to: .outbound) { () throws(Refusal) in
            let keys: JWKSet
            do throws(OAuthError) { keys = try oauth.keys.load(client, keyID: keyID, at: now) } catch { throw Refusal(error) }
            return try body(keys)
        }
    }
}
