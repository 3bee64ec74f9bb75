// WellKnownRoutes: the key set, and whether the process is up and ready. Answered on the loop from memory.

import HTTP
import MartletEncoding
import ResourceServer
import Tokens

struct WellKnownRoutes: Sendable {
    let services: Services

    /// `GET /.well-known/jwks.json`: next, active and retiring public keys.
    func keySet(_ request: Request) throws(Refusal) -> Outcome {
        let keys = services.ring.snapshot
        var headers = Self.keySetHeaders
        headers.append(.etag, keys.etag)
        if request.headerList(.ifNoneMatch).contains(where: { $0 == keys.etag || $0 == "W/" + keys.etag || $0 == "*" }) {
            return .respond(Response(.notModified, headers: headers))
        }
        headers.append(.contentType, "application/jwk-set+json")
        return .respond(Response(.ok, headers: headers, body: .bytes(keys.publicJSON)))
    }

    /// `GET /healthz`: the process answers.
    func health(_ request: Request) throws(Refusal) -> Outcome {
        .respond(Self.healthy)
    }

    /// `GET /readyz`: it can do its work.
    func readiness(_ request: Request) throws(Refusal) -> Outcome {
        guard let reason = services.unready() else { return .respond(Self.ready) }
        throw Refusal(.serviceUnavailable, code: "not_ready", detail: reason, retryAfter: 1)
    }

    private static let keySetHeaders = Headers([
        (.cacheControl, "public, max-age=\(KeyRotation.publishedMaxAge), stale-if-error=3600")
    ])
    private static let healthy = Response.privateJSON(JSONWriter.object { $0.member("status", "ok") })
    private static let ready = Response.privateJSON(JSONWriter.object { $0.member("status", "ready") })
}
