// ECDSASignature: between the two spellings of an ECDSA signature. JOSE writes r ‖ s, each as long as the order
// (RFC 7518 §3.4); libcrypto reads and writes the DER of RFC 3279 §2.2.3, SEQUENCE { INTEGER r, INTEGER s }.
// Both ways are strict: r and s in 1…n−1, exact lengths, one spelling.

enum ECDSASignature {
    /// Room that is enough for the DER on any curve here.
    static let maximumDERLength = 6 + 2 * (48 + 1)

    /// Writes the DER of a raw signature; answers its length, or nil when the raw signature is not well formed.
    static func writeDER(
        raw: UnsafeBufferPointer<UInt8>, on curve: EllipticCurve, to output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        let length = curve.coordinateLength
        guard raw.count == 2 * length, output.count >= maximumDERLength else { return nil }
        let r = UnsafeBufferPointer(rebasing: raw[..<length])
        let s = UnsafeBufferPointer(rebasing: raw[length...])
        guard isScalar(r, on: curve), isScalar(s, on: curve) else { return nil }
        var at = 2
        write(r, to: output, at: &at)
        write(s, to: output, at: &at)
        // At most 102 bytes of content: the length always has its short form.
        output[0] = 0x30
        output[1] = UInt8(at - 2)
        return at
    }

    /// The raw signature for a DER one; nil when the DER is not the one spelling of two numbers in 1…n−1.
    static func raw(der: UnsafeBufferPointer<UInt8>, on curve: EllipticCurve) -> [UInt8]? {
        guard der.count >= 2, der[0] == 0x30, der[1] < 0x80, Int(der[1]) == der.count - 2 else { return nil }
        var raw: [UInt8] = []
        raw.reserveCapacity(2 * curve.coordinateLength)
        var at = 2
        for _ in 0..<2 {
            guard let number = integer(der, at: &at), number.count <= curve.coordinateLength else { return nil }
            raw.append(contentsOf: repeatElement(0, count: curve.coordinateLength - number.count))
            raw.append(contentsOf: number)
        }
        guard at == der.count else { return nil }
        let isWellFormed = raw.withUnsafeBufferPointer { raw in
            isScalar(.init(rebasing: raw[..<curve.coordinateLength]), on: curve)
                && isScalar(.init(rebasing: raw[curve.coordinateLength...]), on: curve)
        }
        return isWellFormed ? raw : nil
    }

    /// Whether a big-endian number as long as the order is in 1…n−1.
    static func isScalar(_ number: UnsafeBufferPointer<UInt8>, on curve: EllipticCurve) -> Bool {
        guard number.contains(where: { $0 != 0 }) else { return false }
        return number.lexicographicallyPrecedes(curve.order)
    }

    private static func write(
        _ number: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<UInt8>, at: inout Int
    ) {
        let digits = number.drop { $0 == 0 }
        let needsZero = (digits.first ?? 0) >= 0x80
        output[at] = 0x02
        output[at + 1] = UInt8(digits.count + (needsZero ? 1 : 0))
        at += 2
        if needsZero {
            output[at] = 0
            at += 1
        }
        for digit in digits {
            output[at] = digit
            at += 1
        }
    }

    /// The digits of the INTEGER at `at`, without leading zeros; nil when negative, not minimal, or cut short.
    private static func integer(_ der: UnsafeBufferPointer<UInt8>, at: inout Int) -> Slice<UnsafeBufferPointer<UInt8>>? {
        guard at + 2 <= der.count, der[at] == 0x02, der[at + 1] < 0x80 else { return nil }
        let start = at + 2
        let end = start + Int(der[at + 1])
        guard end > start, end <= der.count, der[start] < 0x80 else { return nil }
        at = end
        guard der[start] == 0 else { return der[start..<end] }
        guard end - start > 1, der[start + 1] >= 0x80 else { return nil }
        return der[(start + 1)..<end]
    }
}
