// OpenSSLCases: the library alone: contexts made once, the digest computed before. What `openssl speed` measures.

import CMartletOpenSSL

enum OpenSSLCases {
    static func all() -> [Case] {
        guard let key = makeKey(), let signing = EVP_PKEY_CTX_new_from_pkey(nil, key, nil),
            let verifying = EVP_PKEY_CTX_new_from_pkey(nil, key, nil), EVP_PKEY_sign_init(signing) == 1,
            EVP_PKEY_verify_init(verifying) == 1
        else { return [] }
        let digest = [UInt8](repeating: 7, count: 32)
        var signature = [UInt8](repeating: 0, count: 80)
        var length = signature.count
        guard EVP_PKEY_sign(signing, &signature, &length, digest, digest.count) == 1 else { return [] }
        let signed = Array(signature.prefix(length))
        return [
            Case(name: "bare OpenSSL: sign P-256") { count in
                var output = [UInt8](repeating: 0, count: 80)
                for _ in 0..<count {
                    var length = output.count
                    precondition(EVP_PKEY_sign(signing, &output, &length, digest, digest.count) == 1)
                }
            },
            Case(name: "bare OpenSSL: verify P-256") { count in
                for _ in 0..<count {
                    precondition(EVP_PKEY_verify(verifying, signed, signed.count, digest, digest.count) == 1)
                }
            },
        ]
    }

    private static func makeKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil), EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_group_name(context, "P-256") == 1
        else { return nil }
        var key: OpaquePointer?
        return EVP_PKEY_generate(context, &key) == 1 ? key : nil
    }
}
