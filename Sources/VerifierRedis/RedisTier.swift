// RedisTier: a Redis as the tier of a fleet. A dead Redis costs nothing but the sharing: after a failure the circuit is open
// for ten seconds, in which every call fails at once.

import MartletCryptography
import MartletEncoding
import MartletThreads
public import MartletVerifier
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Values and locks in a Redis that several processes share.
///
/// One connection, made when it is first needed; connecting and each command may take 200 ms (resolving a host's name takes
/// what the system takes: give a number, or a name from the hosts file). Callers wait for each other.
public final class RedisTier: Tier {
    private let address: RedisAddress
    private let clock: @Sendable () -> Int64
    /// What this object's locks hold, so that no other's is ended.
    private let token = RandomSource.secure.bytes(16)
    private let state = Mutex(State())

    private struct State {
        var connection: RedisConnection?
        /// Until when, on the clock, every call fails, and why.
        var pause: (end: Int64, cause: TierFailure)?
    }

    /// A tier at `redis://[[user]:password@]host[:port][/database]` or `unix://[[user]:password@]/path/of/socket[?db=database]`.
    /// Nothing is connected yet.
    /// - Parameter clock: milliseconds since any moment, never going back.
    public init(url: String, clock: @escaping @Sendable () -> Int64 = RedisTier.monotonic) throws(RedisURLFailure) {
        address = try RedisAddress(parsing: url)
        self.clock = clock
    }

    /// The value under this name; nil when there is none. One of more than 2 MiB is a failure.
    public func read(_ name: String) throws(TierFailure) -> [UInt8]? {
        switch try send("GET", name) {
        case .null: return nil
        case .bytes(let value):
            guard value.count <= Self.maximumValue else { throw Self.tooLarge }
            return value
        case let reply: throw unexpected(reply)
        }
    }

    /// Puts a value of at most 2 MiB in place, for `lifetime` seconds, at least one.
    public func write(_ name: String, _ value: [UInt8], lifetime: Int64) throws(TierFailure) {
        guard value.count <= Self.maximumValue else { throw Self.tooLarge }
        let reply = try send("SET", name, value, "EX", Self.decimal(lifetime))
        if reply != .status("OK") { throw unexpected(reply) }
    }

    /// Whether the caller is the only one of the fleet for so many milliseconds, at least one.
    public func lock(_ name: String, milliseconds: Int64) throws(TierFailure) -> Bool {
        switch try send("SET", Self.lockName(name), token, "NX", "PX", Self.decimal(milliseconds)) {
        case .status("OK"): return true
        case .null: return false
        case let reply: throw unexpected(reply)
        }
    }

    /// Ends a lock of this object; one that could not be ended runs out by itself.
    public func unlock(_ name: String) {
        _ = try? send("EVAL", Self.deleteIfOwn, "1", Self.lockName(name), token)
    }

    /// Milliseconds of the system's monotonic clock.
    public static let monotonic: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func send(_ arguments: any RedisArgument...) throws(TierFailure) -> RedisConnection.Reply {
        let arguments = arguments.map(\.argument)
        return try state.withLock { state throws(TierFailure) in
            if let pause = state.pause, clock() < pause.end { throw pause.cause }
            state.pause = nil
            do throws(TierFailure) {
                return try withoutBrokenPipe { () throws(TierFailure) in try exchange(arguments, over: &state.connection) }
            } catch {
                state.connection = nil
                state.pause = (clock() + Self.pause, error)
                throw error
            }
        }
    }

    /// A connection that was idle may have been closed by the other side, which says nothing about a new one.
    private func exchange(_ arguments: [[UInt8]], over kept: inout RedisConnection?) throws(TierFailure) -> RedisConnection.Reply {
        do throws(RedisConnection.Failure) {
            if let connection = kept { return try connection.send(arguments) }
        } catch {
            kept = nil
            if case .other(let failure) = error { throw failure }
        }
        let connection = try RedisConnection(address, clock: clock)
        do throws(RedisConnection.Failure) {
            let reply = try connection.send(arguments)
            kept = connection
            return reply
        } catch {
            switch error {
            case .closed: throw TierFailure("Redis at \(address) hung up")
            case .other(let failure): throw failure
            }
        }
    }

    /// A server that answers at once but not as asked: no reason to leave it alone.
    private func unexpected(_ reply: RedisConnection.Reply) -> TierFailure {
        TierFailure("Redis at \(address) answers \(reply.code)")
    }

    private static func lockName(_ name: String) -> String { name + ":lock" }

    private static func decimal(_ number: Int64) -> [UInt8] {
        var text: [UInt8] = []
        text.appendDecimal(max(number, 1))
        return text
    }

    /// Bytes.
    static let maximumValue = 2 << 20
    private static let tooLarge = TierFailure("value is larger than \(maximumValue) bytes")
    /// Milliseconds without any attempt after a failure.
    private static let pause: Int64 = 10_000
    private static let deleteIfOwn = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
}

/// What a command's argument can be written as.
private protocol RedisArgument {
    var argument: [UInt8] { get }
}

extension String: RedisArgument {
    fileprivate var argument: [UInt8] { Array(utf8) }
}

extension [UInt8]: RedisArgument {
    fileprivate var argument: [UInt8] { self }
}
