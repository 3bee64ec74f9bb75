// RedisServer: a Redis of a test's own, on a Unix socket in a folder of its own.

import ChildProcess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A running redis-server, ended with the object.
final class RedisServer {
    private let folder: TemporaryFolder
    private let arguments: String
    private var process: ChildProcess

    init(_ arguments: String = "") throws {
        folder = try TemporaryFolder()
        self.arguments = arguments
        process = try Self.start(arguments, in: folder.path)
    }

    var url: String { "unix://\(socket)" }
    var socket: String { folder.path + "/s" }

    /// What redis-cli prints for a command.
    func command(_ command: String) throws -> String {
        let text = try ChildProcess.run("redis-cli -s s \(command) 2>/dev/null", in: folder.path)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    func stop() {
        process.end()
        unlink(socket)
    }

    func startAgain() throws {
        process = try Self.start(arguments, in: folder.path)
    }

    private static func start(_ arguments: String, in folder: String) throws -> ChildProcess {
        let process = try ChildProcess(
            "exec redis-server --port 0 --unixsocket s --save '' --appendonly no --enable-debug-command yes \(arguments)", in: folder)
        // Printed once the socket is there.
        _ = try process.line(with: "connections at")
        return process
    }
}
