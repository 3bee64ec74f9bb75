// Committing: the way of a handler that changes something: wait, holding no thread, until the verb is durable.

import HTTP
import ResourceServer
import Store
import Tokens

/// Holds the request, and no thread, until whoever `start` hands the resumption to brings what is left to do. When nobody
/// does in half a minute, the answer is 503: the commit may still come, and nothing was acknowledged.
func parked(_ request: Request, _ start: @escaping @Sendable (Resumption) -> Void) -> Outcome {
    let id = request.id
    let late = Refusal(StoreError.unavailable(detail: "no commit within 30 seconds"))
    return .park(deadline: 30_000, orElse: { ErrorBody.render(late, id).adding(.retryAfter, "5") }, start: start)
}

extension Services {
    /// Holds the request until the verb is durable, then answers with what came of it.
    func commit<Value: Sendable>(
        for request: Request, _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        then respond: @escaping @Sendable (Value) throws(Refusal) -> Response
    ) -> Outcome {
        parked(request) { resumption in
            store.write(verb) { result in
                resumption.resume {
                    answering { () throws(Refusal) in
                        switch result {
                        case .success(let value): .respond(try respond(value))
                        case .failure(let error): throw Refusal(error)
                        }
                    }
                }
            }
        }
    }

    /// The same for an administrator, who may have been stopped since the request came: the token is looked at again, and the
    /// role in the transaction itself.
    func commit<Value: Sendable>(
        for request: Request, asAdministrator caller: Caller,
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        then respond: @escaping @Sendable (Value) throws(Refusal) -> Response
    ) throws(Refusal) -> Outcome {
        _ = try self.caller(request, .admin)
        return commit(for: request) { transaction throws(StoreError) -> Value? in
            guard let user = try transaction.user(caller.user), user.isAdministrator else { return nil }
            return try verb(transaction)
        } then: { value throws(Refusal) in
            guard let value else { throw .notAdministrator }
            return try respond(value)
        }
    }

    /// Asks the store. Blocks: for a worker.
    func read<Value>(_ body: (any StoreReads) throws(StoreError) -> Value) throws(Refusal) -> Value {
        do throws(StoreError) { return try store.read(body) } catch { throw Refusal(error) }
    }
}
