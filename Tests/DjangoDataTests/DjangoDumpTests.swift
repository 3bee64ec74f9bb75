// The file for loaddata: what is in it, who may read it, and when it is there.

import DjangoData
import MartletEncoding
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("the file for loaddata")
struct DjangoDumpTests {
    let folder: Folder
    let path: String

    init() throws {
        folder = try Folder()
        path = "\(folder.path)/out.json"
    }

    @Test("is read back as it was written")
    func roundTrip() throws {
        let dump = try DjangoDump(path, replacing: false)
        try dump.add(group: "Editors \"é\"")
        let user = DjangoUser(
            key: "9", username: "jo\u{301}", email: "", password: "!", firstName: "F\t", isStaff: true,
            lastLogin: UnixTime(milliseconds: 1_790_000_000_123), dateJoined: UnixTime(milliseconds: 1_700_000_000_001),
            groups: ["Editors \"é\""])
        try dump.add(user, key: 9)
        try dump.finish(replacing: false)
        let source = try DjangoSource(.dump(path: path), tables: try DjangoTables())
        #expect(try source.accounts() == [user])
    }

    @Test("is there only when it is whole, for its owner alone")
    func whole() throws {
        do {
            let dump = try DjangoDump(path, replacing: false)
            try dump.add(group: "g")
            #expect(access(path, F_OK) != 0)
        }
        #expect(access(path, F_OK) != 0 && access(path + ".part", F_OK) != 0, "one that is given up leaves nothing")
        try DjangoDump(path, replacing: false).finish(replacing: false)
        var facts = stat()
        #expect(stat(path, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
    }

    @Test(
        "takes the place of a regular file and of nothing else, whatever it may replace", arguments: ["fifo", "folder", "link", "dangling"])
    func irregular(kind: String) throws {
        switch kind {
        case "fifo": #expect(mkfifo(path, 0o600) == 0)
        case "folder": #expect(mkdir(path, 0o700) == 0)
        case "link":
            _ = try folder.dump("precious")
            #expect(symlink("\(folder.path)/dump.json", path) == 0)
        default: #expect(symlink("\(folder.path)/none", path) == 0)
        }
        defer { if kind == "folder" { rmdir(path) } }
        var before = stat()
        #expect(lstat(path, &before) == 0)
        for replacing in [false, true] {
            #expect {
                try DjangoDump(path, replacing: replacing)
            } throws: { "\($0)".contains(kind == "link" || kind == "dangling" ? "symbolic link" : "no regular file") }
        }
        var after = stat()
        #expect(lstat(path, &after) == 0 && before.st_ino == after.st_ino && access(path + ".part", F_OK) != 0)
    }

    @Test("does not take the place of a pipe that came meanwhile, nor of what has the name of the part")
    func irregularMeanwhile() throws {
        let dump = try DjangoDump(path, replacing: true)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(throws: DjangoDataError.self) { try dump.finish(replacing: true) }
        #expect(unlink(path) == 0 && mkfifo(path + ".other.part", 0o600) == 0)
        #expect(throws: DjangoDataError.self) { try DjangoDump(path + ".other", replacing: true) }
        #expect(access(path + ".other.part", F_OK) == 0)
    }

    @Test("replaces another only when it may, even one that came meanwhile")
    func replaces() throws {
        let dump = try DjangoDump(path, replacing: false)
        _ = try folder.dump("")
        #expect(rename("\(folder.path)/dump.json", path) == 0)
        #expect(throws: DjangoDataError.self) { try dump.finish(replacing: false) }
        #expect(throws: DjangoDataError.self) { try DjangoDump(path, replacing: false) }
        try DjangoDump(path, replacing: true).finish(replacing: true)
        #expect(try DjangoSource(.dump(path: path), tables: try DjangoTables()).countUsers() == 0)
    }
}
