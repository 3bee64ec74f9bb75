// PHCString: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` (the PHC string format), one spelling per value: parameters in this
// order, decimals without leading zeros, standard base64 without padding.
import MartletEncoding

struct PHCString: Sendable, Hashable {
    let parameters: Argon2Parameters
    let salt: [UInt8]
    let hash: [UInt8]

    init(parameters: Argon2Parameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    init(parsing text: String) throws(PasswordHashError) {
        guard text.utf8.count <= Self.maximumLength else { throw .malformed }
        let fields = Array(text.utf8).split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0].isEmpty, fields[1].elementsEqual("argon2id".utf8), fields[2].elementsEqual("v=19".utf8)
        else { throw .malformed }
        let numbers = fields[3].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = Self.number(numbers[0], "m="), let iterations = Self.number(numbers[1], "t="),
            let parallelism = Self.number(numbers[2], "p="), let salt = Self.decode(fields[4]), let hash = Self.decode(fields[5])
        else { throw .malformed }
        guard let parameters = Argon2Parameters(memoryKiB: memory, iterations: iterations, parallelism: parallelism),
            (8...64).contains(salt.count), (16...64).contains(hash.count)
        else { throw .parametersOutOfRange }
        self.init(parameters: parameters, salt: salt, hash: hash)
    }

    var text: String {
        "$argon2id$v=19$m=\(parameters.memoryKiB),t=\(parameters.iterations),p=\(parameters.parallelism)"
            + "$\(Self.encode(salt))$\(Self.encode(hash))"
    }

    private static func number(_ field: ArraySlice<UInt8>, _ name: String) -> Int? {
        guard field.starts(with: name.utf8) else { return nil }
        let digits = field.dropFirst(name.utf8.count)
        guard digits.first != UInt8(ascii: "0") else { return nil }
        return Int64(digits: digits).flatMap { Int(exactly: $0) }
    }

    // Standard base64 (RFC 4648 §4) differs from base64url in two letters only.
    private static func encode(_ bytes: [UInt8]) -> String {
        let letters = Base64URL.encodedBytes(bytes).map { letter in
            letter == UInt8(ascii: "-") ? UInt8(ascii: "+") : letter == UInt8(ascii: "_") ? UInt8(ascii: "/") : letter
        }
        return String(decoding: letters, as: UTF8.self)
    }

    private static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.contains(UInt8(ascii: "-")), !text.contains(UInt8(ascii: "_")) else { return nil }
        let letters = text.map { letter in
            letter == UInt8(ascii: "+") ? UInt8(ascii: "-") : letter == UInt8(ascii: "/") ? UInt8(ascii: "_") : letter
        }
        return Base64URL.decode(letters[...])
    }

    private static let maximumLength = 512
}
