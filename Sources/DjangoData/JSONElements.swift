// JSONElements: the elements of a JSON array of objects in a file (`dumpdata`), or the objects of its lines (`--format jsonl`), one
// after the other. Only where an element begins and ends is found here; what is in it is JSONDocument's to read. One element is in
// memory at a time.

import MartletEncoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file, read to its end once.
final class JSONElements {
    /// Bytes of the file.
    let size: Int64
    /// Bytes that were read.
    private(set) var offset: Int64 = 0
    private let path: String
    private let file: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var at = 0
    private var end = 0
    private var count = 0
    private var state = State.start

    private enum State { case start, firstElement, separator, element, lines, end }

    /// One element.
    enum Element {
        /// Its text and its number, from 1.
        case text([UInt8], number: Int)
        /// One of more than a megabyte.
        case tooLong(number: Int)
    }

    /// Opens a file. Throws when it cannot be read.
    init(_ path: String) throws(DjangoDataError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw DjangoDataError("\(path) cannot be read: \(String(cString: strerror(errno))).") }
        var facts = stat()
        size = fstat(file, &facts) == 0 ? Int64(facts.st_size) : 0
    }

    deinit { close(file) }

    /// The next element; nil at the end. Throws where the file is not what it should be.
    func next() throws(DjangoDataError) -> Element? {
        if state == .start { try begin() }
        while true {
            guard let byte = try byte(skippingSpace: true) else {
                guard state == .lines || state == .end else { throw failure("ends in the middle") }
                return nil
            }
            switch (state, byte) {
            case (.firstElement, UInt8(ascii: "]")), (.separator, UInt8(ascii: "]")): state = .end
            case (.separator, UInt8(ascii: ",")): state = .element
            case (.firstElement, UInt8(ascii: "{")), (.element, UInt8(ascii: "{")):
                state = .separator
                return try element()
            case (.lines, UInt8(ascii: "{")): return try element()
            default: throw failure("is not what dumpdata writes: an array of objects in JSON")
            }
        }
    }

    private func begin() throws(DjangoDataError) {
        guard let first = try byte(skippingSpace: true) else { throw failure("is empty") }
        switch first {
        case UInt8(ascii: "["): state = .firstElement
        case UInt8(ascii: "{"):
            at -= 1
            state = .lines
        case 0xEF where try byte(skippingSpace: false) == 0xBB:
            guard try byte(skippingSpace: false) == 0xBF else { throw failure("is not UTF-8") }
            try begin()
        case 0xFF, 0xFE: throw failure("is UTF-16; have dumpdata write the file itself, with --output")
        default: throw failure("is not what dumpdata writes: an array of objects in JSON")
        }
    }

    /// The rest of an element whose brace has been read.
    private func element() throws(DjangoDataError) -> Element {
        count += 1
        var text: [UInt8] = [UInt8(ascii: "{")]
        var isTooLong = false
        var depth = 1
        var isString = false
        var isEscaped = false
        while depth > 0 {
            guard at < end || fill() else { throw failure("ends in the middle") }
            let start = at
            buffer.withUnsafeBufferPointer { buffer in
                while at < end, depth > 0 {
                    let byte = buffer[at]
                    at += 1
                    if isString {
                        if isEscaped {
                            isEscaped = false
                        } else if byte == UInt8(ascii: "\\") {
                            isEscaped = true
                        } else if byte == UInt8(ascii: "\"") {
                            isString = false
                        }
                    } else if byte == UInt8(ascii: "\"") {
                        isString = true
                    } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                        depth += 1
                    } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                        depth -= 1
                    }
                }
            }
            if text.count + at - start > Self.maximumElement { isTooLong = true }
            if isTooLong { text = [] } else { text.append(contentsOf: buffer[start..<at]) }
        }
        return isTooLong ? .tooLong(number: count) : .text(text, number: count)
    }

    private func byte(skippingSpace: Bool) throws(DjangoDataError) -> UInt8? {
        while at < end || fill() {
            let byte = buffer[at]
            at += 1
            if !skippingSpace || ![0x20, 0x0A, 0x0D, 0x09].contains(byte) { return byte }
        }
        return nil
    }

    private func fill() -> Bool {
        var count: Int
        repeat { count = read(file, &buffer, buffer.count) } while count < 0 && errno == EINTR
        offset += Int64(max(count, 0))
        at = 0
        end = max(count, 0)
        return count > 0
    }

    private func failure(_ words: String) -> DjangoDataError {
        DjangoDataError("\(path) \(words) (element \(count), before byte \(offset - Int64(end - at))).")
    }

    private static let maximumElement = 1 << 20
}
