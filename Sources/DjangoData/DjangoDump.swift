// DjangoDump: writes a file that `manage.py loaddata` takes: groups and users in JSON. Groups have natural keys only, so that those of
// the site with the same names are taken and keep their permissions.

import MartletEncoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file under way: `PATH.part` until it is whole, for its owner only (0600).
package final class DjangoDump {
    private let path: String
    private let partPath: String
    private let file: Int32
    private var buffer: [UInt8] = [UInt8(ascii: "[")]
    private var isFirst = true
    private var isFinished = false

    /// Begins a file. Throws when one is there and is not to be replaced, when something that is no file is, or when it cannot be written.
    package init(_ path: String, replacing: Bool) throws(DjangoDataError) {
        if try Self.isFile(path), !replacing { throw DjangoDataError("\(path) exists already; --force replaces it.") }
        self.path = path
        partPath = path + ".part"
        _ = try Self.isFile(partPath)
        // What an export that was ended on the way left.
        unlink(partPath)
        file = open(partPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure(partPath) }
    }

    deinit {
        close(file)
        if !isFinished { unlink(partPath) }
    }

    /// Writes a group.
    package func add(group name: String) throws(DjangoDataError) {
        try add(
            JSONWriter.object { writer in
                writer.member("model", "auth.group")
                writer.name("fields")
                writer.object { $0.member("name", name) }
            })
    }

    /// Writes a user, with this primary key in place of its own.
    package func add(_ user: DjangoUser, key: Int64) throws(DjangoDataError) {
        try add(
            JSONWriter.object(capacity: 512) { writer in
                writer.member("model", "auth.user")
                writer.member("pk", key)
                writer.name("fields")
                writer.object { fields in
                    fields.member("username", user.username)
                    fields.member("email", user.email)
                    fields.member("password", user.password)
                    fields.member("first_name", user.firstName)
                    fields.member("last_name", user.lastName)
                    fields.member("is_active", user.isActive)
                    fields.member("is_staff", user.isStaff)
                    fields.member("is_superuser", user.isSuperuser)
                    fields.member("last_login", user.lastLogin)
                    fields.member("date_joined", user.dateJoined)
                    fields.name("groups")
                    fields.array { groups in
                        for group in user.groups { groups.array { $0.string(group) } }
                    }
                }
            })
    }

    /// Makes what was written durable and gives it its name.
    package func finish(replacing: Bool) throws(DjangoDataError) {
        buffer.append(contentsOf: "\n]\n".utf8)
        try flush()
        guard fsync(file) == 0 else { throw Self.failure(partPath) }
        _ = try Self.isFile(path)
        // A link is not made over a file that has come in the meantime.
        guard replacing ? rename(partPath, path) == 0 : link(partPath, path) == 0 else { throw Self.failure(path) }
        unlink(partPath)
        isFinished = true
    }

    /// Whether a file is there. Throws when something else is: a name that is given to the dump would be lost to a device or a folder,
    /// and what a symbolic link names would not be replaced.
    private static func isFile(_ path: String) throws(DjangoDataError) -> Bool {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return false }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: return true
        case S_IFLNK: throw DjangoDataError("\(path) is a symbolic link, which is not replaced; name the file itself.")
        default: throw DjangoDataError("\(path) is there and is no regular file; name another one.")
        }
    }

    private func add(_ element: [UInt8]) throws(DjangoDataError) {
        buffer.append(contentsOf: (isFirst ? "\n" : ",\n").utf8)
        buffer.append(contentsOf: element)
        isFirst = false
        if buffer.count >= Self.bufferSize { try flush() }
    }

    private func flush() throws(DjangoDataError) {
        var done = 0
        while done < buffer.count {
            let count = buffer.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: done), $0.count - done) }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure(partPath)
            }
            done += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func failure(_ path: String) -> DjangoDataError {
        DjangoDataError("\(path) cannot be written: \(String(cString: strerror(errno))).")
    }

    private static let bufferSize = 1 << 16
}
