// ScriptedPeer: a listening socket on loopback that is no Redis: it never answers, or always the same.

import ChildProcess
import MartletThreads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A port that the system accepts connections at.
final class ScriptedPeer {
    let port: UInt16
    private let file: Int32

    init() throws {
        #if canImport(Glibc)
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            file = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { [file] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, length) == 0 && listen(file, 16) == 0 && getsockname(file, $0, &length) == 0
            }
        }
        guard isBound else { throw ChildProcess.Failure(what: "listen: \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(file) }

    /// How many connections there were since it was last asked.
    func connections() -> Int {
        var count = 0
        var ready = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, 0) == 1 {
            close(accept(file, nil, nil))
            count += 1
        }
        return count
    }

    /// Runs `body` while the next connection's first command is answered with `reply` and then hung up on.
    func answering(_ reply: String, _ body: () throws -> Void) rethrows {
        let thread = Thread { [file] in
            var ready = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 10_000) == 1 else { return }
            let connection = accept(file, nil, nil)
            defer { close(connection) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            guard read(connection, &bytes, bytes.count) > 0 else { return }
            let answer = Array(reply.utf8)
            _ = write(connection, answer, answer.count)
        }
        defer { thread?.join() }
        try body()
    }
}
