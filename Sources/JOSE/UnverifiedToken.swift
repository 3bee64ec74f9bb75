// UnverifiedToken: a JWT whose signature nobody has checked. For tools that show what a token says; no decision may rest on it,
// which is why its members say so at every use.

/// A well-formed JWT, not verified.
public struct UnverifiedToken: Sendable {
    /// The token.
    public let jws: CompactJWS
    /// What it claims.
    public let unverifiedClaims: Claims

    /// Reads a token; throws where it is not well formed or its payload is not a JSON object.
    public init(parsing text: [UInt8]) throws(JOSEError) {
        jws = try CompactJWS(parsing: text)
        unverifiedClaims = try Claims(parsing: try jws.unverifiedPayload())
    }

    /// What it says of itself.
    public var unverifiedHeader: JWSHeader { jws.unverifiedHeader }
}
