// ErrorBody: the one shape of an error, and the challenge that goes with it.

package import HTTP
import MartletEncoding
import MartletVerifier

/// Writes refusals as the contract's error body.
package enum ErrorBody {
    /// `{"code","detail","fields"?,"request_id"}`, and for a 401 the challenges of RFC 6750 §3 and RFC 9449 §7.1: what is
    /// wrong is told in that of the scheme by which the request came. `metadata` is where the resource tells about itself (RFC 9728 §5.1).
    package static func render(
        _ refusal: Refusal, _ id: RequestID, of request: Request? = nil, metadata: String? = nil
    ) -> Response {
        let body = JSONWriter.object { writer in
            writer.member("code", refusal.code)
            writer.member("detail", refusal.detail)
            if let fields = refusal.fields {
                writer.name("fields")
                writer.raw(fields)
            }
            writer.member("request_id", id.description)
        }
        var response = Response.json(refusal.status, body)
        response.headers.append(.cacheControl, "no-store")
        if let challenge = challenge(refusal, of: request, metadata: metadata) { response.headers.append(.wwwAuthenticate, challenge) }
        if let nonce = refusal.proofNonce { response.headers.append(.dpopNonce, nonce) }
        return response
    }

    /// What `WWW-Authenticate` says; nil for a refusal that needs none.
    package static func challenge(_ refusal: Refusal, of request: Request?, metadata: String? = nil) -> String? {
        guard let error = error(for: refusal) else { return nil }
        let pointer = metadata.map { ", resource_metadata=\"\($0)\"" } ?? ""
        let isProven = request?.comesAsDPoP ?? false
        // Both schemes where there is a choice, that of the request first; in one field, of which there are proxies that pass on no
        // second one.
        let other = refusal.status == .unauthorized ? ", " + (isProven ? bearer : dpop) + pointer : ""
        return (isProven ? dpop : bearer) + error + pointer + other
    }

    /// The error of a challenge; nil for what needs none. RFC 6750 §3.1: a request without a token gets no error code; one with a bad
    /// token says which.
    private static func error(for refusal: Refusal) -> String? {
        switch (refusal.status, refusal.code) {
        case (.unauthorized, "missing_token"), (.unauthorized, "invalid_credentials"): return ""
        case (.unauthorized, "invalid_dpop_proof"), (.unauthorized, "use_dpop_nonce"), (.forbidden, "insufficient_scope"):
            return ", error=\"\(refusal.code)\", error_description=\"\(refusal.detail)\""
        case (.unauthorized, _): return ", error=\"invalid_token\", error_description=\"\(refusal.detail)\""
        default: return nil
        }
    }

    private static let bearer = "Bearer realm=\"martlet\""
    private static let dpop = "DPoP realm=\"martlet\", algs=\"\(DPoPProof.algorithms.joined(separator: " "))\""
}
