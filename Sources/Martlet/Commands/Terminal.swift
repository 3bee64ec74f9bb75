// Terminal: what commands say to people: lines, tables, passwords typed unseen, a bar for long work.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Terminal {
    /// A line on standard output, at once.
    static func print(_ line: String) {
        write(STDOUT_FILENO, line + "\n")
    }

    /// A line on standard error, or the part of one.
    static func note(_ text: String, endsLine: Bool = true) {
        write(STDERR_FILENO, text + (endsLine ? "\n" : ""))
    }

    /// A password: from standard input as it is (one line), or typed unseen, twice when it is new. Nil when there is none.
    static func password(fromInput: Bool, isNew: Bool) throws -> String {
        if fromInput {
            guard let line = readLine() else { throw CommandFailure("Standard input has no password.") }
            return line
        }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("There is no terminal to ask for the password on; use --password-stdin.")
        }
        let first = try unseen("Password: ")
        if isNew {
            let second = try unseen("Once more: ")
            guard first == second else { throw CommandFailure("The two passwords differ.") }
        }
        return first
    }

    /// Columns as wide as they need to be.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// A bar on standard error, when somebody is looking.
    static func progress(_ done: Int, of total: Int, _ what: String) {
        guard isatty(STDERR_FILENO) == 1, total > 0 else { return }
        let filled = min(30, done * 30 / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        write(STDERR_FILENO, "\r\(what) [\(bar)] \(done * 100 / total) %" + (done >= total ? "\n" : ""))
    }

    private static func unseen(_ prompt: String) throws -> String {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        // Last: what is typed as soon as the prompt stands there is neither shown nor lost.
        write(STDERR_FILENO, prompt)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            write(STDERR_FILENO, "\n")
        }
        guard let line = readLine() else { throw CommandFailure("There is no password.") }
        return line
    }

    private static func write(_ file: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        #if canImport(Glibc)
            _ = Glibc.write(file, bytes, bytes.count)
        #else
            _ = Darwin.write(file, bytes, bytes.count)
        #endif
    }
}
