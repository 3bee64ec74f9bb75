// Client: a blocking socket that sends bytes as they are and reads answers, for tests of what is on the wire.
// Every wait ends after ten seconds, so that a fault of the server fails a test and never hangs it.

import HTTPServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A client's connection.
final class Client {
    /// An answer as it came.
    struct Answer: Equatable {
        var status: Int
        var fields: [String: String]
        var body: String
    }

    struct Failure: Error {
        let what: String
    }

    private let file: Int32
    private var buffer: [UInt8] = []

    /// Connects.
    /// - Parameter receiveBuffer: the size of the socket's receive buffer, for a client that means not to read.
    init(_ address: ListenAddress, receiveBuffer: Int32? = nil) throws {
        switch address {
        case .tcp(_, let port):
            file = socket(AF_INET, Self.stream, 0)
            if var size = receiveBuffer { setsockopt(file, SOL_SOCKET, SO_RCVBUF, &size, 4) }
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = in_port_t(UInt16(port).bigEndian)
            target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            try Self.connect(file, &target)
        case .unix(let path):
            file = socket(AF_UNIX, Self.stream, 0)
            var target = sockaddr_un()
            target.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path.utf8) }
            try Self.connect(file, &target)
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Self.shut(file) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: sent), bytes.count - sent) }
            guard count > 0 else { throw Failure(what: "send: \(errno)") }
            sent += count
        }
    }

    /// Sends the same text again and again until the server takes no more for half a second, or it was sent so many times.
    /// - Returns: how often it was sent whole; the last one may have been begun.
    func sendWhileTaken(_ text: String, times: Int) throws -> Int {
        let bytes = Array(text.utf8)
        for time in 0..<times {
            var sent = 0
            while sent < bytes.count {
                var question = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                guard poll(&question, 1, 500) > 0 else { return time }
                let count = bytes.withUnsafeBytes {
                    Self.sendNow(file, $0.baseAddress?.advanced(by: sent), bytes.count - sent)
                }
                guard count > 0 || errno == EAGAIN else { throw Failure(what: "send: \(errno)") }
                sent += max(0, count)
            }
        }
        return times
    }

    /// Sends a GET and reads its answer.
    func get(_ path: String, _ fields: String = "") throws -> Answer {
        try send("GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        return try answer()
    }

    /// Reads one answer.
    func answer() throws -> Answer {
        while true {
            if let end = buffer.indices.dropLast(3).first(where: { buffer[$0...].prefix(4).elementsEqual("\r\n\r\n".utf8) }) {
                let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
                let fields = Dictionary(
                    lines.dropFirst().map { line in
                        let parts = line.split(separator: ":", maxSplits: 1)
                        return (String(parts[0]), String(parts[1].drop { $0 == " " }))
                    }
                ) { "\($0), \($1)" }
                let length = Int(fields["content-length"] ?? "0") ?? 0
                while buffer.count < end + 4 + length { try more() }
                let body = String(decoding: buffer[(end + 4)..<(end + 4 + length)], as: UTF8.self)
                buffer.removeSubrange(..<(end + 4 + length))
                let status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
                return Answer(status: status, fields: fields, body: body)
            }
            try more()
        }
    }

    /// Waits for the server to close.
    /// - Returns: whether it did so in order (FIN), and not with a reset.
    func isClosed() throws -> Bool {
        while true {
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = read(file, &bytes, bytes.count)
            if count == 0 { return true }
            if count < 0 {
                if errno == ECONNRESET { return false }
                throw Failure(what: "the server does not close")
            }
        }
    }

    /// Closes the sending side only.
    func shutdownSending() { shutdown(file, Self.sending) }

    /// Goes away with a reset, which the server notices at once.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // The descriptor stays valid for deinit: it is made to refer to a socket of its own.
        let other = socket(AF_INET, Self.stream, 0)
        dup2(other, file)
        Self.shut(other)
    }

    private func more() throws {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { throw Failure(what: count == 0 ? "closed" : "read: \(errno)") }
        buffer += bytes[..<count]
    }

    private static func connect<Address>(_ file: Int32, _ address: inout Address) throws {
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                    Glibc.connect(file, $0, socklen_t(MemoryLayout<Address>.size))
                #else
                    Darwin.connect(file, $0, socklen_t(MemoryLayout<Address>.size))
                #endif
            }
        }
        guard result == 0 else {
            shut(file)
            throw Failure(what: "connect: \(errno)")
        }
    }

    private static func shut(_ file: Int32) { close(file) }

    private static func sendNow(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.send(file, bytes, count, Int32(MSG_DONTWAIT))
        #else
            Darwin.send(file, bytes, count, MSG_DONTWAIT)
        #endif
    }

    #if canImport(Glibc)
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let sending = Int32(SHUT_WR)
    #else
        private static let stream = SOCK_STREAM
        private static let sending = SHUT_WR
    #endif
}
