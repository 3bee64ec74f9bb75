// Redactor: what of a service's words may be repeated in a report. Messages are the services' fixed texts; but a service may echo
// what somebody typed, and somebody may type a password anywhere. So whatever came in the request, or looks like a secret, is told
// by its length alone.

import MartletEncoding

/// Judges texts of the answers to one request.
struct Redactor {
    /// Texts of the request of fewer bytes than a window, and the windows of the others; all in lower case.
    private let short: [[UInt8]]
    private let windows: Set<UInt64>

    /// A redactor for the answers to this request, asked at this endpoint.
    init(_ request: RelayedRequest, _ endpoint: Endpoint) {
        var short: Set<[UInt8]> = []
        var windows: Set<UInt64> = []
        for text in request.carried.map(\.text) + Self.words(of: request, endpoint) {
            let bytes = Self.folded(text)
            if bytes.count >= Self.window {
                windows.formUnion(Self.windows(of: bytes))
            } else if !bytes.isEmpty {
                short.insert(bytes)
            }
        }
        self.short = Array(short)
        self.windows = windows
    }

    /// What a service wrote into a field, or its length.
    func phrase(_ text: String) -> String {
        mayRepeat(text) ? text : "text of \(text.count) characters"
    }

    /// A message in quotes, or its length where it may not be repeated.
    func message(_ text: String) -> String {
        mayRepeat(text) ? "\"\(text)\"" : "text of \(text.count) characters"
    }

    /// A word of a service's own vocabulary (the name of a member, a cookie, a claim, a media type), or `*`.
    func word(_ text: String) -> String {
        text.utf8.count <= Self.longestWord && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } && mayRepeat(text) ? text : "*"
    }

    private func mayRepeat(_ text: String) -> Bool {
        guard text.utf8.count <= Self.longest, !Self.looksSecret(text) else { return false }
        let bytes = Self.folded(text)
        guard windows.isEmpty || windows.isDisjoint(with: Self.windows(of: bytes)) else { return false }
        return !short.contains { Self.contains(bytes, $0) }
    }

    /// The words of a query, and of a path where they are not the endpoint's own.
    private static func words(of request: RelayedRequest, _ endpoint: Endpoint) -> [String] {
        let own = endpoint.name.hasSuffix("…") ? endpoint.name.count - 1 : request.path.count
        return request.target.dropFirst(own).utf8.split { "/?&=".utf8.contains($0) }
            .map { String(decoding: PercentEncoding.decode(Array($0)[...], plusIsSpace: true) ?? Array($0), as: UTF8.self) }
    }

    /// An address, a run of letters as long as no word is, one of small and capital letters and digits as no word is mixed, digits as in
    /// a code that is sent to somebody.
    private static func looksSecret(_ text: String) -> Bool {
        var run = 0
        var digits = 0
        var (hasDigit, hasSmall, hasCapital) = (false, false, false)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "@") || byte < 0x20 { return true }
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            let isSmall = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            digits = isDigit ? digits + 1 : 0
            if isDigit || isSmall || isCapital || byte == UInt8(ascii: "-") {
                run += 1
                (hasDigit, hasSmall, hasCapital) = (hasDigit || isDigit, hasSmall || isSmall, hasCapital || isCapital)
            } else {
                run = 0
                (hasDigit, hasSmall, hasCapital) = (false, false, false)
            }
            let isMixed = hasDigit && hasSmall && hasCapital
            if digits >= 4 || run > longestRun || (isMixed && run >= shortestMixedRun) { return true }
        }
        return false
    }

    private static func folded(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

    private static func windows(of bytes: [UInt8]) -> Set<UInt64> {
        guard bytes.count >= window else { return [] }
        var found: Set<UInt64> = []
        var value: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            value = value << 8 | UInt64(byte)
            if index >= window - 1 { found.insert(value) }
        }
        return found
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard bytes.count >= part.count else { return false }
        return (0...bytes.count - part.count).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// Eight bytes that a text shares with the request are an echo of it.
    private static let window = 8
    private static let longest = 300
    private static let longestWord = 64
    private static let longestRun = 24
    private static let shortestMixedRun = 8
}
