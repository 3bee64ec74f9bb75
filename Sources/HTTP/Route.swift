// Route: one line of the route list: which requests, on which lane, how large a body, and the function that answers.

/// A route.
package final class Route: Sendable {
    /// The method; a GET route answers HEAD too.
    package let method: Method
    /// `/auth/sessions/{id}`: literal segments and captures of one whole segment each.
    package let pattern: String
    /// Where the handler runs.
    package let lane: Lane
    /// The largest body accepted, in bytes.
    package let bodyLimit: Int
    /// Answers a request.
    package let handler: @Sendable (Request) -> Outcome

    /// A route from its parts.
    package init(
        _ method: Method, _ pattern: String, lane: Lane = .loop, bodyLimit: Int = 64 * 1024,
        handler: @escaping @Sendable (Request) -> Outcome
    ) {
        self.method = method
        self.pattern = pattern
        self.lane = lane
        self.bodyLimit = bodyLimit
        self.handler = handler
    }
}
