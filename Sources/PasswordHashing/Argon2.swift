// Argon2: the function itself in its three variants (RFC 9106), through libargon2. Martlet makes argon2id alone; the others come
// with passwords from elsewhere.
import CArgon2

/// Argon2, version 0x13. The raw values are the names in stored strings.
package enum Argon2: String, Sendable, Hashable, CaseIterable {
    case id = "argon2id"
    case i = "argon2i"
    case d = "argon2d"

    /// The hash of a password: `length` bytes. Blocks for as long as the parameters say, with their memory held; nil when the
    /// memory is not to be had, or a length is outside what the RFC allows. `secret` and `associatedData` are K and X of §3.1.
    package func hash(
        _ password: [UInt8], salt: [UInt8], parameters: Argon2Parameters, length: Int, secret: [UInt8] = [], associatedData: [UInt8] = []
    ) -> [UInt8]? {
        var (password, salt, secret, associatedData) = (password, salt, secret, associatedData)
        var hash = [UInt8](repeating: 0, count: length)
        let result = hash.withUnsafeMutableBufferPointer { hash in
            password.withUnsafeMutableBufferPointer { password in
                salt.withUnsafeMutableBufferPointer { salt in
                    secret.withUnsafeMutableBufferPointer { secret in
                        associatedData.withUnsafeMutableBufferPointer { associatedData in
                            var context = argon2_context()
                            (context.out, context.outlen) = (hash.baseAddress, UInt32(clamping: hash.count))
                            (context.pwd, context.pwdlen) = (password.baseAddress, UInt32(clamping: password.count))
                            (context.salt, context.saltlen) = (salt.baseAddress, UInt32(clamping: salt.count))
                            (context.secret, context.secretlen) = (secret.baseAddress, UInt32(clamping: secret.count))
                            (context.ad, context.adlen) = (associatedData.baseAddress, UInt32(clamping: associatedData.count))
                            context.t_cost = UInt32(parameters.iterations)
                            context.m_cost = UInt32(parameters.memoryKiB)
                            context.lanes = UInt32(parameters.parallelism)
                            context.threads = UInt32(parameters.parallelism)
                            context.version = ARGON2_VERSION_13.rawValue
                            context.allocate_cbk = HashingMemory.take
                            context.free_cbk = HashingMemory.giveBack
                            return argon2_ctx(&context, type)
                        }
                    }
                }
            }
        }
        return result == ARGON2_OK.rawValue ? hash : nil
    }

    private var type: argon2_type {
        switch self {
        case .id: Argon2_id
        case .i: Argon2_i
        case .d: Argon2_d
        }
    }
}
