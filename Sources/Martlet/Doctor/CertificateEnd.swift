// CertificateEnd: times as HTTP and libcurl write them, read.

import MartletEncoding

enum CertificateEnd {
    /// `Sat, 21 Nov 2026 12:00:00 GMT` (RFC 9110 §5.6.7), `Nov 21 12:00:00 2026 GMT` or `2026-11-21 12:00:00 GMT`; nil for another text.
    static func parse(_ text: String) -> UnixTime? {
        let words = text.split(separator: " ").map(String.init)
        let parts: (year: String, month: String, day: String, time: String)
        switch words.count {
        case 6: parts = (words[3], words[2], words[1], words[4])
        case 5: parts = (words[3], words[0], words[1], words[2])
        case 3: return UnixTime(dateOrTime: "\(words[0])T\(words[1])Z")
        default: return nil
        }
        guard let month = months.firstIndex(of: parts.month) else { return nil }
        func two(_ text: String) -> String { text.utf8.count == 1 ? "0" + text : text }
        return UnixTime(dateOrTime: "\(parts.year)-\(two(String(month + 1)))-\(two(parts.day))T\(parts.time)Z")
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
