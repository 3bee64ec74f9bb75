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

    /// The form, and the client that it comes from, proved. A proof that counts once is noted before anything is granted.
    func asClient(_ request: Request, _ step: @escaping ClientStep) throws(Refusal) -> Outcome {
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
                guard let once = known.onceOnly else { return try Self.run(step, parameters, known.client) }
                return once.noted(request, self) { () throws(Refusal) in try Self.run(step, parameters, known.client) }
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

    private static func run(_ step: ClientStep, _ parameters: OAuthParameters, _ client: Client) throws(Refusal) -> Outcome {
        do throws(OAuthError) { return try step(parameters, client) } catch { throw Refusal(error) }
    }
}

extension AuthenticatedClient.OnceOnly {
    /// Goes on once the proof is noted, durably; one that was shown before is refused.
    fileprivate func noted(
        _ request: Request, _ services: Services, then body: @escaping @Sendable () throws(Refusal) -> Outcome
    ) -> Outcome {
        let (digest, until, now) = (digest, until, request.receivedAt)
        return parked(request) { resumption in
            services.store.write { transaction throws(StoreError) in
                try transaction.useOnce(digest, until: until, at: now)
            } completion: { result in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let isNew: Bool
                        do throws(StoreError) { isNew = try result.get() } catch { throw Refusal(error) }
                        guard isNew else {
                            throw Refusal(OAuthError(.invalidClient, "The client could not be authenticated.", logDetail: "shown before"))
                        }
                        return try body()
                    }
                }
            }
        }
    }
}
