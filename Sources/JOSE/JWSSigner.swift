// JWSSigner: signs with one key, one algorithm and one `typ`. The header is the same for every token, so it is encoded once.
import MartletCryptography
import MartletEncoding

/// Makes compact JWS of one kind with one key.
public final class JWSSigner: Sendable {
    /// The algorithm.
    public let algorithm: SignatureAlgorithm
    /// `kid`, when the key has one.
    public let keyID: String?
    /// `typ`, such as `at+jwt`.
    public let type: String?
    private let headerSegment: [UInt8]
    private let key: Key

    /// The token for `payload`: `header.payload.signature` as ASCII bytes. Throws ``JOSEError/libraryFailure`` only.
    public func sign(_ payload: [UInt8]) throws(JOSEError) -> [UInt8] {
        var token: [UInt8] = []
        token.reserveCapacity(headerSegment.count + payload.count * 4 / 3 + 700)
        token.append(contentsOf: headerSegment)
        token.append(CompactJWS.dot)
        token.append(contentsOf: Base64URL.encodedBytes(payload))
        let signature: [UInt8]
        switch key {
        case .privateKey(let key):
            do { signature = try key.sign(token) } catch { throw JOSEError(error) }
        case .secret(let key):
            signature = key.code(for: token)
        }
        token.append(CompactJWS.dot)
        token.append(contentsOf: Base64URL.encodedBytes(signature))
        return token
    }

    /// The same key for tokens of another `typ`. Cheap.
    package func signing(type: String) -> JWSSigner { JWSSigner(keyID: keyID, algorithm: algorithm, type: type, key) }

    init(keyID: String?, algorithm: SignatureAlgorithm, type: String?, _ key: Key) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.type = type
        self.key = key
        headerSegment = Base64URL.encodedBytes(
            JSONWriter.object { header in
                header.member("alg", algorithm.name)
                if let type { header.member("typ", type) }
                if let keyID { header.member("kid", keyID) }
            })
    }

    enum Key: Sendable {
        case privateKey(SigningKey)
        case secret(HMACKey)
    }
}
