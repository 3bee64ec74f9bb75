// CurlAnswer: what is kept of an answer while it comes in, within bounds. The head is that of the final answer: interim answers
// (RFC 9110 §15.2) and trailers (RFC 9110 §6.5) are read past.

/// An answer under way. Used by the thread that performs the exchange, through curl's callbacks.
final class CurlAnswer {
    /// Fields in their order, names in lower case.
    private(set) var headers: [(name: String, value: [UInt8])] = []
    /// The content so far.
    private(set) var body: [UInt8] = []
    /// Whether more came than is taken: the exchange ended with that.
    private(set) var isTooLarge = false
    /// Whether the final answer's head has come to its end.
    var isHeadComplete: Bool { head == .complete }

    private enum Head { case awaited, interim, final, complete }
    private var head = Head.awaited
    private var headBytes = 0
    private let maximumBody: Int

    /// An answer of which nothing is here yet.
    init(maximumBody: Int) {
        self.maximumBody = maximumBody
    }

    /// One line of a head or a trailer, its end included; false to end the exchange.
    func receive(line: UnsafeRawBufferPointer) -> Bool {
        // Everything counts, or interim answers and trailers would be without bound.
        headBytes += min(line.count, Self.maximumHead + 1)
        guard headBytes <= Self.maximumHead, headers.count <= Self.maximumFields else {
            isTooLarge = true
            return false
        }
        let line = line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        switch head {
        case .awaited:
            // HTTP-version SP status-code (RFC 9112 §4): 1xx is interim.
            let status = line.drop { $0 != UInt8(ascii: " ") }.dropFirst()
            head = status.first == UInt8(ascii: "1") ? .interim : .final
        case .interim:
            if line.isEmpty { head = .awaited }
        case .final:
            if line.isEmpty { head = .complete } else { append(field: line) }
        case .complete:
            break
        }
        return true
    }

    /// A part of the content; false to end the exchange.
    func receive(content: UnsafeRawBufferPointer) -> Bool {
        guard content.count <= maximumBody - body.count else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: content)
        return true
    }

    /// curl's callback (CURLOPT_WRITEFUNCTION(3)): the number of bytes taken, another number to end the exchange.
    static func receive(
        _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (CurlAnswer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        // `size` is always 1.
        guard let context, let bytes, count > 0 else { return 0 }
        let answer = Unmanaged<CurlAnswer>.fromOpaque(context).takeUnretainedValue()
        return take(answer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }

    private func append(field line: Slice<UnsafeRawBufferPointer>) {
        if let last = headers.indices.last, let first = line.first, Self.isBlank(first) {
            // "replace each received obs-fold with one or more SP octets" (RFC 9112 §5.2)
            headers[last].value += [UInt8(ascii: " ")] + Self.trimmed(line)
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return }
        let name = line[..<colon].map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        headers.append((name: String(decoding: name, as: UTF8.self), value: Self.trimmed(line[(colon + 1)...])))
    }

    private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return Array(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Bytes of all lines of all heads.
    private static let maximumHead = 65_536
    private static let maximumFields = 100
}
