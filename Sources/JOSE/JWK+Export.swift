// JWK+Export: writing a JWK, and its thumbprint. The public export is made from the public part alone, so that a private
// member cannot get into it by mistake.
import MartletCryptography
import MartletEncoding

extension JWK {
    /// The public JWK with `kid`, `use` and `alg`; nil for a shared secret, which has no public part.
    public var publicJSON: [UInt8]? {
        guard let components = publicComponents else { return nil }
        return JSONWriter.object { writer in
            Self.write(components, to: &writer)
            writeAttributes(to: &writer)
        }
    }

    /// The JWK with everything that is secret in it: for whoever seals it. Throws ``JOSEError/notAPrivateKey`` for a public key.
    public func privateJSON() throws(JOSEError) -> [UInt8] {
        switch material {
        case .publicKey: throw .notAPrivateKey
        case .secret(let secret):
            return JSONWriter.object { writer in
                writer.member("kty", "oct")
                writer.member("k", Base64URL.encode(secret.bytes))
                writeAttributes(to: &writer)
            }
        case .privateKey(let key):
            let secrets: PrivateKeyComponents
            do { secrets = try key.privateComponents() } catch { throw JOSEError(error) }
            return JSONWriter.object(capacity: 2048) { writer in
                Self.write(key.publicKey.components, to: &writer)
                switch secrets {
                case .ec(let d): writer.member("d", Base64URL.encode(d))
                case .ed25519(let seed): writer.member("d", Base64URL.encode(seed))
                case .rsa(let d, let p, let q, let dp, let dq, let qi):
                    for (name, number) in [("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)] {
                        writer.member(name, Base64URL.encode(number))
                    }
                }
                writeAttributes(to: &writer)
            }
        }
    }

    /// RFC 7638: the base64url SHA-256 of the required members in lexicographic order without white space.
    public var thumbprint: String {
        let json = JSONWriter.object { writer in
            switch publicComponents {
            case .ec(let curve, let x, let y):
                writer.member("crv", curve.jwkName)
                writer.member("kty", "EC")
                writer.member("x", Base64URL.encode(x))
                writer.member("y", Base64URL.encode(y))
            case .ed25519(let x):
                writer.member("crv", ed25519Name)
                writer.member("kty", "OKP")
                writer.member("x", Base64URL.encode(x))
            case .rsa(let n, let e):
                writer.member("e", Base64URL.encode(e))
                writer.member("kty", "RSA")
                writer.member("n", Base64URL.encode(n))
            case nil:
                guard case .secret(let secret) = material else { return }
                writer.member("k", Base64URL.encode(secret.bytes))
                writer.member("kty", "oct")
            }
        }
        return Base64URL.encode(Digest.sha256.hash(json))
    }

    private var publicComponents: PublicKeyComponents? {
        switch material {
        case .publicKey(let key): key.components
        case .privateKey(let key): key.publicKey.components
        case .secret: nil
        }
    }

    private static func write(_ components: PublicKeyComponents, to writer: inout JSONWriter) {
        switch components {
        case .ec(let curve, let x, let y):
            writer.member("kty", "EC")
            writer.member("crv", curve.jwkName)
            writer.member("x", Base64URL.encode(x))
            writer.member("y", Base64URL.encode(y))
        case .ed25519(let x):
            writer.member("kty", "OKP")
            writer.member("crv", ed25519Name)
            writer.member("x", Base64URL.encode(x))
        case .rsa(let n, let e):
            writer.member("kty", "RSA")
            writer.member("n", Base64URL.encode(n))
            writer.member("e", Base64URL.encode(e))
        }
    }

    private func writeAttributes(to writer: inout JSONWriter) {
        if let keyID { writer.member("kid", keyID) }
        writer.member("use", "sig")
        if let algorithm { writer.member("alg", algorithm.name) }
        if let signs { writer.member("signs", signs) }
    }
}
