// FileTier: a folder on disk as a tier, for a cold start while the issuer cannot be reached. One file for each name, replaced
// as a whole, so that neither a reader nor a crash ever sees half of one.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of values, for the processes of one user on one machine.
///
/// A value's lifetime is not kept: the source decides how old is too old. Files are made with mode 0600 and the folder, with
/// its parents, with 0700; whoever can write there all the same can only make a value unreadable (``FleetTiers``).
public struct FileTier: Tier {
    private let folder: String

    /// A tier in this folder, which is made when it is first written to.
    public init(folder: String) {
        self.folder = folder
    }

    /// The value of a name; nil when it has no file. A value of more than 2 MiB, or anything but a file, is a failure.
    public func read(_ name: String) throws(TierFailure) -> [UInt8]? {
        // Not to block on a pipe that stands where the file should.
        let file = open(try path(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("cannot be opened")
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw Self.failure("cannot be read") }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw TierFailure("tier file is no file") }
        guard facts.st_size <= Self.maximumValue else { throw TierFailure("tier file is larger than \(Self.maximumValue) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size) + 1)
        var length = 0
        while length < bytes.count {
            let count = readPart(file, &bytes, from: length)
            if count == 0 { return Array(bytes[..<length]) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("cannot be read")
            }
            length += count
        }
        throw TierFailure("tier file grew while it was read")
    }

    /// Puts a value of at most 2 MiB in the place of the last, durably. The lifetime is ignored.
    public func write(_ name: String, _ value: [UInt8], lifetime: Int64) throws(TierFailure) {
        guard value.count <= Self.maximumValue else { throw TierFailure("value is larger than \(Self.maximumValue) bytes") }
        let path = try path(name)
        guard Self.makeFolder(folder) else { throw Self.failure("has no folder") }
        // Hexadecimal digits: no value's file ends like this.
        let temporary = path + "." + String(UInt64.random(in: 0 ... .max), radix: 16)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("cannot be made") }
        let isWritten = writeAll(file, value) && fsync(file) == 0
        let failure = isWritten ? nil : Self.failure("cannot be written")
        close(file)
        if let failure {
            unlink(temporary)
            throw failure
        }
        guard rename(temporary, path) == 0 else {
            let failure = Self.failure("cannot be put in place")
            unlink(temporary)
            throw failure
        }
        try Self.synchronize(folder)
    }

    /// Names are at most 200 bytes of `[A-Za-z0-9._:-]`. A colon is special to some file systems, and "=" is in no name; the
    /// ending keeps "." and ".." from being what they are.
    private func path(_ name: String) throws(TierFailure) -> String {
        guard (1...200).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else { throw TierFailure("not a tier's name") }
        let file = name.utf8.map { $0 == UInt8(ascii: ":") ? UInt8(ascii: "=") : $0 }
        return "\(folder)/\(String(decoding: file, as: UTF8.self)).value"
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"): true
        default: false
        }
    }

    private static func makeFolder(_ path: String) -> Bool {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return true }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return false }
        return makeFolder(String(path[..<slash])) && (mkdir(path, 0o700) == 0 || errno == EEXIST)
    }

    /// A rename lasts once its folder is on disk.
    private static func synchronize(_ folder: String) throws(TierFailure) {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("has no folder") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("may not last") }
    }

    private static func failure(_ what: String) -> TierFailure {
        TierFailure("tier file \(what): \(String(cString: strerror(errno)))")
    }

    /// Bytes.
    private static let maximumValue = 2 << 20
}

// Outside of the type, whose own read and write hide the system's.

private func readPart(_ file: Int32, _ bytes: inout [UInt8], from start: Int) -> Int {
    bytes.withUnsafeMutableBytes { buffer in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
        return read(file, rest.baseAddress, rest.count)
    }
}

private func writeAll(_ file: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(file, part.baseAddress, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
