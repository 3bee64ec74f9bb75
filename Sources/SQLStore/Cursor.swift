// Cursor: the position where a page of a list ended, as opaque text: base64url of a number and an id.

import MartletEncoding
import Store

/// A position in a list that is sorted by a number and then by text, both falling.
struct Cursor {
    var number: Int64
    var text: String

    /// Before the first row. No text sorts after this one in UTF-8, where the byte 0xFF does not occur and U+10FFFF is the last character.
    static let start = Cursor(number: .max, text: "\u{10FFFF}")

    init(number: Int64, text: String) {
        self.number = number
        self.text = text
    }

    /// Reads the cursor of a page; nil for one that no engine made, which reads as the end of the list.
    init?(of page: Page) {
        guard let cursor = page.cursor else {
            self = .start
            return
        }
        guard let bytes = Base64URL.decode(cursor), let dot = bytes.firstIndex(of: UInt8(ascii: ".")),
            let number = Int64(digits: bytes[..<dot])
        else { return nil }
        self.number = number
        text = String(decoding: bytes[(dot + 1)...], as: UTF8.self)
    }

    private var encoded: String { Base64URL.encode(Array("\(number).\(text)".utf8)) }

    /// A page of rows, of which one more than the page holds was asked for.
    static func listing<Item>(of rows: [Item], page: Page, position: (Item) -> Cursor) -> Listing<Item> {
        guard rows.count > page.limit else { return Listing(items: rows, next: nil) }
        let items = Array(rows.prefix(page.limit))
        return Listing(items: items, next: items.last.map { position($0).encoded })
    }
}
