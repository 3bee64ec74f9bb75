// A folder as a tier: what is there comes back, what cannot be read is a failure, and nothing half-written is ever seen.

import MartletVerifier
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite final class FileTierTests {
    private let root: String
    private var folder: String { root + "/a/b" }

    init() throws {
        var template = Array("/tmp/martlet-tier-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for file in names() { if rmdir("\(folder)/\(file)") != 0 { unlink("\(folder)/\(file)") } }
        for folder in [folder, root + "/a", root] { rmdir(folder) }
    }

    @Test(arguments: ["keys:v1.a_b-C", ".", "..", ".hidden", String(repeating: "n", count: 200)])
    func `a value comes back as it was written`(name: String) throws {
        let tier = FileTier(folder: folder)
        #expect(try tier.read(name) == nil)
        let bytes = (0...255).map { UInt8($0) }
        for value in [bytes, [], Array(repeating: 7, count: 2 << 20), Array("short".utf8)] {
            try tier.write(name, value, lifetime: 1)
            #expect(try tier.read(name) == value)
            #expect(try FileTier(folder: folder + "/").read(name) == value)
        }
        #expect(names().count == 1)
    }

    @Test func `names that look alike are apart`() throws {
        let tier = FileTier(folder: folder)
        let names = ["a:b", "a_b", "a.b", "a-b", "ab", "a.b.value"]
        for name in names { try tier.write(name, Array(name.utf8), lifetime: 1) }
        for name in names { #expect(try tier.read(name) == Array(name.utf8)) }
    }

    @Test(arguments: ["", "a/b", "../a", "a=b", "a b", "ä", "a\0", String(repeating: "n", count: 201)])
    func `what is no name of a tier has no file`(name: String) {
        let tier = FileTier(folder: folder)
        #expect(throws: TierFailure.self) { try tier.write(name, [1], lifetime: 1) }
        #expect(throws: TierFailure.self) { try tier.read(name) }
        #expect(names() == [])
    }

    @Test func `files and folders are their owner's alone`() throws {
        try FileTier(folder: folder).write("name", [1], lifetime: 1)
        #expect(mode(root + "/a") == 0o700)
        #expect(mode(folder) == 0o700)
        #expect(mode(folder + "/name.value") == 0o600)
    }

    @Test func `a value that is too large is neither written nor read`() throws {
        let tier = FileTier(folder: folder)
        try tier.write("name", [1], lifetime: 1)
        #expect(throws: TierFailure.self) { try tier.write("name", Array(repeating: 0, count: 2 << 20 + 1), lifetime: 1) }
        #expect(try tier.read("name") == [1])
        #expect(truncate(folder + "/name.value", 2 << 20 + 1) == 0)
        #expect(throws: TierFailure.self) { try tier.read("name") }
    }

    @Test func `what is no file is a failure, not an absence`() throws {
        let tier = FileTier(folder: folder)
        try tier.write("other", [1], lifetime: 1)
        #expect(mkdir(folder + "/folder.value", 0o700) == 0)
        #expect(mkfifo(folder + "/pipe.value", 0o600) == 0)
        #expect(throws: TierFailure.self) { try tier.read("folder") }
        #expect(throws: TierFailure.self) { try tier.read("pipe") }
        #expect(throws: TierFailure.self) { try tier.write("folder", [1], lifetime: 1) }
        #expect(names().sorted() == ["folder.value", "other.value", "pipe.value"])
    }

    @Test func `a folder that cannot be made is a failure`() throws {
        try FileTier(folder: folder).write("name", [1], lifetime: 1)
        let tier = FileTier(folder: folder + "/name.value/below")
        #expect(throws: TierFailure.self) { try tier.write("name", [1], lifetime: 1) }
        #expect(throws: TierFailure.self) { try tier.read("name") }
        #expect(throws: TierFailure.self) { try FileTier(folder: "").write("name", [1], lifetime: 1) }
    }

    @Test func `there is nobody to wait for`() throws {
        let tier = FileTier(folder: folder)
        #expect(try tier.lock("name", milliseconds: 1000))
        #expect(try tier.lock("name", milliseconds: 1000))
        tier.unlock("name")
    }

    private func mode(_ path: String) -> mode_t? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : nil
    }

    private func names() -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
