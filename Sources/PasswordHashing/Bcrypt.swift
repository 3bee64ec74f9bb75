// Bcrypt: `bcrypt$$2b$12$<salt>` and `bcrypt_sha256$$2b$12$<salt>`, through the system's libcrypt. libcrypto has Blowfish but not the
// key schedule with a salt, and an implementation of ours would be four kilobytes of constants and a hot loop to keep right, for
// strings that go away at the next login; libxcrypt comes with Debian, Ubuntu and Fedora. macOS has no bcrypt: there such a string
// is read and kept, and checking a password against it is unsupported.
import CMartletCrypt
import CMartletOpenSSL
import MartletCryptography
import MartletEncoding

struct Bcrypt: Sendable, Hashable {
    let input: Input
    private let version: Version
    private let cost: Int
    private let salt: [UInt8]

    /// What bcrypt is given for a password.
    enum Input: String, Sendable, Hashable {
        /// Its bytes, of which bcrypt takes 72.
        case password = "bcrypt"
        /// The lower-case hex of its SHA-256.
        case digest = "bcrypt_sha256"
    }

    /// One algorithm: the letters tell of bugs that older implementations had.
    private enum Version: String {
        case a = "2a"
        case b = "2b"
        case y = "2y"
    }

    /// Letters of a salt, which stands without a separator before the digest.
    static let saltLength = 22
    /// Letters of a digest. They are kept as they are, not decoded: bcrypt's base64 has an alphabet of its own.
    static let digestLength = 31

    static func isNamed(by field: ArraySlice<UInt8>) -> Bool {
        Input(rawValue: String(decoding: field, as: UTF8.self)) != nil
    }

    init(fields: [ArraySlice<UInt8>]) throws(PasswordHashError) {
        guard fields.count == 5, let input = Input(rawValue: String(decoding: fields[0], as: UTF8.self)), fields[1].isEmpty,
            let version = Version(rawValue: String(decoding: fields[2], as: UTF8.self)), fields[3].count == 2,
            let cost = Int64(digits: fields[3]),
            fields[4].count == Self.saltLength, let salt = Self.letters(fields[4], lastSpareBits: 4)
        else { throw .malformed }
        guard Self.costs.contains(Int(cost)) else { throw .parametersOutOfRange }
        self.input = input
        self.version = version
        self.cost = Int(cost)
        self.salt = salt
    }

    var text: String { "\(input.rawValue)$\(setting)" }

    static func digest(writtenAs text: ArraySlice<UInt8>) -> [UInt8]? { letters(text, lastSpareBits: 2) }

    /// The digest; nil for a password with a NUL among the bytes that count: libcrypt would stop there and take what stands
    /// before it for the whole.
    func digest(of password: [UInt8]) throws(PasswordHashError) -> [UInt8]? {
        var phrase =
            switch input {
            case .password: Array(password.prefix(Self.maximumPhraseLength))
            case .digest: Array(Hex.encode(Digest.sha256.hash(password)).utf8)
            }
        let isWhole = !phrase.contains(0)
        phrase.append(0)
        defer { phrase.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let setting = self.setting
        var hash = [CChar](repeating: 0, count: setting.utf8.count + Self.digestLength + 1)
        // A phrase that is not whole costs the same.
        let outcome = phrase.withUnsafeBytes {
            martlet_crypt($0.baseAddress?.assumingMemoryBound(to: CChar.self), setting, &hash, hash.count)
        }
        switch outcome {
        case MARTLET_CRYPT_DONE: break
        case MARTLET_CRYPT_OUT_OF_MEMORY: throw .outOfMemory
        default: throw .unsupported
        }
        let written = hash.dropLast().map { UInt8(bitPattern: $0) }
        guard written.starts(with: setting.utf8), let digest = Self.digest(writtenAs: written.dropFirst(setting.utf8.count)),
            digest.count == Self.digestLength
        else { throw .unsupported }
        return isWhole ? digest : nil
    }

    /// What libcrypt is given.
    private var setting: String {
        "$\(version.rawValue)$\(cost < 10 ? "0" : "")\(cost)$\(String(decoding: salt, as: UTF8.self))"
    }

    /// The letters, if they are of bcrypt's alphabet and the last has none of its lowest bits set: these encode nothing, and
    /// bcrypt itself writes zeros there.
    private static func letters(_ text: ArraySlice<UInt8>, lastSpareBits: Int) -> [UInt8]? {
        var last = 0
        for letter in text {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            last = value
        }
        return last & (1 << lastSpareBits - 1) == 0 ? Array(text) : nil
    }

    private static let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    // 2^16 rounds are seconds; 12 is Django's choice.
    private static let costs = 4...16
    // Eighteen words of key; libcrypt refuses phrases of more than 511 bytes, which bcrypt has no use for.
    private static let maximumPhraseLength = 72
}
