// DjangoHash: a password as Django stores it: a setting and the digest that the right password has under it. Read verbatim, and
// as strictly as Django itself compares: a string that Django would never write is one that no password matches there.
// Argon2 is not here: behind the word "argon2" stands a PHC string.
import MartletCryptography

struct DjangoHash: Sendable, Hashable {
    let setting: DjangoSetting
    private let digest: [UInt8]

    init(parsing text: String) throws(PasswordHashError) {
        var fields = try StoredField.split(text)
        guard let last = fields.popLast() else { throw .malformed }
        let written: ArraySlice<UInt8>
        if fields.isEmpty {
            // "Ancient versions of Django created plain MD5 passwords" (django.contrib.auth.hashers).
            setting = .salted(.unsaltedMD5)
            written = last
        } else if Bcrypt.isNamed(by: fields[0]) {
            // The only scheme with no separator before its digest.
            fields.append(last.prefix(Bcrypt.saltLength))
            setting = try DjangoSetting(fields: fields)
            written = last.dropFirst(Bcrypt.saltLength)
        } else {
            setting = try DjangoSetting(fields: fields)
            written = last
        }
        guard let digest = setting.digest(writtenAs: written) else { throw .malformed }
        self.digest = digest
    }

    /// Whether this is the hash of `password`. Throws ``PasswordHashError/outOfMemory`` and ``PasswordHashError/unsupported``.
    func matches(_ password: [UInt8]) throws(PasswordHashError) -> Bool {
        guard let computed = try setting.digest(of: password) else { return false }
        return ConstantTime.equal(computed, digest)
    }

    /// The digest under argon2id, to be stored in its place.
    func wrapped(parameters: Argon2Parameters, salt: [UInt8], length: Int) throws(PasswordHashError) -> WrappedHash {
        guard let hash = Argon2.id.hash(digest, salt: salt, parameters: parameters, length: length) else { throw .outOfMemory }
        return WrappedHash(setting: setting, outer: PHCString(parameters: parameters, salt: salt, hash: hash))
    }
}
