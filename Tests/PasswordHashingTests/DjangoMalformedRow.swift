// DjangoMalformedRow: stored strings that are almost Django's, or that would cost too much, with what is wrong with each.
import PasswordHashing
import Testing

struct DjangoMalformedRow: Sendable, CustomTestStringConvertible {
    let text: String
    let error: PasswordHashError
    let reason: String

    var testDescription: String { reason }

    init(_ text: String, _ error: PasswordHashError, _ reason: String) {
        self.text = text
        self.error = error
        self.reason = reason
    }

    private static let sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    private static let sha1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    private static let scrypt = String(repeating: "A", count: 86) + "=="
    private static let bcrypt = ".....................e" + "..............................a"
    private static let md5 = "900150983cd24fb0d6963f7d28e17f72"
    private static let phc = "$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"

    static let all: [DjangoMalformedRow] = common + pbkdf2 + argon2 + bcrypts + scrypts + digests

    private static let common: [DjangoMalformedRow] = [
        .init("plain", .malformed, "a password in plain text"),
        .init("$", .malformed, "nothing but a separator"),
        .init("$$$$$$", .malformed, "nothing but separators"),
        .init("crypt$$ab12345678901", .malformed, "a hasher that Django has dropped"),
        .init("PBKDF2_SHA256$1$s$\(sha256)", .malformed, "a name in capitals"),
        .init("pbkdf2_sha512$1$s$\(sha256)", .malformed, "an unknown hasher"),
        .init(" pbkdf2_sha256$1$s$\(sha256)", .malformed, "white space before"),
        .init("pbkdf2_sha256$1$\(String(repeating: "s", count: 460))$\(sha256)", .malformed, "over 512 bytes"),
    ]

    private static let pbkdf2: [DjangoMalformedRow] = [
        .init("pbkdf2_sha256$1$s", .malformed, "pbkdf2: no hash"),
        .init("pbkdf2_sha256$1$s$", .malformed, "pbkdf2: an empty hash"),
        .init("pbkdf2_sha256$1$$\(sha256)", .malformed, "pbkdf2: an empty salt"),
        .init("pbkdf2_sha256$1$s$\(sha256)$", .malformed, "pbkdf2: a fifth field"),
        .init("pbkdf2_sha256$1$s\u{0}$\(sha256)", .malformed, "pbkdf2: NUL in the salt"),
        .init("pbkdf2_sha256$1$s\n$\(sha256)", .malformed, "pbkdf2: a line feed in the salt"),
        .init("pbkdf2_sha256$1$s$\(sha256)\n", .malformed, "pbkdf2: a line feed at the end"),
        .init("pbkdf2_sha256$$s$\(sha256)", .malformed, "pbkdf2: no iterations"),
        .init("pbkdf2_sha256$0$s$\(sha256)", .malformed, "pbkdf2: zero iterations"),
        .init("pbkdf2_sha256$01$s$\(sha256)", .malformed, "pbkdf2: a leading zero"),
        .init("pbkdf2_sha256$+1$s$\(sha256)", .malformed, "pbkdf2: a sign"),
        .init("pbkdf2_sha256$1e3$s$\(sha256)", .malformed, "pbkdf2: an exponent"),
        .init("pbkdf2_sha256$99999999999999999999$s$\(sha256)", .malformed, "pbkdf2: more iterations than fit into 64 bits"),
        .init("pbkdf2_sha256$10000001$s$\(sha256)", .parametersOutOfRange, "pbkdf2: over ten million iterations"),
        .init("pbkdf2_sha256$1$\(String(repeating: "s", count: 129))$\(sha256)", .parametersOutOfRange, "pbkdf2: a salt of 129 bytes"),
        .init("pbkdf2_sha256$1$s$\(sha256.dropLast())", .malformed, "pbkdf2: no padding"),
        .init("pbkdf2_sha256$1$s$\(sha256.dropLast(2))==", .malformed, "pbkdf2: too much padding"),
        .init("pbkdf2_sha256$1$s$=\(sha256.dropLast())", .malformed, "pbkdf2: padding in front"),
        .init("pbkdf2_sha256$1$s$\(sha256.dropLast(2))B=", .malformed, "pbkdf2: spare bits"),
        .init("pbkdf2_sha256$1$s$_\(sha256.dropFirst())", .malformed, "pbkdf2: a letter of base64url"),
        .init("pbkdf2_sha256$1$s$\(sha1)", .malformed, "pbkdf2: the other's length"),
        .init("pbkdf2_sha1$1$s$\(sha256)", .malformed, "pbkdf2: the other's length"),
    ]

    private static let argon2: [DjangoMalformedRow] = [
        .init("argon2", .malformed, "argon2: nothing behind"),
        .init("argon2$", .malformed, "argon2: an empty field behind"),
        .init("argon2argon2id\(phc)", .malformed, "argon2: no separator"),
        .init("argon2$$argon2id\(phc)", .malformed, "argon2: two separators"),
        .init("argon2$argon2\(phc)", .malformed, "argon2: an unknown variant"),
        .init("argon2$argon2i$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "argon2: no version"),
        .init("argon2$argon2i$v=16$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .malformed, "argon2: the first version"),
        .init("argon2$argon2d$v=19$m=1048577,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "argon2: over 1 GiB"),
        .init("argon2$argon2d$v=19$m=64,t=101,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", .parametersOutOfRange, "argon2: 101 passes"),
        .init("$argon2i\(phc)", .malformed, "argon2: another variant without Django's word"),
    ]

    private static let bcrypts: [DjangoMalformedRow] = [
        .init("$2b$04$\(bcrypt)", .malformed, "bcrypt: without Django's word"),
        .init("bcrypt$2b$04$\(bcrypt)", .malformed, "bcrypt: one separator"),
        .init("bcrypt$$2x$04$\(bcrypt)", .malformed, "bcrypt: the version with a bug"),
        .init("bcrypt$$2$04$\(bcrypt)", .malformed, "bcrypt: the version before versions"),
        .init("bcrypt$$2b$4$\(bcrypt)", .malformed, "bcrypt: one digit of cost"),
        .init("bcrypt$$2b$+4$\(bcrypt)", .malformed, "bcrypt: a sign"),
        .init("bcrypt$$2b$03$\(bcrypt)", .parametersOutOfRange, "bcrypt: cost 3"),
        .init("bcrypt$$2b$17$\(bcrypt)", .parametersOutOfRange, "bcrypt: cost 17"),
        .init("bcrypt_sha256$$2b$31$\(bcrypt)", .parametersOutOfRange, "bcrypt: cost 31"),
        .init("bcrypt$$2b$04$\(bcrypt.dropLast())", .malformed, "bcrypt: a letter short"),
        .init("bcrypt$$2b$04$\(bcrypt).", .malformed, "bcrypt: a letter more"),
        .init("bcrypt$$2b$04$", .malformed, "bcrypt: no salt"),
        .init("bcrypt$$2b$04$\(bcrypt.prefix(22))", .malformed, "bcrypt: no digest"),
        .init("bcrypt$$2b$04$+\(bcrypt.dropFirst())", .malformed, "bcrypt: a letter of base64"),
        .init("bcrypt$$2b$04$\(bcrypt.prefix(21))f\(bcrypt.dropFirst(22))", .malformed, "bcrypt: spare bits in the salt"),
        .init("bcrypt$$2b$04$\(bcrypt.dropLast())/", .malformed, "bcrypt: spare bits in the digest"),
    ]

    private static let scrypts: [DjangoMalformedRow] = [
        .init("scrypt$16$s$1$\(scrypt)", .malformed, "scrypt: no parallelism"),
        .init("scrypt$s$16$1$1$\(scrypt)", .malformed, "scrypt: the salt before N"),
        .init("scrypt$16$$1$1$\(scrypt)", .malformed, "scrypt: an empty salt"),
        .init("scrypt$16$s$1$1$\(sha256)", .malformed, "scrypt: 32 bytes"),
        .init("scrypt$15$s$1$1$\(scrypt)", .parametersOutOfRange, "scrypt: no power of two"),
        .init("scrypt$1$s$1$1$\(scrypt)", .parametersOutOfRange, "scrypt: N = 1"),
        .init("scrypt$65536$s$1$1$\(scrypt)", .parametersOutOfRange, "scrypt: N = 2^(128 * r / 8)"),
        .init("scrypt$524288$s$8$1$\(scrypt)", .parametersOutOfRange, "scrypt: 512 MiB"),
        .init("scrypt$4611686018427387904$s$8$1$\(scrypt)", .malformed, "scrypt: N = 2^62"),
        .init("scrypt$576460752303423488$s$32$1$\(scrypt)", .parametersOutOfRange, "scrypt: a product that does not fit into 64 bits"),
        .init("scrypt$16$s$0$1$\(scrypt)", .malformed, "scrypt: r = 0"),
        .init("scrypt$16$s$33$1$\(scrypt)", .parametersOutOfRange, "scrypt: r = 33"),
        .init("scrypt$16$s$1$0$\(scrypt)", .malformed, "scrypt: p = 0"),
        .init("scrypt$16$s$1$17$\(scrypt)", .parametersOutOfRange, "scrypt: p = 17"),
    ]

    private static let digests: [DjangoMalformedRow] = [
        .init("md5$s$\(md5)0", .malformed, "md5: half a byte more"),
        .init("md5$s$\(md5.dropLast(2))", .malformed, "md5: a byte short"),
        .init("md5$s$\(md5.uppercased())", .malformed, "md5: capitals"),
        .init("md5$s$t$\(md5)", .malformed, "md5: a field more"),
        .init("md5$\(md5)", .malformed, "md5: no salt and no separator for it"),
        .init("md5$s$\(md5)00000000", .malformed, "md5: sha1's length"),
        .init("sha1$s$\(md5)", .malformed, "sha1: md5's length"),
        .init("sha1$$\(md5)", .malformed, "sha1: unsalted, md5's length"),
        .init("\(md5)00000000", .malformed, "a bare SHA-1, which Django never stored"),
        .init(String(md5.dropLast()), .malformed, "a bare digest of 31 digits"),
        .init("g\(md5.dropFirst())", .malformed, "a bare digest with another letter"),
        .init(md5.uppercased(), .malformed, "a bare digest in capitals"),
    ]
}
