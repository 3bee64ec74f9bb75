// The bearer token of a request, and what a refused one is to its client.

package import HTTP
package import MartletVerifier

extension Request {
    /// The bearer token of this request (RFC 6750 §2.1), unverified. Throws 401 `missing_token` where there is none. `schemes`, in
    /// small letters, are the words that it may come by.
    package func bearerToken(_ schemes: [String] = ["bearer"]) throws(Refusal) -> ArraySlice<UInt8> {
        guard let value = headerBytes(.authorization) else {
            guard headerCount(.authorization) == 0 else { throw .invalidRequest("Authorization must be given once.") }
            throw .unauthorized("missing_token", "An access token is needed: Authorization: Bearer …")
        }
        for scheme in schemes {
            if let token = Self.token(of: value, scheme: scheme) { return token }
        }
        throw .unauthorized("missing_token", "An access token is needed: Authorization: Bearer …")
    }

    /// What follows the scheme (RFC 9110 §11.1: matched without regard to case); nil where another stands there.
    private static func token(of value: ArraySlice<UInt8>, scheme: String) -> ArraySlice<UInt8>? {
        let length = scheme.utf8.count
        let head = value.prefix(length + 1)
        guard head.count > length, head.last == UInt8(ascii: " "), zip(head, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        return value.dropFirst(length + 1).drop { $0 == UInt8(ascii: " ") }
    }
}

extension Refusal {
    /// What a refused token is to a client: 401 with its code, 403 for a missing scope, 503 while keys are fetched.
    package init(_ failure: VerificationFailure) {
        switch failure.code {
        case "insufficient_scope": self = Refusal(.forbidden, code: failure.code, detail: failure.message)
        case "not_ready": self = Refusal(.serviceUnavailable, code: failure.code, detail: failure.message, retryAfter: 1)
        default: self = .unauthorized(failure.code, failure.message, logDetail: failure.reason)
        }
    }
}
