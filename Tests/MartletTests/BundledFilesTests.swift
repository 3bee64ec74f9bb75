// What travels inside the program is what lies in the folders: a forgotten line in embedded.c would ship without a page
// or, worse, without a migration.

import Accounts
import CEmbedded
import HTTP
import Pages
import SQLStore
import Testing

@testable import Martlet

struct BundledFilesTests {
    @Test("every page and every migration is embedded, byte for byte, and nothing else", arguments: ["Public", "Migrations"])
    func embedded(folder: String) throws {
        let embedded = BundledFiles.embedded(below: folder + "/")
        let names = try Project.files(below: folder)
        #expect(embedded.map(\.name).sorted() == names.map { String($0.dropFirst(folder.utf8.count + 1)) }.sorted())
        for file in embedded { #expect(file.bytes == (try Project.bytes("\(folder)/\(file.name)")), "\(file.name)") }
    }

    @Test("the list of common passwords is embedded, and nothing of another folder is")
    func everything() throws {
        let names = (0..<martlet_embedded_count()).map { String(cString: martlet_embedded($0).name) }
        #expect(Set(names).count == names.count)
        #expect(names.filter { !$0.hasPrefix("Public/") && !$0.hasPrefix("Migrations/") } == ["common-passwords.txt"])
        let list = try Project.bytes("Sources/SystemLibraries/CEmbedded/common-passwords.txt")
        #expect(BundledFiles.embedded(below: "common-passwords.txt").first?.bytes == list)
        #expect(BundledFiles.commonPasswords.contains("password1"))
    }

    @Test("the embedded migrations are numbered from 1 without gaps")
    func migrations() throws {
        let migrations = try BundledFiles.migrations(from: nil)
        #expect(migrations.map(\.number).sorted() == Array(1...migrations.count))
        #expect(migrations.count == BundledFiles.embedded(below: "Migrations/").count)
    }

    @Test("a folder takes the place of what is embedded, its folders included and hidden files left out")
    func folder() throws {
        let pages = try BundledFiles.pages(from: "\(Project.root)/Public")
        #expect(pages.map(\.name).sorted() == (try BundledFiles.pages(from: nil)).map(\.name).sorted())
        #expect(pages.contains { $0.name.contains("/") })
        let migrations = try BundledFiles.migrations(from: "\(Project.root)/Migrations")
        #expect(Set(migrations) == Set(try BundledFiles.migrations(from: nil)))
    }

    @Test("templates are not served as files, and every page's style, script and image is, whatever folder takes the place of the pages")
    func loadedByPages() throws {
        let folder = try TemporaryFolder()
        _ = try folder.file("logo.svg", "<svg/>")
        let bundled = try BundledFiles.pages(from: nil)
        #expect(!bundled.contains { $0.name.hasPrefix("pages/") })
        #expect(bundled.contains { $0.name == "index.html" })
        let own = try BundledFiles.pages(from: folder.path)
        #expect(own.map(\.name).sorted() == ["css/pages.css", "js/form-post.js", "logo.svg"])
        #expect(own.first { $0.name == "logo.svg" }?.bytes == Array("<svg/>".utf8))
    }

    @Test("the templates in the program can be used, and a folder's texts take their places one by one")
    func templates() throws {
        #expect(try BundledFiles.pageTemplates(from: nil).languages.tags == ["en", "de"])
        let folder = try TemporaryFolder()
        try folder.folder("pages")
        _ = try folder.file("pages/texts.en.json", #"{"common": {"product": "Acme"}}"#)
        let templates = try BundledFiles.pageTemplates(from: folder.path)
        let texts = templates.languages.best(uiLocales: "de", accepted: [])
        let html = String(decoding: templates.html(ErrorPage(.expired, requestID: "r"), in: texts), as: UTF8.self)
        #expect(html.contains("<title>Das hat nicht geklappt · Acme</title>"))
    }

    @Test("a folder's template that cannot be used stops the start, with its name and line")
    func brokenTemplate() throws {
        let folder = try TemporaryFolder()
        try folder.folder("pages")
        _ = try folder.file("pages/error.html", "<h1>{{t.title}}</h1>\n{{nothing")
        let error = #expect(throws: ConfigurationError.self) { try BundledFiles.pageTemplates(from: folder.path) }
        #expect(error?.description.contains("pages/error.html, line 2") == true, "\(error?.description ?? "")")
    }

    @Test("a folder that is not there stops the start, with its name")
    func missingFolder() {
        let error = #expect(throws: ConfigurationError.self) { try BundledFiles.pages(from: "/nowhere/at/all") }
        #expect(error?.description.contains("/nowhere/at/all") == true)
    }
}
