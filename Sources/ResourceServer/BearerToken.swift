// The access token of a request, with its proof where it comes with one, and what a refused one is to its client.

package import HTTP
package import MartletEncoding
package import MartletVerifier

/// The access token of a request, unverified.
package struct ShownToken: Sendable {
    package let text: ArraySlice<UInt8>
    /// Whether it came as `DPoP` (RFC 9449 §7.1), so with a proof, and not for whoever bears it.
    package let isProven: Bool

    package init(_ text: ArraySlice<UInt8>, isProven: Bool = false) {
        self.text = text
        self.isProven = isProven
    }
}

extension Request {
    /// The access token of this request, by itself or with a proof. Throws 401 `missing_token` where there is none. `schemes`, in small
    /// letters, are the words that one without a proof may come by.
    package func shownToken(_ schemes: [String] = ["bearer"]) throws(Refusal) -> ShownToken {
        if let value = headerBytes(.authorization), let token = Self.token(of: value, scheme: "dpop") {
            return ShownToken(token, isProven: true)
        }
        return ShownToken(try bearerToken(schemes))
    }

    /// Whether `Authorization` is of the scheme DPoP: a refusal is then told in its words.
    var comesAsDPoP: Bool { headerBytes(.authorization).flatMap { Self.token(of: $0, scheme: "dpop") } != nil }

    /// The proof of this request, which went to `uri` by `method`. A `uri` of nil is one that is not known, which no proof is for.
    package func proof(method: String, uri: String?) -> PresentedProof {
        var proof = PresentedProof(headerValues(.dpop), method: method, uri: uri ?? "")
        proof.wasCounted = { digest in !self.isFirstSight(of: digest) }
        return proof
    }

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

extension TokenVerifier {
    /// Verifies the token of a request. `server` is where clients reach this server, with everything before the request's own path: from
    /// configuration, not from `Host`; nil where nobody said it.
    package func verify(
        _ shown: ShownToken, of request: Request, to server: String?, at now: UnixTime, requiring scope: String? = nil
    ) throws(VerificationFailure) -> VerifiedToken {
        guard shown.isProven else { return try verify(shown.text, at: now, requiring: scope) }
        let proof = request.proof(method: request.methodName, uri: server.map { $0 + request.target })
        return try verify(shown.text, proof: proof, at: now, requiring: scope)
    }
}

extension Refusal {
    /// The same with the nonce that a proof lacked, where it did.
    package init(_ failure: VerificationFailure, of verifier: TokenVerifier, at now: UnixTime) {
        self.init(failure)
        if failure == .badProof(.nonceNeeded) { proofNonce = verifier.proofNonces?.nonce(at: now) }
    }

    /// What a refused token is to a client: 401 with its code, 403 for a missing scope, 503 while keys are fetched.
    package init(_ failure: VerificationFailure) {
        switch failure.code {
        case "insufficient_scope": self = Refusal(.forbidden, code: failure.code, detail: failure.message)
        case "not_ready": self = Refusal(.serviceUnavailable, code: failure.code, detail: failure.message, retryAfter: 1)
        default: self = .unauthorized(failure.code, failure.message, logDetail: failure.reason)
        }
    }
}
