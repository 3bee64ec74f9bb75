// AEADKey: AES-256-GCM (NIST SP 800-38D) for secrets at rest. A sealed text is
//
//     nonce (12 bytes) ‖ ciphertext (as long as the plaintext) ‖ tag (16 bytes)
//
// with a random nonce: seal fewer than 2^32 texts under one key (§8.3). What the text is for, such as table, row and
// column, goes into the associated data, so that a sealed text moved elsewhere does not open. Versions and key ids
// are the caller's, in front of this.
import CMartletOpenSSL

/// A key that seals and opens.
public final class AEADKey: Sendable {
    /// Length of a key in bytes.
    public static let keyLength = 32
    private let secret: Secret

    /// A key of exactly 32 bytes; throws ``CryptographyError/invalidKey`` for another length.
    public init(_ key: [UInt8]) throws(CryptographyError) {
        guard key.count == Self.keyLength else { throw .invalidKey }
        secret = Secret(key)
    }

    /// Seals `plaintext` for the place that `associatedData` names. Throws ``CryptographyError/libraryFailure`` only.
    public func seal(
        _ plaintext: [UInt8], associatedData: [UInt8], random: RandomSource = .secure
    ) throws(CryptographyError) -> [UInt8] {
        let nonce = random.bytes(Self.nonceLength)
        guard plaintext.count < Int(Int32.max) - 64, associatedData.count < Int(Int32.max) else { throw .libraryFailure }
        var sealed = nonce + [UInt8](repeating: 0, count: plaintext.count + Self.tagLength)
        let isDone = withCipher(encrypting: true, nonce: nonce) { context in
            var length: Int32 = 0
            return sealed.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                let text = base + Self.nonceLength
                return EVP_EncryptUpdate(context, nil, &length, associatedData, Int32(associatedData.count)) == 1
                    && EVP_EncryptUpdate(context, text, &length, plaintext, Int32(plaintext.count)) == 1
                    && EVP_EncryptFinal_ex(context, text + Int(length), &length) == 1
                    && EVP_CIPHER_CTX_ctrl(
                        context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagLength), text + plaintext.count) == 1
            }
        }
        guard isDone else { throw .libraryFailure }
        return sealed
    }

    /// Opens what ``seal(_:associatedData:random:)`` made; throws ``CryptographyError/notAuthentic`` for anything else.
    public func open(_ sealed: [UInt8], associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let textLength = sealed.count - Self.nonceLength - Self.tagLength
        guard textLength >= 0, sealed.count < Int(Int32.max), associatedData.count < Int(Int32.max) else { throw .notAuthentic }
        var tag = Array(sealed.suffix(Self.tagLength))
        let ciphertext = Array(sealed[Self.nonceLength..<(Self.nonceLength + textLength)])
        // One byte more than the text, so that there is an address to write an empty text to.
        var plaintext = [UInt8](repeating: 0, count: textLength + 1)
        let isAuthentic = withCipher(encrypting: false, nonce: Array(sealed.prefix(Self.nonceLength))) { context in
            var length: Int32 = 0
            return plaintext.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                return EVP_DecryptUpdate(context, nil, &length, associatedData, Int32(associatedData.count)) == 1
                    && EVP_DecryptUpdate(context, base, &length, ciphertext, Int32(textLength)) == 1
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagLength), &tag) == 1
                    && EVP_DecryptFinal_ex(context, base + Int(length), &length) == 1
            }
        }
        guard isAuthentic else { throw .notAuthentic }
        plaintext.removeLast()
        return plaintext
    }

    private func withCipher(encrypting: Bool, nonce: [UInt8], _ body: (OpaquePointer) -> Bool) -> Bool {
        guard let context = EVP_CIPHER_CTX_new() else { return false }
        defer { EVP_CIPHER_CTX_free(context) }
        let isReady = secret.withBytes { key in
            EVP_CipherInit_ex2(context, Self.cipher.pointer, key.baseAddress, nonce, encrypting ? 1 : 0, nil) == 1
        }
        guard isReady, body(context) else {
            ERR_clear_error()
            return false
        }
        return true
    }

    private static let cipher: Handle = {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else { fatalError("libcrypto has no AES-256-GCM") }
        return Handle(pointer: cipher)
    }()
    private static let nonceLength = 12
    private static let tagLength = 16
}
