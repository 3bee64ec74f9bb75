// A fleet's tier on a real Redis, and what is left of it without one.

import MartletVerifier
import MartletVerifierRedis
import Synchronization
import Testing

@Suite struct RedisTierTests {
    /// A clock that stands until a test moves it.
    final class Clock: Sendable {
        private let time = Mutex<Int64>(5000)
        var now: @Sendable () -> Int64 { { self.time.withLock { $0 } } }
        func advance(_ milliseconds: Int64) { time.withLock { $0 += milliseconds } }
    }

    @Test func `a value comes back as it was written, with its time to live`() throws {
        let server = try RedisServer()
        let tier = try RedisTier(url: server.url, clock: Clock().now)
        let name = "martlet:keys:v1"
        #expect(try tier.read(name) == nil)
        for value in [(0...255).map { UInt8($0) } + Array("\r\n$1\r\n".utf8), [], Array(repeating: 0, count: 2 << 20)] {
            try tier.write(name, value, lifetime: 300)
            #expect(try tier.read(name) == value)
            #expect(try (290...300).contains(#require(Int(server.command("TTL \(name)")))))
        }
        #expect(try RedisTier(url: server.url, clock: Clock().now).read(name)?.count == 2 << 20)
    }

    @Test func `a value that has run out is none`() throws {
        let server = try RedisServer()
        let tier = try RedisTier(url: server.url, clock: Clock().now)
        try tier.write("name", [1], lifetime: 300)
        _ = try server.command("PEXPIREAT name 1")
        #expect(try tier.read("name") == nil)
    }

    @Test(arguments: [0, -1, .min, 1]) func `a lifetime of less than a second is one`(lifetime: Int64) throws {
        let server = try RedisServer()
        try RedisTier(url: server.url, clock: Clock().now).write("name", [1], lifetime: lifetime)
        #expect(try (0...1000).contains(#require(Int(server.command("PTTL name")))))
    }

    @Test func `a value that is too large is neither written nor read`() throws {
        let server = try RedisServer()
        let tier = try RedisTier(url: server.url, clock: Clock().now)
        #expect(throws: TierFailure.self) { try tier.write("name", Array(repeating: 0, count: 2 << 20 + 1), lifetime: 1) }
        // A caller's mistake is no failure of the Redis.
        #expect(try tier.read("name") == nil)
        _ = try server.command("SETRANGE name 2097152 x")
        #expect(throws: TierFailure("value is larger than 2097152 bytes")) { try tier.read("name") }
        // Nor is more of a reply taken than the largest value needs.
        _ = try server.command("SETRANGE name 20971520 x")
        #expect(throws: TierFailure("a reply of Redis is too large")) { try tier.read("name") }
    }

    @Test func `a lock keeps every other tier out until its owner ends it`() throws {
        let server = try RedisServer()
        let (first, second) = (try RedisTier(url: server.url, clock: Clock().now), try RedisTier(url: server.url, clock: Clock().now))
        #expect(try first.lock("keys", milliseconds: 60_000))
        #expect(try (50_000...60_000).contains(#require(Int(server.command("PTTL keys:lock")))))
        #expect(try !second.lock("keys", milliseconds: 60_000))
        #expect(try !first.lock("keys", milliseconds: 60_000))
        #expect(try second.lock("others", milliseconds: 60_000))
        second.unlock("keys")
        #expect(try !second.lock("keys", milliseconds: 60_000))
        first.unlock("keys")
        #expect(try second.lock("keys", milliseconds: 60_000))
    }

    @Test func `the owner of a lock that ran out does not end the next one's`() throws {
        let server = try RedisServer()
        let (first, second) = (try RedisTier(url: server.url, clock: Clock().now), try RedisTier(url: server.url, clock: Clock().now))
        #expect(try first.lock("keys", milliseconds: 60_000))
        _ = try server.command("PEXPIREAT keys:lock 1")
        #expect(try second.lock("keys", milliseconds: 60_000))
        first.unlock("keys")
        #expect(try server.command("EXISTS keys:lock") == "1")
    }

    @Test func `values stand in the database that the URL names`() throws {
        let server = try RedisServer()
        try RedisTier(url: server.url + "?db=3", clock: Clock().now).write("name", [1], lifetime: 60)
        #expect(try server.command("-n 3 EXISTS name") == "1")
        #expect(try server.command("-n 0 EXISTS name") == "0")
        #expect(throws: TierFailure.self) { try RedisTier(url: server.url + "?db=999", clock: Clock().now).read("name") }
    }

    @Test func `user and password are those of the URL`() throws {
        let server = try RedisServer("--requirepass s%cr@t --user fleet on '>other' '~*' '+@all'")
        func url(_ credentials: String) -> String { "unix://\(credentials)\(server.socket)" }
        try RedisTier(url: url(":s%25cr%40t@")).write("name", [1], lifetime: 60)
        #expect(try RedisTier(url: url("fleet:other@")).read("name") == [1])
        for credentials in ["", ":sesame@", "fleet:s%25cr%40t@", "nobody:sesame@"] {
            let tier = try RedisTier(url: url(credentials))
            do throws(TierFailure) {
                _ = try tier.read("name")
                Issue.record("\(credentials) is taken")
            } catch {
                #expect(["NOAUTH", "WRONGPASS"].contains { error.detail.contains($0) })
                for secret in ["sesame", "s%25cr%40t", "s%cr@t"] { #expect(!error.detail.contains(secret)) }
            }
        }
    }

    @Test func `a password shows neither in errors of a server that repeats it nor when a tier is printed`() throws {
        let peer = try ScriptedPeer()
        let tier = try RedisTier(url: "redis://:sesame@127.0.0.1:\(peer.port)")
        peer.answering("-ERR unknown command `AUTH`, with args beginning with: `sesame`\r\n") {
            do throws(TierFailure) {
                _ = try tier.read("name")
                Issue.record("read")
            } catch {
                #expect(error.detail.contains("ERR"))
                #expect(!error.detail.contains("sesame"))
            }
        }
        var printed = "\(tier) \(String(reflecting: tier))"
        dump(tier, to: &printed)
        #expect(!printed.contains("sesame"))
    }

    @Test(arguments: ["+OK\r\n", ":1\r\n", "*1\r\n$1\r\na\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "$5\r\nab", "$-5\r\n", ""])
    func `a peer that is no Redis is a failure`(reply: String) throws {
        let peer = try ScriptedPeer()
        let tier = try RedisTier(url: "redis://127.0.0.1:\(peer.port)")
        peer.answering(reply) {
            #expect(throws: TierFailure.self) { try tier.read("name") }
        }
    }

    @Test func `a Redis that answers nothing is asked once, and again when the circuit closes`() throws {
        let peer = try ScriptedPeer()
        let clock = Clock()
        let tier = try RedisTier(url: "redis://127.0.0.1:\(peer.port)", clock: clock.now)
        let start = ContinuousClock.now
        #expect(throws: TierFailure.self) { try tier.read("name") }
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(peer.connections() == 1)
        for _ in 0..<1000 {
            #expect(throws: TierFailure.self) { try tier.read("name") }
            #expect(throws: TierFailure.self) { try tier.write("name", [1], lifetime: 1) }
            #expect(throws: TierFailure.self) { try tier.lock("name", milliseconds: 1) }
            tier.unlock("name")
        }
        clock.advance(9999)
        #expect(throws: TierFailure.self) { try tier.read("name") }
        #expect(peer.connections() == 0)
        clock.advance(1)
        #expect(throws: TierFailure.self) { try tier.read("name") }
        #expect(peer.connections() == 1)
    }

    @Test func `a Redis that comes back is used again after the pause`() throws {
        let server = try RedisServer()
        let clock = Clock()
        let tier = try RedisTier(url: server.url, clock: clock.now)
        try tier.write("name", [1], lifetime: 60)
        server.stop()
        #expect(throws: TierFailure.self) { try tier.read("name") }
        try server.startAgain()
        #expect(throws: TierFailure.self) { try tier.read("name") }
        clock.advance(10_000)
        #expect(try tier.read("name") == nil)
        try tier.write("name", [2], lifetime: 60)
        #expect(try tier.read("name") == [2])
    }

    @Test func `a connection that the server closed is replaced without a pause`() throws {
        let server = try RedisServer()
        let tier = try RedisTier(url: server.url, clock: Clock().now)
        try tier.write("name", [1], lifetime: 60)
        for _ in 0..<3 {
            _ = try server.command("CLIENT KILL TYPE normal")
            #expect(try tier.read("name") == [1])
        }
    }

    @Test func `a Redis that refuses one command is still asked the next`() throws {
        let server = try RedisServer()
        let tier = try RedisTier(url: server.url, clock: Clock().now)
        _ = try server.command("LPUSH list a")
        do {
            _ = try tier.read("list")
            Issue.record("a list was read")
        } catch {
            #expect(error.detail.contains("WRONGTYPE"))
        }
        #expect(try tier.read("name") == nil)
    }
}
