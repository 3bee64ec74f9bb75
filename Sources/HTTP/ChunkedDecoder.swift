// ChunkedDecoder: RFC 9112 §7.1 bodies, byte by byte as they arrive. Extensions and trailers are read strictly, bounded,
// and dropped; nothing of them reaches a handler (RFC 9112 §7.1.2).

/// Decodes one chunked body.
package struct ChunkedDecoder: Sendable {
    private enum State {
        case size, spaceBeforeExtension, `extension`, sizeEnd, data, dataEnd, dataEndFeed
        case trailerStart, trailerName, trailerValue, trailerEnd, lastEnd, done
    }

    private let bodyLimit: Int
    private let trailerLimit: Int
    private var state = State.size
    private var digits = 0
    private var remaining = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    /// A decoder at the first byte of a body of at most `bodyLimit` bytes, with trailers of at most `trailerLimit`.
    package init(bodyLimit: Int, trailerLimit: Int) {
        self.bodyLimit = bodyLimit
        self.trailerLimit = trailerLimit
    }

    /// Whether the last byte of the body has been read.
    package var isDone: Bool { state == .done }

    /// Reads what is there, up to the body's end, and appends the content to `body`.
    /// - Returns: how many bytes were read.
    package mutating func decode(_ bytes: UnsafeBufferPointer<UInt8>, into body: inout [UInt8]) throws(Refusal) -> Int {
        var index = 0
        while index < bytes.count, state != .done {
            if state == .data {
                let count = min(remaining, bytes.count - index)
                body.append(contentsOf: bytes[index..<(index + count)])
                index += count
                remaining -= count
                if remaining == 0 { state = .dataEnd }
                continue
            }
            try readFraming(bytes[index], bodyCount: body.count)
            index += 1
        }
        return index
    }

    private mutating func readFraming(_ byte: UInt8, bodyCount: Int) throws(Refusal) {
        switch state {
        case .size:
            if let digit = Self.hexValue(byte) {
                // 15 digits cannot overflow; leading zeros count, or they would be without end.
                guard digits < 15 else { throw Self.invalid }
                digits += 1
                remaining = remaining << 4 | Int(digit)
            } else {
                guard digits > 0 else { throw Self.invalid }
                guard remaining <= bodyLimit - bodyCount else { throw .payloadTooLarge() }
                try endSize(byte)
            }
        case .spaceBeforeExtension:
            try noteExtensionByte()
            if byte.isSpaceOrTab { return }
            guard byte == UInt8(ascii: ";") else { throw Self.invalid }
            state = .extension
        case .extension:
            try noteExtensionByte()
            if byte == .carriageReturn {
                state = .sizeEnd
            } else {
                guard byte.isFieldValueByte else { throw Self.invalid }
            }
        case .sizeEnd:
            guard byte == .lineFeed else { throw Self.invalid }
            state = remaining == 0 ? .trailerStart : .data
            digits = 0
        case .dataEnd:
            guard byte == .carriageReturn else { throw Self.invalid }
            state = .dataEndFeed
        case .dataEndFeed:
            guard byte == .lineFeed else { throw Self.invalid }
            state = .size
        default: try readTrailer(byte)
        }
    }

    private mutating func endSize(_ byte: UInt8) throws(Refusal) {
        switch byte {
        case .carriageReturn: state = .sizeEnd
        case UInt8(ascii: ";"): state = .extension
        case 0x20, 0x09: state = .spaceBeforeExtension
        default: throw Self.invalid
        }
    }

    private mutating func noteExtensionByte() throws(Refusal) {
        extensionBytes += 1
        guard extensionBytes <= Self.mostExtensionBytes else { throw Self.invalid }
    }

    private mutating func readTrailer(_ byte: UInt8) throws(Refusal) {
        trailerBytes += 1
        guard trailerBytes <= trailerLimit else { throw .headersTooLarge() }
        switch state {
        case .trailerStart where byte == .carriageReturn: state = .lastEnd
        case .trailerName where byte == UInt8(ascii: ":"): state = .trailerValue
        case .trailerStart, .trailerName:
            guard byte.isTokenCharacter else { throw Self.invalid }
            state = .trailerName
        case .trailerValue where byte == .carriageReturn: state = .trailerEnd
        case .trailerValue:
            guard byte.isFieldValueByte else { throw Self.invalid }
        case .trailerEnd:
            guard byte == .lineFeed else { throw Self.invalid }
            state = .trailerStart
        default:
            guard byte == .lineFeed else { throw Self.invalid }
            state = .done
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte.isDigit { return byte - UInt8(ascii: "0") }
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(letter) ? letter - UInt8(ascii: "a") + 10 : nil
    }

    private static var invalid: Refusal { .invalidRequest("The chunked body is invalid.") }
    private static let mostExtensionBytes = 4096
}
