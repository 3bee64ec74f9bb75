// JWK+Import: reading a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Members that are not known are ignored, as §4 wants;
// those that are known must be right.
import MartletCryptography
public import MartletEncoding

extension JWK {
    /// Reads one JWK from JSON text.
    public init(parsing json: [UInt8]) throws(JOSEError) {
        guard json.count <= Self.maximumLength else { throw .tooLarge }
        guard let document = try? JSONDocument(parsing: json) else { throw .invalidJSON }
        try self.init(document.root)
    }

    /// Reads one JWK from a value inside another JSON text.
    public init(_ json: JSONValue) throws(JOSEError) {
        guard json.isObject, let type = json["kty"]?.string else { throw .invalidKey }
        keyID = try Self.text(json, "kid")
        signs = try Self.text(json, "signs")
        // RFC 7517 §4.2, §4.3.
        if let use = try Self.text(json, "use"), use != "sig" { throw .notForSignatures }
        if let operations = json["key_ops"] {
            guard let operations = operations.strings else { throw .invalidKey }
            guard operations.contains("verify") || operations.contains("sign") else { throw .notForSignatures }
        }
        material = try Self.material(type, json)
        guard let name = try Self.text(json, "alg") else {
            algorithm = nil
            return
        }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .unsupportedAlgorithm }
        self.algorithm = algorithm
        guard algorithm.keyKind == kind else { throw .algorithmMismatch }
        if case .secret(let secret) = material, secret.count * 8 < algorithm.minimumKeyBits { throw .keyTooSmall }
    }

    private static func material(_ type: String, _ json: JSONValue) throws(JOSEError) -> Material {
        switch type {
        case "EC":
            let curve = try curve(json)
            let point = PublicKeyComponents.ec(curve, x: try bytes(json, "x"), y: try bytes(json, "y"))
            guard json["d"] != nil else { return try publicKey(point) }
            return try privateKey(point, .ec(d: try bytes(json, "d")))
        case "OKP":
            guard let name = json["crv"]?.string else { throw .invalidKey }
            guard name == ed25519Name else { throw .unsupportedCurve }
            let point = PublicKeyComponents.ed25519(x: try bytes(json, "x"))
            guard json["d"] != nil else { return try publicKey(point) }
            return try privateKey(point, .ed25519(seed: try bytes(json, "d")))
        case "RSA":
            let numbers = PublicKeyComponents.rsa(n: try bytes(json, "n"), e: try bytes(json, "e"))
            guard json["d"] != nil else { return try publicKey(numbers) }
            // RFC 7518 §6.3.2.7: keys of more than two primes must not be used by whoever does not support them.
            guard json["oth"] == nil else { throw .unsupportedKeyType }
            return try privateKey(
                numbers,
                .rsa(
                    d: try bytes(json, "d"), p: try bytes(json, "p"), q: try bytes(json, "q"), dp: try bytes(json, "dp"),
                    dq: try bytes(json, "dq"), qi: try bytes(json, "qi")))
        case "oct":
            let secret = try bytes(json, "k")
            // RFC 7518 §3.2: a key of the same size as the hash output or larger.
            guard secret.count * 8 >= SignatureAlgorithm.hs256.minimumKeyBits else { throw .keyTooSmall }
            guard secret.count <= maximumSecretLength else { throw .keyTooLarge }
            return .secret(Secret(secret))
        default:
            throw .unsupportedKeyType
        }
    }

    private static func curve(_ json: JSONValue) throws(JOSEError) -> EllipticCurve {
        guard let name = json["crv"]?.string else { throw .invalidKey }
        guard let curve = EllipticCurve.allCases.first(where: { $0.jwkName == name }) else { throw .unsupportedCurve }
        return curve
    }

    private static func publicKey(_ components: PublicKeyComponents) throws(JOSEError) -> Material {
        do { return .publicKey(try PublicKey(components)) } catch { throw JOSEError(error) }
    }

    private static func privateKey(
        _ components: PublicKeyComponents, _ secrets: PrivateKeyComponents
    ) throws(JOSEError) -> Material {
        do { return .privateKey(try PrivateKey(components, secrets)) } catch { throw JOSEError(error) }
    }

    private static func bytes(_ json: JSONValue, _ name: String) throws(JOSEError) -> [UInt8] {
        guard let text = json[name]?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty else { throw .invalidKey }
        return bytes
    }

    private static func text(_ json: JSONValue, _ name: String) throws(JOSEError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.string else { throw .invalidKey }
        return text
    }

    /// An RSA key of 8192 bits with all its private members has some 10,000 letters.
    private static let maximumLength = 32 * 1024
    private static let maximumSecretLength = 1024
}

extension EllipticCurve {
    /// `crv`.
    var jwkName: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        }
    }
}

/// `crv` of RFC 8037 §2.
let ed25519Name = "Ed25519"
