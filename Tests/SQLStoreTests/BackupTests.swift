// The copy of a database in use: for its owner alone, of a lineage of its own, and never over another file.

import MartletEncoding
import Store
import Testing

@testable import SQLStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("the backup")
struct BackupTests {
    let directory: TemporaryDirectory
    let path: String
    let copy: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/martlet.sqlite"
        copy = directory.path + "/copy.sqlite"
    }

    @Test("a copy is its owner's alone and has a lineage of its own, even when the source has none", arguments: [nil, "first"])
    func copies(lineage: String?) throws {
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try store.write { transaction throws(StoreError) in
            try transaction.setFact(.issuer, "https://issuer.example")
            if let lineage { try transaction.setFact(.lineage, lineage) }
        }
        try SQLStore.backUp(from: path, to: copy, lineage: "second") { _, _ in }
        var status = stat()
        #expect(stat(copy, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let opened = try SQLStore.forTests(.file(copy))
        defer { opened.close() }
        #expect(try opened.read { reads throws(StoreError) in try reads.fact(.lineage) } == "second")
        #expect(try opened.read { reads throws(StoreError) in try reads.fact(.issuer) } == "https://issuer.example")
        #expect(try store.read { reads throws(StoreError) in try reads.fact(.lineage) } == lineage)
    }

    @Test("a file that is there already is left as it is, and named")
    func exists() throws {
        try SQLStore.forTests(.file(path)).close()
        try writeFile(copy, [1, 2, 3])
        let error = #expect(throws: StoreError.self) { try SQLStore.backUp(from: path, to: copy, lineage: "second") { _, _ in } }
        #expect(error?.detail.contains(copy) == true && error?.detail.contains("exist") == true)
        #expect(try readFile(copy) == [1, 2, 3])
    }

    @Test("a copy that fails leaves no file in the way of the next", arguments: [nil, "not a database. "])
    func fails(content: String?) throws {
        if let content { try writeFile(path, Array(String(repeating: content, count: 1000).utf8)) }
        #expect(throws: StoreError.self) { try SQLStore.backUp(from: path, to: copy, lineage: "second") { _, _ in } }
        #expect(access(copy, F_OK) != 0)
    }
}
