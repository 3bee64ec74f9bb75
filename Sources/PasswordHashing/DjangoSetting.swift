// DjangoSetting: all of a password stored by Django but its digest: the algorithm, its cost and the salt. This is the list of the
// algorithms; what each of them is stands in a file of its own.

enum DjangoSetting: Sendable, Hashable {
    case pbkdf2(PBKDF2)
    case scrypt(Scrypt)
    case bcrypt(Bcrypt)
    case salted(SaltedDigest)

    /// Reads the fields that stand before the digest.
    init(fields: [ArraySlice<UInt8>]) throws(PasswordHashError) {
        guard let first = fields.first else { throw .malformed }
        switch String(decoding: first, as: UTF8.self) {
        case "pbkdf2_sha256", "pbkdf2_sha1": self = .pbkdf2(try PBKDF2(fields: fields))
        case "scrypt": self = .scrypt(try Scrypt(fields: fields))
        case "bcrypt", "bcrypt_sha256": self = .bcrypt(try Bcrypt(fields: fields))
        case "md5", "sha1": self = .salted(try SaltedDigest(fields: fields))
        default: throw .malformed
        }
    }

    /// The fields, with `$` between them.
    var text: String {
        switch self {
        case .pbkdf2(let setting): setting.text
        case .scrypt(let setting): setting.text
        case .bcrypt(let setting): setting.text
        case .salted(let setting): setting.text
        }
    }

    /// Django's name of the hasher.
    var algorithm: String {
        switch self {
        case .pbkdf2(let setting): setting.function.rawValue
        case .scrypt: "scrypt"
        case .bcrypt(let setting): setting.input.rawValue
        case .salted(let setting): setting.algorithm
        }
    }

    /// Whether a digest is found by trying passwords, at billions in a second.
    var isWeak: Bool {
        switch self {
        case .pbkdf2, .scrypt, .bcrypt: false
        case .salted: true
        }
    }

    /// The digest of a password; nil for one that cannot be any stored password's. Throws ``PasswordHashError/outOfMemory``, and
    /// ``PasswordHashError/unsupported`` where this system lacks the function.
    func digest(of password: [UInt8]) throws(PasswordHashError) -> [UInt8]? {
        switch self {
        case .pbkdf2(let setting): try setting.digest(of: password)
        case .scrypt(let setting): try setting.digest(of: password)
        case .bcrypt(let setting): try setting.digest(of: password)
        case .salted(let setting): try setting.digest(of: password)
        }
    }

    /// A digest from the text that is stored; nil where it is not one of this algorithm.
    func digest(writtenAs text: ArraySlice<UInt8>) -> [UInt8]? {
        let (digest, length): ([UInt8]?, Int) =
            switch self {
            case .pbkdf2(let setting): (StoredField.paddedBase64(text), setting.function.digestLength)
            case .scrypt: (StoredField.paddedBase64(text), Scrypt.digestLength)
            case .bcrypt: (Bcrypt.digest(writtenAs: text), Bcrypt.digestLength)
            case .salted(let setting): (StoredField.hex(text), setting.function.digestLength)
            }
        return digest?.count == length ? digest : nil
    }
}
