// Which URLs lead to a Redis.

import MartletVerifierRedis
import Testing

@Suite struct RedisURLTests {
    @Test(arguments: [
        "redis://localhost", "redis://localhost/", "redis://localhost:6380/15", "REDIS://redis-1.internal_net:1", "redis://127.0.0.1",
        "redis://[::1]", "redis://[::1]:6379/0", "redis://:word@host", "redis://user:word@host:6379/1", "redis://u%40:p%2F%3A@host",
        "redis://:a@b@host", "unix:///run/redis.sock", "unix:///run/redis.sock?db=2", "unix://user:word@/run/redis.sock",
        "unix:///run/with%20space",
    ])
    func `a URL that is whole is read`(url: String) throws {
        _ = try RedisTier(url: url)
    }

    @Test(arguments: [
        ("", RedisURLFailure.malformed, "nothing"), ("localhost", .malformed, "no scheme"), ("redis:localhost", .malformed, "no authority"),
        ("redis://", .malformed, "no host"), ("redis://:6379", .malformed, "no host before the port"),
        ("redis://host:", .malformed, "no port"), ("redis://host:0", .malformed, "port below the range"),
        ("redis://host:65536", .malformed, "port above the range"), ("redis://host:+1", .malformed, "a sign in a port"),
        ("redis://host/one", .malformed, "a database that is no number"), ("redis://host/1/2", .malformed, "two databases"),
        ("redis://host/-1", .malformed, "a negative database"), ("redis://host/1?x=y", .malformed, "a query"),
        ("redis://host#x", .malformed, "a fragment"), ("redis://ho st", .malformed, "a space"),
        ("redis://h\u{F6}st", .malformed, "not ASCII"),
        ("redis://[::1", .malformed, "half a bracket"), ("redis://[host]", .malformed, "a name in brackets"),
        ("redis://[::1]6379", .malformed, "no colon before the port"), ("redis://::1", .malformed, "IPv6 without brackets"),
        ("redis://user@host", .malformedCredentials, "a user without a password"),
        ("redis://user:@host", .malformedCredentials, "an empty password"), ("redis://:%zz@host", .malformedCredentials, "a bad escape"),
        ("rediss://host", .encryptionUnsupported, "TLS"), ("http://host", .otherScheme, "another scheme"),
        ("unix://host/path", .malformed, "a host before a path"), ("unix://", .malformed, "no path"), ("unix:///", .malformed, "no file"),
        ("unix:///a%00b", .malformed, "a NUL in a path"), ("unix:///a?db=x", .malformed, "a database that is no number"),
        ("unix:///a?password=x", .malformed, "another parameter"),
        ("unix:///" + String(repeating: "a", count: 100), .malformed, "longer than a socket's path may be"),
    ])
    func `a URL that is not whole is refused`(url: String, failure: RedisURLFailure, reason: String) {
        #expect(throws: failure, "\(reason)") { try RedisTier(url: url) }
    }

    @Test(arguments: ["redis://:sesame@", "redis://sesame@host", "rediss://:sesame@host", "http://:sesame@host", "redis://:sesame@host/x"])
    func `the password is not in what is said of a refused URL`(url: String) {
        do {
            _ = try RedisTier(url: url)
            Issue.record("taken")
        } catch {
            #expect(!error.description.isEmpty)
            #expect(!error.description.contains("sesame"))
        }
    }
}
