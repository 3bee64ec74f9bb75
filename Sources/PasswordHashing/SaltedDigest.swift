// SaltedDigest: `md5$<salt>` and `sha1$<salt>`: one pass of a digest over salt and password, and the same without a salt, as the oldest
// versions of Django stored it. Only to recognize a password once; nothing is ever made with these.
import CMartletOpenSSL

struct SaltedDigest: Sendable, Hashable {
    let function: Function
    private let salt: [UInt8]

    enum Function: String, Sendable, Hashable {
        case md5
        case sha1

        /// Bytes.
        var digestLength: Int {
            switch self {
            case .md5: 16
            case .sha1: 20
            }
        }
    }

    /// What a bare digest of 32 hexadecimal digits is.
    static let unsaltedMD5 = SaltedDigest(function: .md5, salt: [])

    init(fields: [ArraySlice<UInt8>]) throws(PasswordHashError) {
        guard fields.count == 2, let function = Function(rawValue: String(decoding: fields[0], as: UTF8.self)) else { throw .malformed }
        self.init(function: function, salt: try StoredField.textSalt(fields[1]))
    }

    var text: String { "\(function.rawValue)$\(String(decoding: salt, as: UTF8.self))" }

    /// Django's name of the hasher.
    var algorithm: String { salt.isEmpty ? "unsalted_\(function.rawValue)" : function.rawValue }

    func digest(of password: [UInt8]) throws(PasswordHashError) -> [UInt8] {
        let message = salt + password
        var digest = [UInt8](repeating: 0, count: function.digestLength)
        // A libcrypto whose policy is FIPS has no MD5.
        guard EVP_Q_digest(nil, function.rawValue, nil, message, message.count, &digest, nil) == 1 else {
            ERR_clear_error()
            throw .unsupported
        }
        return digest
    }

    private init(function: Function, salt: [UInt8]) {
        self.function = function
        self.salt = salt
    }
}
