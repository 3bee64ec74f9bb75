// WrappedHash: argon2id over the digest of a legacy scheme, so that no weak digest rests on disk until its user logs in next:
//
//     $argon2id-over$v=1$<setting>$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
//     $argon2id-over$v=1$md5$mRq3…$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
//
// The setting is Django's string up to its digest (algorithm, cost, salt), which is computed first; its bytes are argon2id's
// password. The last five fields are always the PHC string, so the setting is what stands between; each part has one spelling
// and the whole therefore, too. A format of Martlet's own: there is no way back from it to what Django stored.

struct WrappedHash: Sendable, Hashable {
    let setting: DjangoSetting
    private let outer: PHCString

    init(setting: DjangoSetting, outer: PHCString) {
        self.setting = setting
        self.outer = outer
    }

    /// Whether a stored string is to be read as one.
    static func isNamed(by text: String) -> Bool { text.utf8.starts(with: "$argon2id-over$".utf8) }

    init(parsing text: String) throws(PasswordHashError) {
        let fields = try StoredField.split(text)
        guard fields.count >= Self.prefix.count + Self.outerCount,
            zip(fields, Self.prefix).allSatisfy({ $0.elementsEqual($1.utf8) })
        else { throw .malformed }
        setting = try DjangoSetting(fields: Array(fields.dropFirst(Self.prefix.count).dropLast(Self.outerCount)))
        let outer = fields.suffix(Self.outerCount).map { String(decoding: $0, as: UTF8.self) }
        self.outer = try PHCString(parsing: "$" + outer.joined(separator: "$"))
    }

    var text: String { "\(Self.prefix.joined(separator: "$"))$\(setting.text)\(outer.text)" }

    /// Whether this is the hash of `password`. Throws ``PasswordHashError/outOfMemory`` and ``PasswordHashError/unsupported``.
    func matches(_ password: [UInt8]) throws(PasswordHashError) -> Bool {
        guard let digest = try setting.digest(of: password) else { return false }
        return try outer.matches(digest)
    }

    private static let prefix = ["", "argon2id-over", "v=1"]
    private static let outerCount = 5
}
