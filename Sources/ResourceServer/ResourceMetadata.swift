// ResourceMetadata: what a protected resource tells about itself (RFC 9728), so that a client that got a 401 finds the
// authorization server to ask.

package import HTTP
import MartletEncoding
import MartletVerifier

/// The metadata of one resource.
package struct ResourceMetadata: Sendable {
    private let resource: String
    private let issuers: [String]
    private let scopes: [String]
    private let name: String

    /// The path of the document, for a resource without a path of its own (RFC 9728 §3).
    package static let path = "/.well-known/oauth-protected-resource"

    /// The path of the document of a resource at this target, which begins with `/`. RFC 9728 §3.1: the well-known string stands
    /// between host and path, and a slash that ends the host goes.
    package static func path(ofResourceAt target: String) -> String { target == "/" ? path : path + target }

    /// The metadata of `resource`, whose tokens come from `issuers`; `scopes` may be none.
    package init(resource: String, issuers: [String], scopes: [String], name: String) {
        self.resource = resource
        self.issuers = issuers
        self.scopes = scopes
        self.name = name
    }

    /// The document.
    package var response: Response {
        let json = JSONWriter.object { writer in
            writer.member("resource", resource)
            writer.member("authorization_servers", issuers)
            if !scopes.isEmpty { writer.member("scopes_supported", scopes) }
            writer.member("bearer_methods_supported", ["header"])
            // Bound tokens are taken, and not demanded: dpop_bound_access_tokens_required stays away, which says false.
            writer.member("dpop_signing_alg_values_supported", DPoPProof.algorithms)
            writer.member("resource_name", name)
        }
        return Response.json(.ok, json).adding(.cacheControl, "public, max-age=300")
    }
}
