// PBKDF2: `pbkdf2_sha256$<iterations>$<salt>`, Django's default, and its SHA-1 sister (RFC 8018 §5.2), through libcrypto.
import CMartletOpenSSL

struct PBKDF2: Sendable, Hashable {
    let function: Function
    private let iterations: Int
    private let salt: [UInt8]

    enum Function: String, Sendable, Hashable {
        case sha256 = "pbkdf2_sha256"
        case sha1 = "pbkdf2_sha1"

        /// Bytes: Django takes one block of the underlying digest.
        var digestLength: Int {
            switch self {
            case .sha256: 32
            case .sha1: 20
            }
        }
    }

    init(fields: [ArraySlice<UInt8>]) throws(PasswordHashError) {
        guard fields.count == 3, let function = Function(rawValue: String(decoding: fields[0], as: UTF8.self)),
            let iterations = StoredField.number(fields[1]), !fields[2].isEmpty
        else { throw .malformed }
        guard iterations <= Self.maximumIterations else { throw .parametersOutOfRange }
        self.function = function
        self.iterations = iterations
        salt = try StoredField.textSalt(fields[2])
    }

    var text: String { "\(function.rawValue)$\(iterations)$\(String(decoding: salt, as: UTF8.self))" }

    func digest(of password: [UInt8]) throws(PasswordHashError) -> [UInt8] {
        let algorithm =
            switch function {
            case .sha256: EVP_sha256()
            case .sha1: EVP_sha1()
            }
        var digest = [UInt8](repeating: 0, count: function.digestLength)
        let isDone = password.withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: password.count), salt,
                Int32(clamping: salt.count), Int32(clamping: iterations), algorithm, Int32(clamping: digest.count), &digest) == 1
        }
        // What a policy of libcrypto's own leaves out (FIPS without SHA-1) fails as well; memory for one HMAC is hardly the reason.
        guard isDone else {
            ERR_clear_error()
            throw .unsupported
        }
        return digest
    }

    // Ten times Django's default of 2025, seconds of one core.
    private static let maximumIterations = 10_000_000
}
