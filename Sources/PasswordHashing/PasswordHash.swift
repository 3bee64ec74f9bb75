// PasswordHash: a stored password: making one, checking a password against one, and telling when it should be made anew. What is made
// is a PHC string of argon2id; what is read besides is what Django stores, verbatim, and argon2id over it. Pure functions of password,
// parameters and randomness; which thread they block is the caller's choice.
// Another scheme, for passwords that come from elsewhere, is another case of `Scheme` and a row in `init(parsing:)`.
package import MartletCryptography

/// A hash of a password with everything needed to check one against it.
package struct PasswordHash: Sendable, Hashable {
    /// The string to store.
    package let encoded: String
    private let stored: Scheme

    /// Longest password in bytes: hashing it costs time before any memory is filled.
    package static let maximumPasswordLength = 4096

    /// Reads a stored string of at most 512 bytes. Throws ``PasswordHashError/malformed`` where it is not exactly of a known form,
    /// ``PasswordHashError/parametersOutOfRange`` where it would cost more than is allowed, ``PasswordHashError/weak`` for an
    /// unwrapped digest of MD5 or SHA-1 unless these are allowed, and ``PasswordHashError/unusable`` for Django's mark of an
    /// account without a password, which no password matches.
    package init(parsing encoded: String, allowingWeak: Bool = false) throws(PasswordHashError) {
        switch encoded.utf8.first {
        case UInt8(ascii: "!"): throw .unusable
        case UInt8(ascii: "$") where WrappedHash.isNamed(by: encoded): stored = .wrapped(try WrappedHash(parsing: encoded))
        case UInt8(ascii: "$"): stored = .argon2id(try PHCString(parsing: encoded))
        case _ where encoded.utf8.starts(with: "\(Self.djangoArgon2)$".utf8):
            let rest = String(decoding: encoded.utf8.dropFirst(Self.djangoArgon2.utf8.count), as: UTF8.self)
            stored = .djangoArgon2(try PHCString(parsing: rest, variants: Argon2.allCases))
        default: stored = .django(try DjangoHash(parsing: encoded))
        }
        self.encoded = encoded
        guard allowingWeak || !isWeak else { throw .weak }
    }

    /// Hashes a password under a new 16-byte salt. Throws ``PasswordHashError/passwordTooLong`` and
    /// ``PasswordHashError/outOfMemory``.
    package init(
        password: [UInt8], parameters: Argon2Parameters, random: RandomSource = .secure
    ) throws(PasswordHashError) {
        guard password.count <= Self.maximumPasswordLength else { throw .passwordTooLong }
        let salt = random.bytes(Self.saltLength)
        guard let hash = Argon2.id.hash(password, salt: salt, parameters: parameters, length: Self.hashLength) else {
            throw .outOfMemory
        }
        self.init(PHCString(parameters: parameters, salt: salt, hash: hash))
    }

    /// A hash that no password has, to spend the same time on where there is no such user.
    package static func dummy(_ parameters: Argon2Parameters) -> PasswordHash {
        let nothing = [UInt8](repeating: 0, count: hashLength)
        return PasswordHash(PHCString(parameters: parameters, salt: Array(nothing.prefix(saltLength)), hash: nothing))
    }

    /// A hash of the same password in which the legacy digest of `hash` stands under argon2id only. One that is Argon2's or
    /// wrapped already comes back as it is. Costs one argon2id hash; throws ``PasswordHashError/outOfMemory``.
    package static func wrapping(
        _ hash: PasswordHash, parameters: Argon2Parameters, random: RandomSource = .secure
    ) throws(PasswordHashError) -> PasswordHash {
        switch hash.stored {
        case .argon2id, .djangoArgon2, .wrapped: return hash
        case .django(let legacy):
            let wrapped = try legacy.wrapped(parameters: parameters, salt: random.bytes(saltLength), length: hashLength)
            return PasswordHash(encoded: wrapped.text, stored: .wrapped(wrapped))
        }
    }

    /// Whether `password` is the one. Takes as long for a wrong password as for the right one. Throws
    /// ``PasswordHashError/passwordTooLong``, ``PasswordHashError/outOfMemory`` and ``PasswordHashError/unsupported``.
    package func verify(_ password: [UInt8]) throws(PasswordHashError) -> Bool {
        guard password.count <= Self.maximumPasswordLength else { throw .passwordTooLong }
        switch stored {
        case .argon2id(let hash), .djangoArgon2(let hash): return try hash.matches(password)
        case .django(let hash): return try hash.matches(password)
        case .wrapped(let hash): return try hash.matches(password)
        }
    }

    /// Whether the password should be hashed anew at the next login: other parameters are in force now, or it is a legacy hash.
    package func needsRehash(for parameters: Argon2Parameters) -> Bool {
        switch stored {
        case .argon2id(let hash):
            hash.parameters != parameters || hash.salt.count < Self.saltLength || hash.hash.count < Self.hashLength
        case .djangoArgon2, .django, .wrapped: true
        }
    }

    /// The scheme's stable name, for counting: `argon2id`; `django.` and Django's name of the hasher (`django.pbkdf2_sha256`);
    /// `wrapped.` and the same (`wrapped.md5`).
    package var scheme: String {
        switch stored {
        case .argon2id: Argon2.id.rawValue
        case .djangoArgon2: "django.\(Self.djangoArgon2)"
        case .django(let hash): "django.\(hash.setting.algorithm)"
        case .wrapped(let hash): "wrapped.\(hash.setting.algorithm)"
        }
    }

    /// Whether the hash came from elsewhere, wrapped or not: it goes away at its user's next login.
    package var isLegacy: Bool {
        if case .argon2id = stored { false } else { true }
    }

    /// Whether `encoded` is as good as the password to whoever reads it: one pass of MD5 or SHA-1, not wrapped.
    package var isWeak: Bool {
        if case .django(let hash) = stored { hash.setting.isWeak } else { false }
    }

    /// The string by which Django takes the same password; nil for a wrapped one, from which there is no way back.
    package var djangoEncoded: String? {
        switch stored {
        case .argon2id: Self.djangoArgon2 + encoded
        case .djangoArgon2, .django: encoded
        case .wrapped: nil
        }
    }

    private init(_ hash: PHCString) {
        self.init(encoded: hash.text, stored: .argon2id(hash))
    }

    private init(encoded: String, stored: Scheme) {
        self.encoded = encoded
        self.stored = stored
    }

    private enum Scheme: Sendable, Hashable {
        case argon2id(PHCString)
        case djangoArgon2(PHCString)
        case django(DjangoHash)
        case wrapped(WrappedHash)
    }

    /// Django's name of its hasher, which stands before the PHC string.
    private static let djangoArgon2 = "argon2"
    // RFC 9106 §4: 128-bit salt, 256-bit tag.
    private static let saltLength = 16
    private static let hashLength = 32
}
