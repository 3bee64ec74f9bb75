// PushedRequestRoutes: POST /oauth2/par (RFC 9126).

import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store
import Tokens

struct PushedRequestRoutes: Sendable {
    let services: Services

    func push(_ request: Request) throws(Refusal) -> Outcome {
        try services.asProvenClient(request) { parameters, client, proof throws(OAuthError) in
            let now = request.receivedAt
            guard case .outbound = services.oauth.resolution(of: parameters, from: client, at: now) else {
                return try keep(parameters, client, proof, request)
            }
            return hop(to: .outbound) { () throws(Refusal) in
                do throws(OAuthError) { return try keep(parameters, client, proof, request) } catch { throw Refusal(error) }
            }
        }
    }

    private func keep(_ parameters: OAuthParameters, _ client: Client, _ proof: ProvedKey?, _ request: Request) throws(OAuthError)
        -> Outcome
    {
        let now = request.receivedAt
        let pushed = try services.oauth.push(
            parameters, from: client, at: services.client(request).address, proofKey: proof?.thumbprint, at: now)
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.addPushedRequest(
                pushed.hash, ofClient: client.id, parameters: pushed.parameters, until: pushed.expiresAt, at: now)
        } then: { _ in
            // §2.2: 201.
            let answer = Response.privateJSON(
                .created,
                JSONWriter.object { writer in
                    writer.member("request_uri", pushed.uri)
                    writer.member("expires_in", PushedRequest.lifetime)
                })
            return proof?.nextNonce.map { answer.adding(.dpopNonce, $0) } ?? answer
        }
    }
}
