// RequestID: what ties an answer to its log lines. The caller's own id when it is well formed, else a random prefix of
// this process and loop with a counter; text is made only when someone asks.

/// The id of a request.
package struct RequestID: Sendable, Equatable, CustomStringConvertible {
    private enum Value: Equatable {
        case made(prefix: UInt64, number: UInt64)
        case callers([UInt8])
    }

    private let value: Value

    /// The caller's id: 1 to 128 characters of `[A-Za-z0-9._-]`; nil for anything else.
    package init?(callers bytes: some Collection<UInt8>) {
        guard (1...128).contains(bytes.count) else { return nil }
        for byte in bytes {
            guard byte.isLetter || byte.isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            else { return nil }
        }
        value = .callers(Array(bytes))
    }

    private init(prefix: UInt64, number: UInt64) {
        value = .made(prefix: prefix, number: number)
    }

    /// Makes ids that nobody can guess who has seen none, and that never repeat in this process.
    package struct Source: Sendable {
        private let prefix: UInt64
        private var number: UInt64 = 0

        /// A source with its own random prefix.
        package init(using generator: inout some RandomNumberGenerator) {
            prefix = generator.next()
        }

        /// The next id.
        package mutating func next() -> RequestID {
            number &+= 1
            return RequestID(prefix: prefix, number: number)
        }
    }

    package var description: String {
        String(
            decoding: [UInt8](unsafeUninitializedCapacity: Self.mostBytes) { $1 = write(into: UnsafeMutableRawBufferPointer($0)) },
            as: UTF8.self)
    }

    /// Writes the id as ASCII; `output` has room for `mostBytes`.
    /// - Returns: the bytes written.
    func write(into output: UnsafeMutableRawBufferPointer) -> Int {
        switch value {
        case .callers(let bytes):
            output.copyBytes(from: bytes)
            return bytes.count
        case .made(let prefix, let number):
            for index in 0..<16 { output[index] = Self.hexDigit(prefix >> UInt64(60 - 4 * index)) }
            output[16] = UInt8(ascii: "-")
            let digits = max(4, (67 - number.leadingZeroBitCount) / 4)
            for index in 0..<digits { output[17 + index] = Self.hexDigit(number >> UInt64(4 * (digits - 1 - index))) }
            return 17 + digits
        }
    }

    static let mostBytes = 128

    @inline(__always)
    private static func hexDigit(_ value: UInt64) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: value & 15)
        return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
