// ChildProcess: a program that a test runs beside itself and ends itself.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A shell's child, and what it prints. Ended with the object.
package final class ChildProcess {
    package struct Failure: Error {
        let what: String

        package init(what: String) { self.what = what }
    }

    private let id: pid_t
    private let output: Int32
    private var printed: [UInt8] = []
    private var hasEnded = false

    /// Starts `/bin/sh -c command` in a folder. Begin the command with "exec" when it is one program that runs until it is ended.
    package init(_ command: String, in folder: String) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure(what: "pipe: \(errno)") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        let words: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", "cd '\(folder)' && \(command)"].map { (word: String) in strdup(word) }
        defer { for word in words { free(word) } }
        let path = strdup("PATH=/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin")
        defer { free(path) }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/bin/sh", &actions, nil, words + [nil], [path, nil])
        close(ends[1])
        output = ends[0]
        id = child
        if code != 0 {
            hasEnded = true
            throw Failure(what: "spawn: \(code)")
        }
    }

    deinit {
        end()
        close(output)
    }

    /// Runs a command to its end and answers what it printed.
    package static func run(_ command: String, in folder: String) throws -> String {
        let child = try ChildProcess(command, in: folder)
        while try child.readMore() {}
        var status: Int32 = 0
        waitpid(child.id, &status, 0)
        child.hasEnded = true
        let text = String(decoding: child.printed, as: UTF8.self)
        guard status == 0 else { throw Failure(what: text) }
        return text
    }

    /// The first line that holds `text`, once it has been printed.
    package func line(with text: String) throws -> String {
        repeat {
            let lines = String(decoding: printed, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.contains(text) }) { return String(line) }
        } while try readMore()
        throw Failure(what: "ended with: " + String(decoding: printed, as: UTF8.self))
    }

    /// Ends the program and waits for its end.
    package func end() {
        guard !hasEnded else { return }
        hasEnded = true
        kill(id, SIGKILL)
        waitpid(id, nil, 0)
    }

    /// False when the program has closed its output.
    private func readMore() throws -> Bool {
        var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 20_000) == 1 else { throw Failure(what: "silent after: " + String(decoding: printed, as: UTF8.self)) }
        var part = [UInt8](repeating: 0, count: 4096)
        let count = read(output, &part, part.count)
        guard count > 0 else { return false }
        printed.append(contentsOf: part[..<count])
        return true
    }
}

/// A folder that is gone with the object.
package final class TemporaryFolder {
    package let path: String

    package init() throws {
        var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcess.Failure(what: "mkdtemp: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = try? ChildProcess.run("rm -r '\(path)'", in: "/") }
}
