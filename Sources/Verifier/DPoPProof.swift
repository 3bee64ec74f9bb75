// DPoPProof: that whoever sends a request holds a key (RFC 9449). The checks are those of §4.3 in its order; whether the proof was shown
// before (ProofReplays), and whether its nonce is one that was given out (DPoPNonces), is for whoever keeps such things.
import MartletCryptography
public import MartletEncoding
import MartletJOSE

/// A proof of possession that was checked against its request.
public struct DPoPProof: Sendable, Hashable {
    /// The SHA-256 thumbprint of the key (RFC 7638): the `jkt` of tokens that are bound to it.
    public let thumbprint: String
    /// `jti`, 1 to 256 bytes.
    public let tokenID: String
    /// `iat`, in seconds.
    public let issuedAt: Int64
    /// `nonce`.
    public let nonce: String?

    /// Seconds that a proof is good for after its `iat`.
    public static let lifetime: Int64 = 60
    /// Seconds that a client's clock may be ahead.
    public static let leeway: Int64 = 30
    /// Bytes of a proof, at most.
    public static let maximumLength = 4096

    /// Checks a proof.
    ///
    /// - `method`: the request's, such as `POST`.
    /// - `uri`: where the request went, as clients know it; query and fragment do not count (§4.3 step 9).
    /// - `accessToken`: the token that came along, which the proof must name by its hash; nil where there is none.
    ///
    /// Throws the first rule that is broken.
    public init(
        verifying text: [UInt8], method: String, uri: String, accessToken: [UInt8]?, at now: UnixTime
    ) throws(DPoPFailure) {
        let (jws, key) = try Self.parsed(text)
        let payload: Claims
        do throws(JOSEError) {
            payload = try jws.verified(by: key.verificationKey).claims()
        } catch {
            throw error == .badSignature ? .badSignature : .malformed
        }
        guard let tokenID = payload.tokenID, (1...256).contains(tokenID.utf8.count) else { throw .missingClaim("jti") }
        guard let htm = payload["htm"]?.string else { throw .missingClaim("htm") }
        guard let htu = payload["htu"]?.string else { throw .missingClaim("htu") }
        guard let issuedAt = payload.issuedAt else { throw .missingClaim("iat") }
        guard htm.utf8.elementsEqual(method.utf8) else { throw .wrongMethod }
        guard let target = ProofTarget(uri), ProofTarget(htu) == target else { throw .wrongURI }
        let (age, isOverflow) = now.seconds.subtractingReportingOverflow(issuedAt)
        guard !isOverflow, age <= Self.lifetime else { throw .tooOld }
        guard age >= -Self.leeway else { throw .tooEarly }
        if let accessToken {
            // §4.3 step 12: "the value of the ath claim … MUST be the result of a base64url encoding the SHA-256 hash".
            guard let hash = payload["ath"]?.string else { throw .missingClaim("ath") }
            guard hash.utf8.elementsEqual(Base64URL.encode(Digest.sha256.hash(accessToken)).utf8) else { throw .wrongToken }
        }
        thumbprint = key.thumbprint
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        nonce = payload["nonce"]?.string
    }

    /// Checks the proof that came with a request: there must be one and no second one (§4.3 step 1). Otherwise as
    /// ``init(verifying:method:uri:accessToken:at:)``.
    public init(_ presented: PresentedProof, accessToken: [UInt8]?, at now: UnixTime) throws(DPoPFailure) {
        guard let text = presented.fields.first else { throw .missing }
        guard presented.fields.count == 1 else { throw .repeated }
        try self.init(
            verifying: Array(text.utf8), method: presented.method, uri: presented.uri, accessToken: accessToken, at: now)
    }

    /// The algorithms that proofs may be signed with, for metadata and challenges.
    public static var algorithms: [String] { SignatureAlgorithm.asymmetric.map(\.name) }

    /// What to remember so that a proof counts once: a digest of its key and `jti`.
    public var digest: [UInt8] { Digest.sha256.hash(Array("dpop\0\(thumbprint)\0\(tokenID)".utf8)) }

    /// The proof's form, and the key that its header carries.
    private static func parsed(
        _ text: [UInt8]
    ) throws(DPoPFailure) -> (jws: CompactJWS, key: (verificationKey: JWSVerificationKey, thumbprint: String)) {
        guard let jws = try? CompactJWS(parsing: text, maximumLength: maximumLength) else { throw .malformed }
        guard jws.unverifiedHeader.hasType("dpop+jwt") else { throw .wrongType }
        guard let algorithm = jws.unverifiedHeader.algorithm, !algorithm.isSymmetric else { throw .algorithmNotAllowed }
        guard let json = embeddedKey(of: text), let key = try? JWK(parsing: json), !key.isSymmetric else { throw .noKey }
        guard !key.isPrivate else { throw .privateKey }
        guard let verificationKey = try? key.verificationKey(algorithm) else { throw .algorithmNotAllowed }
        return (jws, (verificationKey, key.thumbprint))
    }

    /// The header's `jwk`. ``JWSHeader`` looks at no key on purpose: this is the one place where a token brings its own.
    private static func embeddedKey(of text: [UInt8]) -> [UInt8]? {
        guard let header = Base64URL.decode(text.prefix { $0 != UInt8(ascii: ".") }),
            let document = try? JSONDocument(parsing: header), let key = document.root["jwk"], key.isObject
        else { return nil }
        return Array(key.json)
    }
}

/// What a request shows as its proof, unverified.
public struct PresentedProof: Sendable {
    let fields: [String]
    let method: String
    let uri: String
    /// Whether an earlier step of the same request has used this proof up.
    package var wasCounted: (@Sendable (_ digest: [UInt8]) -> Bool)?

    /// The proof of one request.
    ///
    /// - `fields`: the values of all its `DPoP` header fields.
    /// - `method`: its method, such as `GET`.
    /// - `uri`: where it went, as its client knows it, with scheme and host: from configuration, or from a proxy that is trusted, never
    ///   from `Host`, which the client writes. Query and fragment do not count.
    public init(_ fields: [String], method: String, uri: String) {
        self.fields = fields
        self.method = method
        self.uri = uri
    }
}

/// Why a proof is refused.
public enum DPoPFailure: Error, Sendable, Hashable {
    /// There is none, or more than one (§4.3 step 1).
    case missing, repeated
    case malformed, wrongType, algorithmNotAllowed, noKey, privateKey, badSignature
    case missingClaim(String)
    case wrongMethod, wrongURI, tooOld, tooEarly
    /// It is not for the access token that came along.
    case wrongToken
    /// It was shown before.
    case replayed
    /// It needs a nonce of the server's (§9): it has none, or an old one.
    case nonceNeeded
    /// So many proofs come at the moment that no further one can be remembered.
    case crowded

    /// The exact cause, stable, for logs.
    public var reason: String {
        switch self {
        case .missing: "proof_missing"
        case .repeated: "proof_repeated"
        case .malformed: "proof_malformed"
        case .wrongType: "proof_wrong_type"
        case .algorithmNotAllowed: "proof_algorithm_not_allowed"
        case .noKey: "proof_no_key"
        case .privateKey: "proof_private_key"
        case .badSignature: "proof_bad_signature"
        case .missingClaim(let name): "proof_missing_claim_\(name)"
        case .wrongMethod: "proof_wrong_method"
        case .wrongURI: "proof_wrong_uri"
        case .tooOld: "proof_too_old"
        case .tooEarly: "proof_too_early"
        case .wrongToken: "proof_wrong_token"
        case .replayed: "proof_replayed"
        case .nonceNeeded: "proof_nonce_needed"
        case .crowded: "proof_crowded"
        }
    }

    /// What is wrong, in a sentence for the client's developer.
    public var message: String {
        switch self {
        case .missing: "There is no DPoP proof."
        case .repeated: "There is more than one DPoP proof."
        case .malformed: "The DPoP proof is not a JWT."
        case .wrongType: "The typ of the DPoP proof must be dpop+jwt."
        case .algorithmNotAllowed: "The alg of the DPoP proof must be asymmetric and fit its key."
        case .noKey: "The DPoP proof has no public key in jwk."
        case .privateKey: "The DPoP proof shows its private key."
        case .badSignature: "The signature of the DPoP proof is not valid."
        case .missingClaim(let name): "The DPoP proof has no \(name)."
        case .wrongMethod: "The htm of the DPoP proof is not the method of the request."
        case .wrongURI: "The htu of the DPoP proof is not the address of the request."
        case .tooOld: "The DPoP proof is too old."
        case .tooEarly: "The DPoP proof is from the future: the client's clock is ahead."
        case .wrongToken: "The DPoP proof is for another access token."
        case .replayed: "The DPoP proof was used before."
        case .nonceNeeded: "The DPoP proof needs the nonce that is given with this answer."
        case .crowded: "Too many proofs come at once; try again later."
        }
    }
}

/// Where a request went, in the form that RFC 9449 §4.3 compares: without query and fragment, scheme and host in lower case, the
/// scheme's own port left out (RFC 3986 §6.2.2 and §6.2.3).
private struct ProofTarget: Equatable {
    private let scheme: [UInt8]
    private let authority: [UInt8]
    private let path: [UInt8]

    init?(_ uri: String) {
        let bytes = Array(uri.utf8)
        let scheme = bytes.prefix { $0 != UInt8(ascii: ":") }.map(Self.lowercased)
        guard scheme.elementsEqual("https".utf8) || scheme.elementsEqual("http".utf8), bytes.count <= 2048,
            bytes.dropFirst(scheme.count).starts(with: "://".utf8)
        else { return nil }
        let rest = bytes.dropFirst(scheme.count + 3).prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        var authority = rest.prefix { $0 != UInt8(ascii: "/") }.map(Self.lowercased)
        let ownPort = Array((scheme.count == 5 ? ":443" : ":80").utf8)
        if authority.suffix(ownPort.count).elementsEqual(ownPort) { authority.removeLast(ownPort.count) }
        guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return nil }
        let path = Array(rest.drop { $0 != UInt8(ascii: "/") })
        self.scheme = scheme
        self.authority = authority
        self.path = path.isEmpty ? [UInt8(ascii: "/")] : path
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
