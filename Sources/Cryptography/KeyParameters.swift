// KeyParameters: numbers into and out of libcrypto's keys (OSSL_PARAM_BLD(3), EVP_PKEY_fromdata(3), EVP_PKEY_get_bn_param(3)).
import CMartletOpenSSL

/// The parameters of a key that is about to be made.
struct KeyParameters: ~Copyable {
    private let builder: OpaquePointer
    private var numbers: [OpaquePointer] = []
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private var isComplete = true

    init() throws(CryptographyError) {
        guard let builder = OSSL_PARAM_BLD_new() else { throw .libraryFailure }
        self.builder = builder
    }

    deinit {
        OSSL_PARAM_BLD_free(builder)
        for number in numbers { BN_clear_free(number) }
        for text in texts { text.deallocate() }
    }

    /// A big-endian number, passed on in `length` bytes so that leading zeros of a secret do not show.
    mutating func number(_ name: String, _ bytes: [UInt8]) {
        guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else {
            isComplete = false
            return
        }
        numbers.append(number)
        if OSSL_PARAM_BLD_push_BN_pad(builder, keep(name), number, max(bytes.count, 1)) != 1 { isComplete = false }
    }

    mutating func text(_ name: String, _ text: String) {
        if OSSL_PARAM_BLD_push_utf8_string(builder, keep(name), keep(text), 0) != 1 { isComplete = false }
    }

    /// Makes the key. The bytes of an elliptic curve's public point come with this call, since the builder only points at them.
    consuming func makeKey(_ type: String, isPrivate: Bool, point: [UInt8]? = nil) throws(CryptographyError) -> Handle {
        var key: OpaquePointer?
        var point = point ?? []
        point.withUnsafeMutableBufferPointer { point in
            if !point.isEmpty {
                let name = keep(OSSL_PKEY_PARAM_PUB_KEY)
                if OSSL_PARAM_BLD_push_octet_string(builder, name, point.baseAddress, point.count) != 1 { isComplete = false }
            }
            guard isComplete, let parameters = OSSL_PARAM_BLD_to_param(builder) else { return }
            defer { OSSL_PARAM_free(parameters) }
            guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return }
            defer { EVP_PKEY_CTX_free(context) }
            let selection = isPrivate ? Self.keyPair : Self.publicKey
            if EVP_PKEY_fromdata_init(context) == 1 { EVP_PKEY_fromdata(context, &key, selection, parameters) }
        }
        ERR_clear_error()
        guard let key else { throw .invalidKey }
        return Handle(pointer: key)
    }

    /// The builder keeps pointers to names and texts until the key is made, so they live as long as it does.
    private mutating func keep(_ text: String) -> UnsafePointer<CChar> {
        let letters = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: letters.count)
        for (index, letter) in letters.enumerated() { (copy + index).initialize(to: letter) }
        texts.append(copy)
        return UnsafePointer(copy)
    }

    /// A number of a key, big-endian in `length` bytes, or as short as it can be when no length is given.
    static func number(_ name: String, of key: Handle, length: Int? = nil) throws(CryptographyError) -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key.pointer, name, &number) == 1, let number else {
            ERR_clear_error()
            throw .libraryFailure
        }
        defer { BN_clear_free(number) }
        let count = length ?? (Int(BN_num_bits(number)) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: count)
        guard BN_bn2binpad(number, &bytes, Int32(count)) == Int32(count) else { throw .libraryFailure }
        return bytes
    }

    // EVP_PKEY_PUBLIC_KEY and EVP_PKEY_KEYPAIR of evp.h, which are macros of macros.
    static let publicKey =
        OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS | OSSL_KEYMGMT_SELECT_PUBLIC_KEY
    private static let keyPair = publicKey | OSSL_KEYMGMT_SELECT_PRIVATE_KEY
}

extension PublicKeyComponents {
    /// Those of a key in libcrypto's memory.
    init(of handle: Handle, _ kind: KeyKind) throws(CryptographyError) {
        switch kind {
        case .ec(let curve):
            self = .ec(
                curve, x: try KeyParameters.number(OSSL_PKEY_PARAM_EC_PUB_X, of: handle, length: curve.coordinateLength),
                y: try KeyParameters.number(OSSL_PKEY_PARAM_EC_PUB_Y, of: handle, length: curve.coordinateLength))
        case .ed25519:
            var x = [UInt8](repeating: 0, count: 32)
            var count = x.count
            guard EVP_PKEY_get_raw_public_key(handle.pointer, &x, &count) == 1, count == 32 else { throw .libraryFailure }
            self = .ed25519(x: x)
        case .rsa:
            self = .rsa(
                n: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_N, of: handle),
                e: try KeyParameters.number(OSSL_PKEY_PARAM_RSA_E, of: handle))
        }
    }
}
