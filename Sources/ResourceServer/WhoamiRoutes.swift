// WhoamiRoutes: the sample user API of a process that only consumes tokens. What it knows about a caller is what the token says.

package import HTTP
package import MartletEncoding
import MartletJOSE
package import MartletVerifier

/// A resource server's routes.
package struct WhoamiRoutes: Sendable {
    private let gate: TokenGate
    private let metadata: Response
    private let target: String?
    private let unready: @Sendable () -> String?

    /// Routes behind a verifier. `server` is where clients reach them, as ``TokenGate`` has it. `target` is the path of the resource's own
    /// address, where a client that knows nothing else begins; nil where it has none. `unready` says why the process cannot judge tokens;
    /// nil when it can.
    package init(
        _ verifier: TokenVerifier, at server: String?, metadata: ResourceMetadata, target: String? = nil,
        clock: @escaping @Sendable () -> UnixTime, unready: @escaping @Sendable () -> String?
    ) {
        self.target = target
        gate = TokenGate(verifier, at: server, clock: clock)
        self.metadata = metadata.response
        self.unready = unready
    }

    /// All of them.
    package var all: [Route] {
        [
            route("/api/v1/whoami", whoami),
            route(ResourceMetadata.path) { [metadata] _ throws(Refusal) in .respond(metadata) },
            route("/healthz") { _ throws(Refusal) in .respond(Self.healthy) },
            route("/readyz", readiness),
        ] + ownPath
    }

    /// Those of a resource with a path: it answers there as well, and RFC 9728 §3.1 has its document at a path of its own.
    private var ownPath: [Route] {
        guard let target, Self.isPlain(target), !Self.taken.contains(target) else { return [] }
        return [
            route(target, whoami),
            route(ResourceMetadata.path(ofResourceAt: target)) { [metadata] _ throws(Refusal) in .respond(metadata) },
        ]
    }

    /// Whether a path can stand among the routes as it is: no query, no escapes.
    private static func isPlain(_ target: String) -> Bool { !target.utf8.contains { "?%{}".utf8.contains($0) } }

    /// `GET /api/v1/whoami`: the claims of the caller's token.
    private func whoami(_ request: Request) throws(Refusal) -> Outcome {
        try gate.pass(request) { token throws(Refusal) in .respond(.privateJSON(token.claims.json)) }
    }

    /// `GET /readyz`: there are keys, and the revocations until now are known.
    private func readiness(_ request: Request) throws(Refusal) -> Outcome {
        guard let reason = unready() else { return .respond(Self.ready) }
        throw Refusal(.serviceUnavailable, code: "not_ready", detail: reason, retryAfter: 1)
    }

    private func route(_ pattern: String, _ handler: @escaping @Sendable (Request) throws(Refusal) -> Outcome) -> Route {
        Route(.get, pattern) { request in answering { () throws(Refusal) in try handler(request) } }
    }

    private static let taken = ["/", "/api/v1/whoami", "/healthz", "/readyz", ResourceMetadata.path]
    private static let healthy = Response.privateJSON(JSONWriter.object { $0.member("status", "ok") })
    private static let ready = Response.privateJSON(JSONWriter.object { $0.member("status", "ready") })
}
