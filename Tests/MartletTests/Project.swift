// The project's own files, which some tests compare the program with, and folders that go away.

import Testing

@testable import Martlet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Project {
    /// The folder of the package.
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// A file of the project.
    static func bytes(_ name: String) throws -> [UInt8] {
        try #require(File.read("\(root)/\(name)", limit: 16 << 20), "\(name) cannot be read")
    }

    static func lines(_ name: String) throws -> [String] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The files below a folder of the project, by their names from the root.
    static func files(below folder: String) throws -> [String] {
        let names = try #require(File.names(in: "\(root)/\(folder)"), "\(folder) cannot be read")
        return try names.filter { !$0.hasPrefix(".") }.flatMap { name in
            File.isFolder("\(root)/\(folder)/\(name)") ? try files(below: "\(folder)/\(name)") : ["\(folder)/\(name)"]
        }
    }
}

/// A folder that is removed with its files when the test is over.
final class TemporaryFolder {
    let path: String
    private var files: [String] = []
    private var folders: [String] = []

    init() throws {
        var template = Array("/tmp/martlet-settings-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for file in files { unlink(file) }
        for folder in folders { rmdir(folder) }
        rmdir(path)
    }

    /// Makes a folder in it.
    func folder(_ name: String) throws {
        try #require(mkdir("\(path)/\(name)", 0o700) == 0)
        folders.append("\(path)/\(name)")
    }

    /// Makes a file and answers its path.
    func file(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try #require(File.create(file, Array(text.utf8)))
        files.append(file)
        return file
    }
}
