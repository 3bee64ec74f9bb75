// Scrypt: `scrypt$<N>$<salt>$<r>$<p>`, as Django writes it from 4.0 on (RFC 7914), through libcrypto.
import CMartletOpenSSL

struct Scrypt: Sendable, Hashable {
    private let cost: Int
    private let salt: [UInt8]
    private let blockSize: Int
    private let parallelism: Int

    /// Bytes: Django's `dklen`.
    static let digestLength = 64

    init(fields: [ArraySlice<UInt8>]) throws(PasswordHashError) {
        guard fields.count == 5, fields[0].elementsEqual("scrypt".utf8), let cost = StoredField.number(fields[1]), !fields[2].isEmpty,
            let blockSize = StoredField.number(fields[3]), let parallelism = StoredField.number(fields[4])
        else { throw .malformed }
        // RFC 7914 §6: N is a power of 2, larger than 1 and less than 2^(128 * r / 8).
        guard (1...Self.maximumBlockSize).contains(blockSize), (1...Self.maximumParallelism).contains(parallelism),
            (2...Self.maximumMemory / 128 / blockSize).contains(cost), cost & (cost - 1) == 0, cost.trailingZeroBitCount < 16 * blockSize
        else { throw .parametersOutOfRange }
        self.cost = cost
        self.blockSize = blockSize
        self.parallelism = parallelism
        salt = try StoredField.textSalt(fields[2])
    }

    var text: String { "scrypt$\(cost)$\(String(decoding: salt, as: UTF8.self))$\(blockSize)$\(parallelism)" }

    func digest(of password: [UInt8]) throws(PasswordHashError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.digestLength)
        // N blocks, two to work in and p to work on, of 128 * r bytes: the least that libcrypto demands to be allowed.
        let memory = UInt64(clamping: 128 * blockSize * (cost + 2 + parallelism))
        let isDone = password.withUnsafeBytes { password in
            // Without a password's address libcrypto would only check the parameters.
            withUnsafePointer(to: 0 as CChar) { nothing in
                EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nothing, password.count, salt, salt.count,
                    UInt64(clamping: cost), UInt64(clamping: blockSize), UInt64(clamping: parallelism), memory, &digest, digest.count) == 1
            }
        }
        guard isDone else {
            ERR_clear_error()
            throw .outOfMemory
        }
        return digest
    }

    // 256 MiB, N * r * 128; Django's own is 16 MiB with r = 8, p = 5.
    private static let maximumMemory = 256 << 20
    private static let maximumBlockSize = 32
    private static let maximumParallelism = 16
}
