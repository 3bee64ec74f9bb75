// ClaimsPolicy: what a signed token must say to be acceptable here and now. One list of checks in one order, which verifying
// walks to the first failure and explaining walks to the end. `iat` is never fatal (RFC 7519 §4.1.6 makes no rule of it).
public import MartletEncoding

/// Demands on header and claims.
public struct ClaimsPolicy: Sendable {
    /// `typ` that the header must have (RFC 8725 §3.11).
    public let type: String
    /// `iss`, compared byte by byte.
    public let issuer: String
    /// What else `iss` may be: names that the same issuer goes by where others expect them.
    package var otherIssuers: [String] = []
    /// `aud` must contain one of these; nil accepts any audience, which is only for who tells what a token is and acts on none.
    public let audiences: [String]?
    /// Seconds by which clocks may differ, 0…60.
    public let leeway: Int64
    /// Scopes that must all be there.
    public let requiredScopes: [String]

    /// Longest leeway in seconds: how long revocations outlive the tokens they end depends on it.
    public static let maximumLeeway: Int64 = 60

    /// A policy; a leeway outside 0…60 is brought to the nearer end.
    public init(type: String, issuer: String, audiences: [String]?, leeway: Int64 = 30, requiredScopes: [String] = []) {
        self.type = type
        self.issuer = issuer
        self.audiences = audiences
        self.leeway = min(max(leeway, 0), Self.maximumLeeway)
        self.requiredScopes = requiredScopes
    }

    /// The checks, in their order.
    public enum Check: String, Sendable, CaseIterable {
        case type
        case issuer
        case audience
        case expiry
        case notBefore
        case scope
    }

    /// The first check that fails; nil when all pass.
    public func failure(header: JWSHeader, claims: Claims, at now: UnixTime) -> ClaimsFailure? {
        for check in Check.allCases {
            if let failure = failure(of: check, header: header, claims: claims, at: now) { return failure }
        }
        return nil
    }

    /// How one check fails; nil when it passes.
    public func failure(of check: Check, header: JWSHeader, claims: Claims, at now: UnixTime) -> ClaimsFailure? {
        switch check {
        case .type:
            return header.hasType(type) ? nil : .wrongType
        case .issuer:
            guard let claim = claims["iss"] else { return .missingClaim("iss") }
            return claim.equals(issuer) || otherIssuers.contains { claim.equals($0) } ? nil : .wrongIssuer
        case .audience:
            guard let claim = claims["aud"] else { return .missingClaim("aud") }
            guard let values = claim.isArray ? claim.elements : [claim] else { return .malformedClaim("aud") }
            guard let audiences else { return nil }
            return values.contains { value in audiences.contains { value.equals($0) } } ? nil : .wrongAudience
        case .expiry:
            guard let claim = claims["exp"] else { return .missingClaim("exp") }
            guard let seconds = claim.numericDate else { return .malformedClaim("exp") }
            return isExpired(seconds, at: now) ? .expired : nil
        case .notBefore:
            guard let claim = claims["nbf"] else { return nil }
            guard let seconds = claim.numericDate else { return .malformedClaim("nbf") }
            return isTooEarly(seconds, at: now) ? .notYetValid : nil
        case .scope:
            guard !requiredScopes.isEmpty else { return nil }
            let scopes = claims.scopes
            let missing = requiredScopes.first { required in !scopes.contains { $0.utf8.elementsEqual(required.utf8) } }
            return missing.map { .insufficientScope($0) }
        }
    }

    /// RFC 7519 §4.1.4: on or after this time the token must not be accepted.
    package func isExpired(_ seconds: Int64, at now: UnixTime) -> Bool {
        now >= UnixTime(seconds: seconds).adding(seconds: leeway)
    }

    /// RFC 7519 §4.1.5: before this time the token must not be accepted.
    package func isTooEarly(_ seconds: Int64, at now: UnixTime) -> Bool {
        now.adding(seconds: leeway) < UnixTime(seconds: seconds)
    }
}

/// Why a signed token is not acceptable here and now.
public enum ClaimsFailure: Error, Sendable, Hashable {
    case wrongType
    case wrongIssuer
    case wrongAudience
    case missingClaim(String)
    case malformedClaim(String)
    case expired
    case notYetValid
    case insufficientScope(String)
}
