// JSONColumn: a list of text as a column.

import MartletEncoding
import Store

/// A JSON array of text.
enum JSONColumn {
    static func write(_ texts: [String]) -> String {
        var writer = JSONWriter(capacity: 64)
        writer.array { array in for text in texts { array.string(text) } }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Reads a column; `what` it is, is said where it cannot be read.
    static func read(_ text: String, _ what: String = "a column is") throws(StoreError) -> [String] {
        if text == "[]" { return [] }
        do {
            if let texts = try JSONDocument(parsing: Array(text.utf8)).root.strings { return texts }
        } catch {}
        throw .incompatible(detail: "\(what) not a JSON array of text")
    }
}
