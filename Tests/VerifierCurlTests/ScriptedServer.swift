// ScriptedServer: an HTTP server on loopback that says exactly what a test wrote for it. Every wait ends after ten seconds, so
// that a fault fails a test and never hangs it.

import ChildProcess
import MartletThreads
import MartletVerifier
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A listening socket whose connections are each given to one script.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let file: Int32
    private let accepted = Mutex(0)
    private let isOver = Mutex(false)
    private let threads = Mutex<[Thread]>([])

    /// Runs `body` with a server, and ends the server once `body` and the scripts are done.
    static func run(
        _ script: @escaping @Sendable (Peer) -> Void, _ body: (ScriptedServer) throws -> Void
    ) throws {
        _ = proxiedHeads
        let server = try ScriptedServer()
        let acceptor = Thread { server.accept(script) }
        defer {
            server.isOver.withLock { $0 = true }
            if let wake = try? loopbackSocket(connectedTo: server.port) { close(wake) }
            acceptor?.join()
            for thread in server.threads.withLock({ $0 }) { thread.join() }
        }
        try body(server)
    }

    private init() throws {
        (file, port) = try listeningSocket()
    }

    deinit { close(file) }

    /// The number of connections so far.
    var connections: Int { accepted.withLock { $0 } }

    func url(_ target: String = "/") throws -> SecureURL {
        guard let url = SecureURL("http://127.0.0.1:\(port)\(target)") else { throw ChildProcess.Failure(what: "url") }
        return url
    }

    private func accept(_ script: @escaping @Sendable (Peer) -> Void) {
        while true {
            let connection = takeConnection(file)
            if connection < 0 || isOver.withLock({ $0 }) {
                if connection >= 0 { close(connection) }
                return
            }
            accepted.withLock { $0 += 1 }
            let peer = Peer(connection)
            if let thread = Thread({ script(peer) }) { threads.withLock { $0.append(thread) } }
        }
    }

    /// The requests to the proxy that stands in the environment of all tests. It hangs up on everybody, so what is meant for
    /// loopback gets nowhere by it.
    static let proxiedHeads: Heads = {
        let heads = Heads()
        guard let proxy = try? ScriptedServer() else { return heads }
        Thread { proxy.accept { peer in heads.append(peer.head()) } }?.detach()
        for name in ["http_proxy", "https_proxy", "all_proxy"] { setenv(name, "http://127.0.0.1:\(proxy.port)", 1) }
        return heads
    }()

    /// Heads of requests, gathered by scripts.
    final class Heads: Sendable {
        private let heads = Mutex<[String]>([])
        var all: [String] { heads.withLock { $0 } }
        func append(_ head: String?) { heads.withLock { $0.append(head ?? "") } }
    }
}

/// The server's end of one connection.
final class Peer: Sendable {
    private let file: Int32

    init(_ file: Int32) {
        self.file = file
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(file) }

    /// The next request's head; nil when the client has gone.
    func head() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while recv(file, &byte, 1, 0) == 1 {
            bytes.append(byte)
            if bytes.suffix(4) == [13, 10, 13, 10] { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    /// False when the client has gone. "\n" in `text` is sent as CR LF.
    @discardableResult func send(_ text: String) -> Bool {
        sendRaw(text.utf8.flatMap { $0 == 10 ? [13, 10] : [$0] })
    }

    @discardableResult func sendRaw(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            #if canImport(Glibc)
                let flags = Int32(MSG_NOSIGNAL)
            #else
                let flags: Int32 = 0
            #endif
            let count = bytes.withUnsafeBytes { Self.write(file, UnsafeRawBufferPointer(rebasing: $0[sent...]), flags) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
        #if canImport(Glibc)
            Glibc.send(file, bytes.baseAddress, bytes.count, flags)
        #else
            Darwin.send(file, bytes.baseAddress, bytes.count, flags)
        #endif
    }
}

private func takeConnection(_ file: Int32) -> Int32 { accept(file, nil, nil) }

#if canImport(Glibc)
    private let stream = Int32(SOCK_STREAM.rawValue)
#else
    private let stream = SOCK_STREAM
#endif

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port.bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

/// A socket that listens on a free port.
func listeningSocket() throws -> (file: Int32, port: UInt16) {
    let file = socket(AF_INET, stream, 0)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(file, $0, length) == 0 && listen(file, 16) == 0 && getsockname(file, $0, &length) == 0
        }
    }
    guard isBound else { throw ChildProcess.Failure(what: "listen: \(errno)") }
    return (file, UInt16(bigEndian: address.sin_port))
}

private func loopbackSocket(connectedTo port: UInt16) throws -> Int32 {
    let file = socket(AF_INET, stream, 0)
    var address = loopback(port)
    _ = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    return file
}
