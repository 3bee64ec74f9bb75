// RequestStamp: what is noted at an authorization request that goes round by the sign-in page and comes back: when it began, and whether
// the person gave up. It travels in the address, signed together with all of the request, since nothing of a request is stored.

package import MartletCryptography
package import MartletEncoding

/// What is known of a request that was here before.
package struct RequestStamp: Sendable, Hashable {
    /// When it came first.
    package let begun: UnixTime
    /// The person does not want to sign in.
    package let isCancelled: Bool

    package init(begun: UnixTime, isCancelled: Bool = false) {
        self.begun = begun
        self.isCancelled = isCancelled
    }

    /// Seconds after which it is forgotten that a request was here.
    package static let lifetime: Int64 = 3600
}

/// Makes and reads stamps.
package struct RequestStamps: Sendable {
    private let key: HMACKey

    /// Stamps under a key; it may serve for something else as well, since what is signed begins with what it is for.
    package init(key: HMACKey) { self.key = key }

    /// A query with its stamp as the last parameter.
    package func stamped(_ query: String, _ stamp: RequestStamp) -> String {
        let text = "\(stamp.isCancelled ? "c" : "b")\(stamp.begun.milliseconds)"
        return "\(query)\(Self.parameter)\(text).\(Base64URL.encode(key.code(for: Self.message(query, text))))"
    }

    /// The query without its stamp, and the stamp: nil where there is none of ours for just this query, or where it is too old. A parameter
    /// that is no stamp of ours stays where it is.
    package func read(_ query: String, at now: UnixTime) -> (query: String, stamp: RequestStamp?) {
        let bytes = Array(query.utf8)
        let mark = Array(Self.parameter.utf8)
        guard let start = bytes.indices.last(where: { bytes[$0...].starts(with: mark) }) else { return (query, nil) }
        let plain = String(decoding: bytes[..<start], as: UTF8.self)
        let parts = bytes[(start + mark.count)...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let code = Base64URL.decode(String(decoding: parts[1], as: UTF8.self)) else { return (query, nil) }
        let text = String(decoding: parts[0], as: UTF8.self)
        guard key.isValid(code: code, for: Self.message(plain, text)), let milliseconds = Int64(text.dropFirst()) else {
            return (query, nil)
        }
        let begun = UnixTime(milliseconds: milliseconds)
        guard begun <= now, now <= begun.adding(seconds: RequestStamp.lifetime) else { return (plain, nil) }
        return (plain, RequestStamp(begun: begun, isCancelled: text.hasPrefix("c")))
    }

    private static func message(_ query: String, _ text: String) -> [UInt8] { Array("martlet request stamp\0\(text)\0\(query)".utf8) }

    private static let parameter = "&martlet_stamp="
}
