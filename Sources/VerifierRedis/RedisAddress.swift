// RedisAddress: where a Redis is and who connects to it, read from a URL. What this type holds can be connected to as it is.
//
//     redis://[[user]:password@]host[:port][/database]
//     unix://[[user]:password@]/path/of/socket[?db=database]

import MartletCryptography
import MartletEncoding

/// A Redis server, and the identity to use there. No printing shows the password.
struct RedisAddress: Sendable, CustomStringConvertible {
    /// How the server is reached.
    enum Place: Sendable, Hashable {
        /// A name or a number, an IPv6 one without brackets.
        case tcp(host: String, port: Int32)
        case unix(path: String)
    }

    /// How the server is reached.
    let place: Place
    /// Nil for the default user.
    let user: [UInt8]?
    /// Nil for a server that asks for none.
    let password: Secret?
    /// The number of the database.
    let database: Int

    /// The place alone.
    var description: String {
        switch place {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// Reads a URL.
    init(parsing url: String) throws(RedisURLFailure) {
        let text = Array(url.utf8)
        guard text.count <= Self.maximumLength, text.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains(UInt8(ascii: "#")) else {
            throw .malformed
        }
        guard let mark = url.firstIndex(of: ":"), url[mark...].hasPrefix("://") else { throw .malformed }
        let rest = Array(url[mark...].utf8.dropFirst(3))
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let at = rest[..<end].lastIndex(of: UInt8(ascii: "@"))
        (user, password) = try Self.credentials(at.map { rest[..<$0] })
        let server = rest[(at.map { $0 + 1 } ?? 0)..<end]
        switch url[..<mark].lowercased() {
        case "redis":
            place = try Self.server(server)
            database = try Self.database(rest[end...].dropFirst())
        case "unix":
            guard server.isEmpty else { throw .malformed }
            let parts = rest[end...].split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let path = parts.first.flatMap({ PercentEncoding.decode($0) }), (2...100).contains(path.count), !path.contains(0) else {
                throw .malformed
            }
            place = .unix(path: String(decoding: path, as: UTF8.self))
            let query = parts.count > 1 ? parts[1] : []
            guard query.isEmpty || query.starts(with: "db=".utf8) else { throw .malformed }
            database = try Self.database(query.dropFirst(3))
        case "rediss": throw .encryptionUnsupported
        default: throw .otherScheme
        }
    }

    /// `user:password` or `:password`; a name without a password would be a sure refusal.
    private static func credentials(_ text: ArraySlice<UInt8>?) throws(RedisURLFailure) -> (user: [UInt8]?, password: Secret?) {
        guard let text else { return (nil, nil) }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), let user = PercentEncoding.decode(text[..<colon]),
            let password = PercentEncoding.decode(text[(colon + 1)...]), !password.isEmpty
        else { throw .malformedCredentials }
        return (user.isEmpty ? nil : user, Secret(password))
    }

    private static func server(_ text: ArraySlice<UInt8>) throws(RedisURLFailure) -> Place {
        var host = text
        var port = text[text.endIndex...]
        if text.first == UInt8(ascii: "["), let close = text.firstIndex(of: UInt8(ascii: "]")) {
            host = text[(text.startIndex + 1)..<close]
            port = text[(close + 1)...]
            guard host.allSatisfy({ Hex.value(of: $0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                throw .malformed
            }
        } else {
            if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
                host = text[..<colon]
                port = text[colon...]
            }
            guard host.allSatisfy(isHostByte) else { throw .malformed }
        }
        guard !host.isEmpty else { throw .malformed }
        let name = String(decoding: host, as: UTF8.self)
        if port.isEmpty { return .tcp(host: name, port: 6379) }
        guard port.first == UInt8(ascii: ":"), let number = Int64(digits: port.dropFirst()), (1...65_535).contains(number) else {
            throw .malformed
        }
        return .tcp(host: name, port: Int32(number))
    }

    private static func database(_ text: ArraySlice<UInt8>) throws(RedisURLFailure) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int64(digits: text), number <= 65_535 else { throw .malformed }
        return Int(number)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static let maximumLength = 2048
}

/// What is wrong with the URL of a Redis. The URL, which may hold a password, is not repeated.
public enum RedisURLFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is not of the form that is read.
    case malformed
    /// What stands before the "@" is not `user:password` or `:password`.
    case malformedCredentials
    /// It asks for TLS.
    case encryptionUnsupported
    /// It begins with something else than `redis` or `unix`.
    case otherScheme

    /// A sentence for people.
    public var description: String {
        switch self {
        case .malformed: "not a Redis URL: redis://[[user]:password@]host[:port][/database] or unix://[[user]:password@]/path[?db=database]"
        case .malformedCredentials: "the Redis URL's user and password are not of the form user:password@ or :password@"
        case .encryptionUnsupported:
            "rediss:// (Redis over TLS) is not supported; use a Unix socket, a private network or a TLS tunnel on this machine"
        case .otherScheme: "a Redis URL begins with redis:// or unix://"
        }
    }
}
