// RedisConnection: one connection to a Redis, with hiredis: commands as lists of bytes, each within its time and its size.
// When to connect, and what a failure means for the next command, is RedisTier's.

import CMartletHiredis
import MartletCryptography
import MartletVerifier

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connection that is ready for commands. Closed at its end. For one thread at a time.
final class RedisConnection {
    /// What a command is answered with.
    enum Reply: Equatable {
        case null
        case status(String)
        case integer(Int64)
        case bytes([UInt8])
        /// The first word of an error. The rest is left out because a server may repeat a command's arguments in it.
        case error(code: String)
        case other
    }

    /// Why a connection is of no more use.
    enum Failure: Error {
        /// The peer hung up, as it does with a connection that was idle for long.
        case closed
        case other(TierFailure)
    }

    private let context: UnsafeMutablePointer<redisContext>
    private let clock: @Sendable () -> Int64

    /// Connects, says who it is and chooses the database.
    init(_ address: RedisAddress, clock: @escaping @Sendable () -> Int64) throws(TierFailure) {
        let patience = Self.interval(Self.connectTimeout)
        let context =
            switch address.place {
            case .tcp(let host, let port): redisConnectWithTimeout(host, port, patience)
            case .unix(let path): redisConnectUnixWithTimeout(path, patience)
            }
        guard let context else { throw TierFailure("hiredis has no memory") }
        self.context = context
        self.clock = clock
        if context.pointee.err != 0 { throw TierFailure("Redis at \(address): \(Self.text(of: context))") }
        do throws(Failure) {
            if let password = address.password {
                let reply = try send([Array("AUTH".utf8)] + (address.user.map { [$0] } ?? []) + [password.bytes])
                if reply != .status("OK") { throw .other(TierFailure("Redis at \(address) refuses the password: \(reply.code)")) }
            }
            if address.database != 0 {
                let reply = try send(["SELECT", String(address.database)].map { Array($0.utf8) })
                if reply != .status("OK") { throw .other(TierFailure("Redis at \(address) refuses the database: \(reply.code)")) }
            }
        } catch {
            switch error {
            case .closed: throw TierFailure("Redis at \(address) hung up")
            case .other(let failure): throw failure
            }
        }
    }

    deinit { redisFree(context) }

    /// One command and its reply, within 200 ms.
    func send(_ arguments: [[UInt8]]) throws(Failure) -> Reply {
        let end = clock() + Self.commandTimeout
        guard Self.append(arguments, to: context) else { throw failure() }
        var isSent: Int32 = 0
        while isSent == 0 {
            try limit(until: end)
            guard redisBufferWrite(context, &isSent) == REDIS_OK else { throw failure() }
        }
        var received = 0
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisGetReplyFromReader(context, &reply) == REDIS_OK else { throw failure() }
            if let reply {
                defer { freeReplyObject(reply) }
                return Reply(reply.assumingMemoryBound(to: redisReply.self).pointee)
            }
            try limit(until: end)
            let before = context.pointee.reader.pointee.len
            guard redisBufferRead(context) == REDIS_OK else { throw failure() }
            received += context.pointee.reader.pointee.len - min(before, context.pointee.reader.pointee.len)
            guard received <= Self.maximumReply else { throw .other(TierFailure("a reply of Redis is too large")) }
        }
    }

    /// Lets no read or write last longer than what is left of the command's time.
    private func limit(until end: Int64) throws(Failure) {
        let left = end - clock()
        guard left > 0 else { throw .other(Self.late) }
        guard redisSetTimeout(context, Self.interval(left)) == REDIS_OK else { throw failure() }
    }

    private func failure() -> Failure {
        let cause = errno
        switch context.pointee.err {
        case REDIS_ERR_EOF: return .closed
        case REDIS_ERR_IO where cause == EAGAIN || cause == EWOULDBLOCK: return .other(Self.late)
        case REDIS_ERR_IO where cause == EPIPE || cause == ECONNRESET: return .closed
        default: return .other(TierFailure("Redis: \(Self.text(of: context))"))
        }
    }

    private static func append(_ arguments: [[UInt8]], to context: UnsafeMutablePointer<redisContext>) -> Bool {
        let bytes = arguments.flatMap { $0 }
        return bytes.withUnsafeBytes { buffer in
            guard var next = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
            var pointers: [UnsafePointer<CChar>?] = []
            for argument in arguments {
                pointers.append(next)
                next += argument.count
            }
            return redisAppendCommandArgv(context, Int32(arguments.count), &pointers, arguments.map(\.count)) == REDIS_OK
        }
    }

    /// hiredis's own words, which hold nothing of a command.
    private static func text(of context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: &context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func interval(_ milliseconds: Int64) -> timeval {
        timeval(tv_sec: Int(milliseconds / 1000), tv_usec: .init(milliseconds % 1000 * 1000))
    }

    private static let late = TierFailure("Redis took longer than \(commandTimeout) ms")
    /// Milliseconds.
    private static let connectTimeout: Int64 = 200
    private static let commandTimeout: Int64 = 200
    /// Bytes: the largest value and what stands around it.
    private static let maximumReply = RedisTier.maximumValue + 1024
}

extension RedisConnection.Reply {
    fileprivate init(_ reply: redisReply) {
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
        self =
            switch reply.type {
            case REDIS_REPLY_NIL: .null
            case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
            case REDIS_REPLY_INTEGER: .integer(reply.integer)
            case REDIS_REPLY_STRING: .bytes(Array(bytes))
            case REDIS_REPLY_ERROR:
                .error(code: String(decoding: bytes.prefix(32).prefix { (0x41...0x5A).contains($0) }, as: UTF8.self))
            default: .other
            }
    }

    /// An error's code; for a reply that was not expected, that.
    var code: String {
        if case .error(let code) = self { code } else { "an unexpected reply" }
    }
}
