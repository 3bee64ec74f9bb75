// BundledFiles: web pages, migrations and the list of common passwords: from inside the program, or from a folder that
// a setting names. All are read at the start, so what is served later is looked up in a table and not in a file system.

import Accounts
import CEmbedded
import HTTP
import Pages
import SQLStore

enum BundledFiles {
    /// The web pages. Of a folder's, also the files that the authorization server's own pages load, where the folder has none of that
    /// name. Throws when the folder cannot be read.
    static func pages(from folder: String?) throws(ConfigurationError) -> [StaticFiles.File] {
        let own = embedded(below: "Public/")
        var files = try folder.map { folder throws(ConfigurationError) in try read(folder, below: "") } ?? own
        files += own.filter { file in loadedByPages.contains(file.name) && !files.contains { $0.name == file.name } }
        return files.filter { !$0.name.hasPrefix(templates) }.map { StaticFiles.File(name: $0.name, bytes: $0.bytes) }
    }

    /// The templates and texts of the authorization server's pages: those in the program, and after them those of the folder's `pages/`,
    /// which take their places one by one. Throws when the folder cannot be read, or when one of them cannot be used.
    static func pageTemplates(from folder: String?) throws(ConfigurationError) -> PageTemplates {
        let own = try folder.map { folder throws(ConfigurationError) in try read(folder, below: "") } ?? []
        let files = (embedded(below: "Public/") + own).filter { $0.name.hasPrefix(templates) }
        do throws(TemplateError) {
            return try PageTemplates(files.map { PageFile(name: String($0.name.dropFirst(templates.count)), bytes: $0.bytes) })
        } catch {
            throw ConfigurationError("The pages cannot be used: \(templates)\(error).")
        }
    }

    /// The migrations for SQLite. Throws when the folder cannot be read.
    static func migrations(from folder: String?) throws(ConfigurationError) -> [Migration] {
        let files = try folder.map { folder throws(ConfigurationError) in try read(folder, below: "") } ?? embedded(below: "Migrations/")
        return files.compactMap { Migration(fileName: $0.name, sql: String(decoding: $0.bytes, as: UTF8.self)) }
    }

    static var commonPasswords: CommonPasswords {
        CommonPasswords(sortedLines: embedded(below: "common-passwords.txt").first?.bytes ?? [])
    }

    /// The embedded files whose name begins so, without that beginning.
    static func embedded(below prefix: String) -> [(name: String, bytes: [UInt8])] {
        (0..<martlet_embedded_count()).compactMap { index in
            let file = martlet_embedded(index)
            let name = String(cString: file.name)
            guard name.hasPrefix(prefix) else { return nil }
            return (
                name == prefix ? name : String(name.dropFirst(prefix.count)),
                Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
            )
        }
    }

    private static func read(_ folder: String, below prefix: String) throws(ConfigurationError) -> [(name: String, bytes: [UInt8])] {
        guard let names = File.names(in: folder) else { throw ConfigurationError("\(folder) is not a folder that can be read.") }
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            if File.isFolder(path) {
                files += try read(path, below: "\(prefix)\(name)/")
            } else if let bytes = File.read(path, limit: 16 << 20) {
                files.append((prefix + name, bytes))
            } else {
                throw ConfigurationError("\(path) cannot be read.")
            }
        }
        return files
    }

    private static let templates = "pages/"
    private static let loadedByPages: Set<String> = ["css/pages.css", "js/form-post.js", "logo.svg"]
}
