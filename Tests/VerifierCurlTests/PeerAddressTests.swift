// Which addresses are the public Internet's: the table that keeps a stranger's URL out of the network that a service stands in.

import ChildProcess
import MartletVerifier
import MartletVerifierCurl
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct PeerAddressTests {
    private static let table: [(String, Bool, String)] = [
        ("8.8.8.8", true, "public"),
        ("1.1.1.1", true, "public"),
        ("93.184.216.34", true, "public"),
        ("9.255.255.255", true, "just below 10/8"),
        ("11.0.0.0", true, "just above 10/8"),
        ("100.63.255.255", true, "just below CGNAT"),
        ("100.128.0.0", true, "just above CGNAT"),
        ("126.255.255.255", true, "just below loopback"),
        ("128.0.0.1", true, "just above loopback"),
        ("169.253.255.255", true, "just below link-local"),
        ("169.255.0.0", true, "just above link-local"),
        ("172.15.255.255", true, "just below 172.16/12"),
        ("172.32.0.0", true, "just above 172.16/12"),
        ("192.0.1.0", true, "between 192.0.0/24 and 192.0.2/24"),
        ("192.167.255.255", true, "just below 192.168/16"),
        ("192.169.0.0", true, "just above 192.168/16"),
        ("198.17.255.255", true, "just below benchmarks"),
        ("198.20.0.0", true, "just above benchmarks"),
        ("223.255.255.255", true, "just below multicast"),
        ("0.0.0.0", false, "this host"),
        ("0.1.2.3", false, "this network"),
        ("10.0.0.0", false, "private"),
        ("10.255.255.255", false, "private"),
        ("100.64.0.0", false, "CGNAT"),
        ("100.127.255.255", false, "CGNAT"),
        ("127.0.0.0", false, "loopback"),
        ("127.0.0.1", false, "loopback"),
        ("127.255.255.255", false, "loopback"),
        ("169.254.0.0", false, "link-local"),
        ("169.254.169.254", false, "what clouds tell their machines"),
        ("172.16.0.1", false, "private"),
        ("172.31.255.255", false, "private"),
        ("192.0.0.1", false, "protocol assignments"),
        ("192.0.0.170", false, "NAT64 discovery"),
        ("192.0.2.1", false, "documentation"),
        ("192.88.99.1", false, "6to4 relay"),
        ("192.168.0.1", false, "private"),
        ("192.168.255.255", false, "private"),
        ("198.18.0.1", false, "benchmarks"),
        ("198.19.255.255", false, "benchmarks"),
        ("198.51.100.7", false, "documentation"),
        ("203.0.113.7", false, "documentation"),
        ("224.0.0.1", false, "multicast"),
        ("239.255.255.255", false, "multicast"),
        ("240.0.0.1", false, "reserved"),
        ("255.255.255.255", false, "broadcast"),
        ("2001:4860:4860::8888", true, "public"),
        ("2606:4700:4700::1111", true, "public"),
        ("2a00:1450:4001:81b::200e", true, "public"),
        ("2001:200::1", true, "just above 2001::/23"),
        ("2001:db7:ffff::1", true, "just below documentation"),
        ("2001:db9::1", true, "just above documentation"),
        ("2003::1", true, "just above 6to4"),
        ("3ffe::1", true, "given back, and public again"),
        ("::", false, "unspecified"),
        ("::1", false, "loopback"),
        ("::7f00:1", false, "IPv4-compatible loopback"),
        ("::ffff:127.0.0.1", false, "mapped loopback"),
        ("::ffff:10.0.0.1", false, "mapped private"),
        ("::ffff:169.254.169.254", false, "mapped link-local"),
        ("::ffff:8.8.8.8", false, "mapped: no resolver answers with it"),
        ("::ffff:0:127.0.0.1", false, "translated (SIIT)"),
        ("64:ff9b::127.0.0.1", false, "NAT64 of loopback"),
        ("64:ff9b::8.8.8.8", false, "NAT64"),
        ("64:ff9b:1::1", false, "NAT64 of a network's own"),
        ("100::1", false, "discard only"),
        ("2001::1", false, "Teredo"),
        ("2001:2::1", false, "benchmarks"),
        ("2001:20::1", false, "ORCHID"),
        ("2001:1ff:ffff::1", false, "end of the protocol assignments"),
        ("2001:db8::1", false, "documentation"),
        ("2002:7f00:1::1", false, "6to4 of loopback"),
        ("2002:a00:1::", false, "6to4 of a private network"),
        ("2002:808:808::1", false, "6to4"),
        ("3fff::1", false, "documentation"),
        ("4000::1", false, "not given out"),
        ("5f00::1", false, "segment routing"),
        ("fc00::1", false, "unique local"),
        ("fd12:3456::1", false, "unique local"),
        ("fe80::1", false, "link-local"),
        ("febf::1", false, "link-local"),
        ("fec0::1", false, "site-local"),
        ("ff02::1", false, "multicast"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, "the last one"),
    ]

    @Test("an address is public, or it is not", arguments: table)
    func classes(text: String, isPublic: Bool, reason: String) throws {
        let address = try #require(Self.address(text))
        #expect(address.isPublic == isPublic, "\(text): \(reason)")
    }

    private static func address(_ text: String) -> PeerAddress? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return .v4(UInt32(bigEndian: v4.s_addr)) }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let words = [bytes[..<8], bytes[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return .v6(high: words[0], low: words[1])
    }
}

@Suite struct SocketGateTests {
    @Test(
        "no connection is made to what is not allowed, in whatever spelling it is named",
        arguments: ["127.0.0.1", "localhost", "127.1.2.3"])
    func refused(host: String) throws {
        try ScriptedServer.run { peer in
            peer.send("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
        } _: { server in
            let url = try #require(SecureURL("http://\(host):\(server.port)/"))
            #expect { try CurlFetcher(allowing: \.isPublic).get(FetchRequest(url: url)) } throws: {
                if case .unreachable = $0 as? FetchFailure { true } else { false }
            }
            #expect(try CurlFetcher().get(FetchRequest(url: try #require(SecureURL("http://127.0.0.1:\(server.port)/")))).status == 200)
        }
    }

    @Test("no proxy is asked: it would resolve the name by itself")
    func proxies() throws {
        let heads = ScriptedServer.proxiedHeads
        let url = try #require(SecureURL("https://gate.invalid/"))
        #expect(throws: FetchFailure.self) { try CurlFetcher(allowing: \.isPublic).get(FetchRequest(url: url)) }
        #expect(!heads.all.contains { $0.contains("gate.invalid") })
    }

    @Test("the address that is asked about is the one that is connected to")
    func asked() throws {
        let asked = Asked()
        try ScriptedServer.run { peer in
            peer.send("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
        } _: { server in
            let fetcher = CurlFetcher(allowing: { asked.note($0) })
            let url = try #require(SecureURL("http://127.0.0.1:\(server.port)/"))
            #expect(try fetcher.get(FetchRequest(url: url)).body == Array("ok".utf8))
            #expect(asked.addresses == [.v4(0x7F00_0001)])
        }
    }
}

/// Allows everything, and remembers it.
private final class Asked: Sendable {
    private let list = Mutex<[PeerAddress]>([])

    var addresses: [PeerAddress] { list.withLock { $0 } }

    func note(_ address: PeerAddress) -> Bool {
        list.withLock { $0.append(address) }
        return true
    }
}
