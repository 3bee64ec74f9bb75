// What the verifier's tests share: an issuer with keys, its tokens, and a revocation set.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Synchronization

/// An issuer whose tokens are good unless told otherwise.
struct Issuer {
    static let url = "https://auth.example"
    static let now = UnixTime(seconds: 1_800_000_000)
    let key: JWK
    let source: LocalKeySource

    init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try JWK.generate(algorithm)
        source = LocalKeySource(JWKSet([key]))
    }

    func token(
        type: String? = "at+jwt", key: JWK? = nil, id: String = "t1", lifetime: Int64 = 600,
        with more: (inout JSONWriter) -> Void = { _ in }
    ) throws -> [UInt8] {
        let payload = JSONWriter.object { writer in
            writer.member("iss", Self.url)
            writer.member("sub", "user-1")
            writer.member("aud", ["https://other.example", Self.url])
            writer.member("exp", Self.now.seconds + lifetime)
            writer.member("iat", Self.now.seconds)
            writer.member("jti", id)
            writer.member("client_id", "martlet")
            writer.member("scope", "account admin")
            writer.member("sid", "session-1")
            writer.member("roles", ["admin"])
            more(&writer)
        }
        return try (key ?? self.key).signer(type: type).sign(payload)
    }

    func verifier(
        algorithms: [SignatureAlgorithm] = SignatureAlgorithm.asymmetric, scopes: [String] = [], audiences: [String] = [url],
        revocations: (any RevocationCheck)? = nil, cache: Int = 64
    ) -> TokenVerifier {
        TokenVerifier(
            policy: VerificationPolicy(issuer: Self.url, audiences: audiences, algorithms: algorithms, requiredScopes: scopes),
            keys: source,
            revocations: revocations, cacheCapacity: cache)
    }
}

/// Digests that have been taken back.
final class RevokedDigests: RevocationCheck {
    private let digests = Mutex<Set<RevocationDigest>>([])

    func revoke(_ digest: RevocationDigest) {
        _ = digests.withLock { $0.insert(digest) }
    }

    func verdict(on token: RevocationSubject, at now: UnixTime) -> RevocationVerdict {
        digests.withLock { digests in
            [token.session, token.token, token.client, token.key].contains { $0.map(digests.contains) ?? false }
        } ? .revoked : .standing
    }
}

/// A source that is still fetching what it does not have.
struct FetchingKeySource: KeySource {
    let snapshot: KeySnapshot

    func look(for keyID: String?, at now: UnixTime) -> MissingKey { keyID == "coming" ? .pending : .unknown }
}

extension JWK {
    /// This key under another `kid` (none when it is nil), and with `alg` left out when asked.
    func renamed(_ name: String?, withoutAlgorithm: Bool = false) throws -> JWK {
        let members = try JSONDocument(parsing: try privateJSON()).root.members
        return try JWK(
            parsing: JSONWriter.object { writer in
                for member in members where member.name != "kid" && !(withoutAlgorithm && member.name == "alg") {
                    writer.name(member.name)
                    writer.raw(Array(member.value.json))
                }
                if let name { writer.member("kid", name) }
            })
    }
}
