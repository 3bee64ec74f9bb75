// StoredField: what the fields between the `$` of stored passwords are written in. One value has one spelling: decimals without
// leading zeros, base64 of the standard alphabet (RFC 4648 §4) without spare bits, lower-case hex.
import MartletEncoding

enum StoredField {
    /// The fields of a stored string. Throws ``PasswordHashError/malformed`` where it is longer than any that is taken.
    static func split(_ text: String) throws(PasswordHashError) -> [ArraySlice<UInt8>] {
        guard text.utf8.count <= maximumStringLength else { throw .malformed }
        return Array(text.utf8).split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    }

    /// A number from 1 on.
    static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.first != UInt8(ascii: "0") else { return nil }
        return Int64(digits: digits).flatMap { Int(exactly: $0) }
    }

    /// A salt that is its own text, never decoded. Throws ``PasswordHashError/malformed`` for one with control characters, and
    /// ``PasswordHashError/parametersOutOfRange`` for one that is too long.
    static func textSalt(_ field: ArraySlice<UInt8>) throws(PasswordHashError) -> [UInt8] {
        guard !field.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw .malformed }
        guard field.count <= maximumSaltLength else { throw .parametersOutOfRange }
        return Array(field)
    }

    /// The bytes of base64 without padding.
    static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.contains(UInt8(ascii: "-")), !text.contains(UInt8(ascii: "_")) else { return nil }
        let letters = text.map { letter in
            letter == UInt8(ascii: "+") ? UInt8(ascii: "-") : letter == UInt8(ascii: "/") ? UInt8(ascii: "_") : letter
        }
        return Base64URL.decode(letters[...])
    }

    /// The bytes of base64 with padding.
    static func paddedBase64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        // A third `=`, or one elsewhere, is left to be refused as a letter.
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return base64(text.dropLast(padding))
    }

    /// The text of bytes in base64 without padding.
    static func base64Text(_ bytes: [UInt8]) -> String {
        // The standard alphabet differs from base64url's in two letters only.
        let letters = Base64URL.encodedBytes(bytes).map { letter in
            letter == UInt8(ascii: "-") ? UInt8(ascii: "+") : letter == UInt8(ascii: "_") ? UInt8(ascii: "/") : letter
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// The bytes of lower-case hex.
    static func hex(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes = [UInt8]()
        var high: UInt8?
        for digit in digits {
            guard let value = Hex.value(of: digit), !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static let maximumStringLength = 512
    private static let maximumSaltLength = 128
}
