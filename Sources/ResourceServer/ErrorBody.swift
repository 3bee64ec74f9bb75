// ErrorBody: the one shape of an error, and the challenge that goes with it.

package import HTTP
import MartletEncoding

/// Writes refusals as the contract's error body.
package enum ErrorBody {
    /// `{"code","detail","fields"?,"request_id"}`, and for a 401 the challenge of RFC 6750 §3. `metadata` is where the resource
    /// tells about itself (RFC 9728 §5.1).
    package static func render(_ refusal: Refusal, _ id: RequestID, metadata: String? = nil) -> Response {
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
        if let challenge = challenge(for: refusal) {
            let pointer = metadata.map { ", resource_metadata=\"\($0)\"" } ?? ""
            response.headers.append(.wwwAuthenticate, challenge + pointer)
        }
        return response
    }

    /// RFC 6750 §3.1: a request without a token gets no error code; one with a bad token says which.
    private static func challenge(for refusal: Refusal) -> String? {
        switch (refusal.status, refusal.code) {
        case (.unauthorized, "missing_token"), (.unauthorized, "invalid_credentials"): "Bearer realm=\"martlet\""
        case (.unauthorized, _): "Bearer realm=\"martlet\", error=\"invalid_token\", error_description=\"\(refusal.detail)\""
        case (.forbidden, "insufficient_scope"):
            "Bearer realm=\"martlet\", error=\"insufficient_scope\", error_description=\"\(refusal.detail)\""
        default: nil
        }
    }
}
