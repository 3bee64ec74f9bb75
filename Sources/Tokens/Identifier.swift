// Identifier: new opaque names, from time and randomness that the caller brings.

package import MartletCryptography
package import MartletEncoding

/// New names.
package enum Identifier {
    /// A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random ones. Sorts by time, which keeps indexes compact.
    package static func uuid(at now: UnixTime, random: RandomSource) -> String {
        var bytes = random.bytes(16)
        let milliseconds = UInt64(clamping: now.milliseconds)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * index)) }
        bytes[6] = 0x70 | bytes[6] & 0x0F
        bytes[8] = 0x80 | bytes[8] & 0x3F
        let hex = Hex.encode(bytes)
        var text = ""
        for (index, digit) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// 128 random bits as base64url: a `jti`.
    package static func random(_ random: RandomSource) -> String {
        Base64URL.encode(random.bytes(16))
    }
}
