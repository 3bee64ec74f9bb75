// PublicKey+PEM: a public key as programs that are not JOSE's keep it (RFC 7468 §13, RFC 8017 §A.1.1). libcrypto reads the text;
// what it found is then checked like any other key's numbers.
import CMartletOpenSSL

extension PublicKey {
    /// Reads a key from its PEM text. Throws ``CryptographyError/invalidKey`` for anything that is no public key of a kind in use, a
    /// private one included.
    public convenience init(pem: [UInt8]) throws(CryptographyError) {
        let handle = try Self.handle(pem)
        defer { EVP_PKEY_free(handle.pointer) }
        try self.init(try PublicKeyComponents(of: handle, try Self.kind(handle)))
    }

    private static func handle(_ pem: [UInt8]) throws(CryptographyError) -> Handle {
        var key: OpaquePointer?
        // No passphrase is ever asked for: what is public is not encrypted.
        guard let decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nil, nil, KeyParameters.publicKey, nil, nil) else {
            throw .libraryFailure
        }
        defer { OSSL_DECODER_CTX_free(decoder) }
        pem.withUnsafeBufferPointer { pem in
            var text = pem.baseAddress
            var count = pem.count
            _ = OSSL_DECODER_from_data(decoder, &text, &count)
        }
        ERR_clear_error()
        guard let key else { throw .invalidKey }
        return Handle(pointer: key)
    }

    private static func kind(_ handle: Handle) throws(CryptographyError) -> KeyKind {
        if EVP_PKEY_is_a(handle.pointer, "RSA") == 1 { return .rsa }
        if EVP_PKEY_is_a(handle.pointer, "ED25519") == 1 { return .ed25519 }
        guard EVP_PKEY_is_a(handle.pointer, "EC") == 1 else { throw .invalidKey }
        var name = [CChar](repeating: 0, count: 80)
        guard EVP_PKEY_get_group_name(handle.pointer, &name, name.count, nil) == 1 else { throw .invalidKey }
        let group = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let curve = EllipticCurve.allCases.first(where: { $0.groupName == group }) else { throw .invalidKey }
        return .ec(curve)
    }
}
