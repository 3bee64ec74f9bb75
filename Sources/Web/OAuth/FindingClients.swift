// FindingClients: the way of a handler that needs the client of a request: at once where memory knows it, else over the lane that may
// ask the database, or another host.

import HTTP
import MartletEncoding
import OAuth
import ResourceServer

extension Services {
    /// Goes on with the client of this id, nil where there is none: here if memory knows, else on the lane that may look for it.
    func withClient(
        _ id: String, of request: Request, _ body: @escaping @Sendable (Client?) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        switch clients.cached(id, at: request.receivedAt) {
        case .known(let client): return try body(client)
        case .absent: return try body(nil)
        case .unknown:
            return hop(to: clients.isElsewhere(id) ? .outbound : .worker) { () throws(Refusal) in
                let client: Client?
                do throws(OAuthError) { client = try clients.load(id, at: request.receivedAt) } catch { throw Refusal(error) }
                return try body(client)
            }
        }
    }
}
