// PHCString: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` (the PHC string format), one spelling per value: parameters in this
// order, decimals without leading zeros, standard base64 without padding. Which variants of Argon2 are taken is the caller's.
import MartletCryptography

struct PHCString: Sendable, Hashable {
    let variant: Argon2
    let parameters: Argon2Parameters
    let salt: [UInt8]
    let hash: [UInt8]

    /// An argon2id string.
    init(parameters: Argon2Parameters, salt: [UInt8], hash: [UInt8]) {
        self.init(variant: .id, parameters: parameters, salt: salt, hash: hash)
    }

    init(parsing text: String, variants: [Argon2] = [.id]) throws(PasswordHashError) {
        let fields = try StoredField.split(text)
        guard fields.count == 6, fields[0].isEmpty, let variant = variants.first(where: { fields[1].elementsEqual($0.rawValue.utf8) }),
            fields[2].elementsEqual("v=19".utf8)
        else { throw .malformed }
        let numbers = fields[3].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = Self.number(numbers[0], "m="), let iterations = Self.number(numbers[1], "t="),
            let parallelism = Self.number(numbers[2], "p="), let salt = StoredField.base64(fields[4]),
            let hash = StoredField.base64(fields[5])
        else { throw .malformed }
        guard let parameters = Argon2Parameters(memoryKiB: memory, iterations: iterations, parallelism: parallelism),
            (8...64).contains(salt.count), (16...64).contains(hash.count)
        else { throw .parametersOutOfRange }
        self.init(variant: variant, parameters: parameters, salt: salt, hash: hash)
    }

    var text: String {
        "$\(variant.rawValue)$v=19$m=\(parameters.memoryKiB),t=\(parameters.iterations),p=\(parameters.parallelism)"
            + "$\(StoredField.base64Text(salt))$\(StoredField.base64Text(hash))"
    }

    /// Whether this is the hash of `input`. Throws ``PasswordHashError/outOfMemory``.
    func matches(_ input: [UInt8]) throws(PasswordHashError) -> Bool {
        guard let computed = variant.hash(input, salt: salt, parameters: parameters, length: hash.count) else { throw .outOfMemory }
        return ConstantTime.equal(computed, hash)
    }

    private init(variant: Argon2, parameters: Argon2Parameters, salt: [UInt8], hash: [UInt8]) {
        self.variant = variant
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    private static func number(_ field: ArraySlice<UInt8>, _ name: String) -> Int? {
        field.starts(with: name.utf8) ? StoredField.number(field.dropFirst(name.utf8.count)) : nil
    }
}
