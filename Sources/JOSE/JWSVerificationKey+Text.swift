// JWSVerificationKey+Text: the key of an issuer that keeps it as a text in its settings, as Django's programs do: a shared secret,
// or a public key in PEM. Which of the two it is, is seen by the text and never by a token, and what looks like a key is never
// taken for a secret: everybody may know a public key, and could sign with it then (RFC 8725 §2.1).
import MartletCryptography

extension JWSVerificationKey {
    /// Reads a key for one algorithm. When none is named it is the usual one of the key: HS256 for a secret, RS256 for RSA, and the
    /// only one of a curve.
    ///
    /// Throws ``JOSEError/keyTooSmall`` for a secret of fewer than 32 bytes or a short RSA key, ``JOSEError/algorithmMismatch`` when
    /// the algorithm is for another kind of key, ``JOSEError/invalidKey`` for a private key, or for what is a key of another form.
    public init(text: [UInt8], algorithm: SignatureAlgorithm? = nil) throws(JOSEError) {
        // A byte order mark is of the file and not of the secret: with it no token would be good, and nobody would know why.
        guard !text.starts(with: [0xEF, 0xBB, 0xBF]) else { throw .invalidKey }
        guard Self.looksLikeKey(text) else {
            // RFC 7518 §3.2 wants as many bits as the digest has; the programs that such keys come from use any text with all three.
            guard text.count * 8 >= SignatureAlgorithm.hs256.minimumKeyBits else { throw .keyTooSmall }
            let algorithm = algorithm ?? .hs256
            guard let digest = algorithm.macDigest else { throw .algorithmMismatch }
            self.init(keyID: nil, algorithm: algorithm, signs: nil, .secret(HMACKey(Secret(text), digest)))
            return
        }
        // libcrypto would find the public part of a private key, whose holder should not be made to show it around.
        guard !Self.contains("PRIVATE KEY", text) else { throw .invalidKey }
        do throws(CryptographyError) {
            let key = try PublicKey(pem: text)
            let admitted = SignatureAlgorithm.admitted(by: key.kind)
            guard let algorithm = algorithm ?? admitted.first, admitted.contains(algorithm), let scheme = algorithm.scheme else {
                throw CryptographyError.wrongKeyKind
            }
            self.init(keyID: nil, algorithm: algorithm, signs: nil, .publicKey(try VerificationKey(key, scheme)))
        } catch {
            throw JOSEError(error)
        }
    }

    /// PEM, the base64 of DER, a JWK or JWK Set, or a line of OpenSSH.
    private static func looksLikeKey(_ text: [UInt8]) -> Bool {
        if contains("-----BEGIN ", text.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }) { return true }
        let start = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        // 30 82 and 30 59 in base64: how a SubjectPublicKeyInfo begins.
        if ["MII", "MFk", "MFY", "MHY", "MCo"].contains(where: { start.starts(with: $0.utf8) }), start.count > 40,
            start.allSatisfy({ isBase64($0) })
        {
            return true
        }
        if ["ssh-", "ecdsa-sha2-"].contains(where: { start.starts(with: $0.utf8) }) { return true }
        return start.first == UInt8(ascii: "{") && contains("\"kty\"", text)
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), 0x0A, 0x0D:
            true
        default: false
        }
    }

    private static func contains(_ needle: StaticString, _ text: [UInt8]) -> Bool {
        needle.withUTF8Buffer { needle in
            guard text.count >= needle.count else { return false }
            return (0...(text.count - needle.count)).contains { text[$0..<($0 + needle.count)].elementsEqual(needle) }
        }
    }
}
