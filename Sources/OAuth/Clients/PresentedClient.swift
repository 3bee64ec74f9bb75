// PresentedClient: who a request at the token endpoint and its siblings says it comes from, and what it offers to prove it. One way
// and no second one (RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request").

import MartletEncoding
import MartletJOSE

/// A client as it presents itself, unproven.
package struct PresentedClient: Sendable, Hashable {
    /// The `client_id`, 1 to 256 bytes.
    package let id: String
    package let proof: Proof
    /// Whether it came in `Authorization`: a refusal then names the scheme (RFC 6749 §5.2).
    package let usedHeader: Bool

    package enum Proof: Sendable, Hashable {
        case nothing
        case secret(String, ClientAuthenticationMethod)
        /// A JWT of RFC 7523 §2.2.
        case assertion(String)
    }

    /// The `kid` that an assertion names, unproven; nil for none.
    package var keyID: String? {
        guard case .assertion(let text) = proof else { return nil }
        return (try? CompactJWS(parsing: Array(text.utf8)))?.unverifiedHeader.keyID
    }

    /// Reads `Authorization` and the parameters. Throws `invalid_client` where there is no client or a header that cannot be read,
    /// `invalid_request` where there is more than one way.
    package init(authorization: String?, _ parameters: OAuthParameters) throws(OAuthError) {
        let named = try parameters["client_id"]
        let secret = try parameters["client_secret"]
        let assertion = try parameters["client_assertion"]
        guard [authorization != nil, secret != nil, assertion != nil].filter(\.self).count <= 1 else {
            throw OAuthError(.invalidRequest, "The client authenticates in more than one way.")
        }
        usedHeader = authorization != nil
        if let authorization {
            let (id, secret) = try Self.basic(authorization)
            guard named == nil || named.map({ $0.utf8.elementsEqual(id.utf8) }) == true else {
                throw OAuthError(.invalidRequest, "client_id is not the client that authenticates.")
            }
            (self.id, proof) = (try Self.checked(id), .secret(secret, .clientSecretBasic))
        } else if let assertion {
            // RFC 7521 §4.2.
            guard try parameters["client_assertion_type"] == Self.assertionType else {
                throw OAuthError(.invalidRequest, "client_assertion_type must be \(Self.assertionType).")
            }
            let subject = try Self.unverifiedSubject(of: assertion)
            guard named == nil || named.map({ $0.utf8.elementsEqual(subject.utf8) }) == true else {
                throw OAuthError(.invalidRequest, "client_id is not the client that authenticates.")
            }
            (id, proof) = (try Self.checked(subject), .assertion(assertion))
        } else {
            guard let named else { throw OAuthError(.invalidClient, "The client does not say who it is.") }
            (id, proof) = (try Self.checked(named), secret.map { .secret($0, .clientSecretPost) } ?? .nothing)
        }
    }

    /// RFC 6749 §2.3.1: name and password are form-encoded before they are put together.
    private static func basic(_ authorization: String) throws(OAuthError) -> (id: String, secret: String) {
        let unreadable = OAuthError(.invalidClient, "Authorization is not Basic with a form-encoded client id and secret.")
        let bytes = authorization.utf8
        guard bytes.count > 6, zip(bytes, "basic ".utf8).allSatisfy({ $0 | 0x20 == $1 }),
            let pair = Base64.decode(Array(bytes.dropFirst(6).drop { $0 == UInt8(ascii: " ") })),
            let colon = pair.firstIndex(of: UInt8(ascii: ":")),
            let id = PercentEncoding.decode(pair[..<colon], plusIsSpace: true).flatMap({ String(validating: $0, as: UTF8.self) }),
            let secret = PercentEncoding.decode(pair[(colon + 1)...], plusIsSpace: true).flatMap({ String(validating: $0, as: UTF8.self) })
        else { throw unreadable }
        return (id, secret)
    }

    /// Only to know whose keys to look at.
    private static func unverifiedSubject(of assertion: String) throws(OAuthError) -> String {
        let parts = assertion.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard assertion.utf8.count <= 8192, parts.count == 3, let payload = Base64URL.decode(ArraySlice(Array(parts[1]))),
            let document = try? JSONDocument(parsing: payload), let subject = document.root["sub"]?.string
        else { throw OAuthError(.invalidClient, "client_assertion is not a JWT with a subject.") }
        return subject
    }

    private static func checked(_ id: String) throws(OAuthError) -> String {
        guard (1...2048).contains(id.utf8.count), id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw OAuthError(.invalidClient, "There is no such client.")
        }
        return id
    }

    /// RFC 7523 §2.2.
    package static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
}
