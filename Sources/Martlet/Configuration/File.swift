// File: the few things that settings and start-up want of a file system. No Foundation.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whole files and folders.
enum File {
    /// The bytes of a file of at most `limit` bytes; nil when it cannot be read or is larger.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(file, &part, part.count)
            #else
                let count = Darwin.read(file, &part, part.count)
            #endif
            guard count >= 0 else {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: part[..<count])
            guard bytes.count <= limit else { return nil }
        }
    }

    /// Whether there is something at this path.
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Makes a file that only its owner may read (0600), durably; false when it is there already or cannot be made.
    static func create(_ path: String, _ bytes: [UInt8]) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        return write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    }

    /// Makes a folder that only its owner may enter (0700), its parents included; false when that cannot be done.
    static func makeFolder(_ path: String) -> Bool {
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex {
            let parent = String(path[..<slash])
            if !exists(parent), !makeFolder(parent) { return false }
        }
        return mkdir(path, 0o700) == 0 || errno == EEXIST
    }

    /// The names in a folder, sorted; nil when it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether this is a folder.
    static func isFolder(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}
