// PageFile: a template or a table of texts, as it was read from wherever the pages are kept.

/// A file of the folder of pages.
package struct PageFile: Sendable {
    /// Its name in that folder: `sign-in.html`, `texts.en.json`.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}
