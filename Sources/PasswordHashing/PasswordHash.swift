// PasswordHash: a stored password, as a PHC string: making one, checking a password against one, and telling when it should be
// made anew. Pure functions of password, parameters and randomness; which thread they block is the caller's choice.
// Another scheme, for passwords that come from elsewhere, is another case of `Scheme` and a row in `init(parsing:)`.
package import MartletCryptography

/// A hash of a password with everything needed to check one against it.
package struct PasswordHash: Sendable, Hashable {
    /// The string to store.
    package let encoded: String
    private let scheme: Scheme

    /// Longest password in bytes: hashing it costs time before any memory is filled.
    package static let maximumPasswordLength = 4096

    /// Reads a stored string. Throws ``PasswordHashError/malformed`` where it is not exactly of the form, and
    /// ``PasswordHashError/parametersOutOfRange`` where it would cost more than is allowed.
    package init(parsing encoded: String) throws(PasswordHashError) {
        scheme = .argon2id(try PHCString(parsing: encoded))
        self.encoded = encoded
    }

    /// Hashes a password under a new 16-byte salt. Throws ``PasswordHashError/passwordTooLong`` and
    /// ``PasswordHashError/outOfMemory``.
    package init(
        password: [UInt8], parameters: Argon2Parameters, random: RandomSource = .secure
    ) throws(PasswordHashError) {
        guard password.count <= Self.maximumPasswordLength else { throw .passwordTooLong }
        let salt = random.bytes(Self.saltLength)
        guard let hash = Argon2id.hash(password, salt: salt, parameters: parameters, length: Self.hashLength) else {
            throw .outOfMemory
        }
        self.init(PHCString(parameters: parameters, salt: salt, hash: hash))
    }

    /// A hash that no password has, to spend the same time on where there is no such user.
    package static func dummy(_ parameters: Argon2Parameters) -> PasswordHash {
        let nothing = [UInt8](repeating: 0, count: hashLength)
        return PasswordHash(PHCString(parameters: parameters, salt: Array(nothing.prefix(saltLength)), hash: nothing))
    }

    /// Whether `password` is the one. Takes as long for a wrong password as for the right one. Throws
    /// ``PasswordHashError/passwordTooLong`` and ``PasswordHashError/outOfMemory``.
    package func verify(_ password: [UInt8]) throws(PasswordHashError) -> Bool {
        guard password.count <= Self.maximumPasswordLength else { throw .passwordTooLong }
        switch scheme {
        case .argon2id(let stored):
            let hash = Argon2id.hash(password, salt: stored.salt, parameters: stored.parameters, length: stored.hash.count)
            guard let hash else { throw .outOfMemory }
            return ConstantTime.equal(hash, stored.hash)
        }
    }

    /// Whether the password should be hashed anew at the next login, since other parameters are in force now.
    package func needsRehash(for parameters: Argon2Parameters) -> Bool {
        switch scheme {
        case .argon2id(let stored):
            stored.parameters != parameters || stored.salt.count < Self.saltLength || stored.hash.count < Self.hashLength
        }
    }

    private init(_ hash: PHCString) {
        encoded = hash.text
        scheme = .argon2id(hash)
    }

    private enum Scheme: Sendable, Hashable {
        case argon2id(PHCString)
    }

    // RFC 9106 §4: 128-bit salt, 256-bit tag.
    private static let saltLength = 16
    private static let hashLength = 32
}

/// Why a password cannot be hashed or checked.
package enum PasswordHashError: Error, Sendable, Hashable {
    case malformed
    case parametersOutOfRange
    case passwordTooLong
    case outOfMemory
}
