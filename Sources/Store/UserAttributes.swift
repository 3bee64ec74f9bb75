// UserAttributes: the members of an account's JSON object that this service knows how to read, and a way to set them that leaves
// every other member as it is.

import MartletEncoding

/// An account's `attributes`.
package struct UserAttributes: Sendable {
    private let root: JSONValue

    /// Reads the text. Throws `StoreError.incompatible` when it is no JSON object.
    package init(parsing text: String) throws(StoreError) {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)), document.root.isObject else {
            throw .incompatible(detail: "an account's attributes are not a JSON object")
        }
        root = document.root
    }

    /// The text of a member; nil when it is missing or no string.
    package subscript(_ name: String) -> String? { root[name]?.string }

    /// The object with these members set, the others as they were. Throws `StoreError.incompatible` where it would have more
    /// members than can be read.
    package func setting(_ members: [(name: String, value: String)]) throws(StoreError) -> String {
        let others = root.members.filter { other in !members.contains { $0.name == other.name } }
        guard others.count + members.count <= JSONDocument.maximumMembers else {
            throw .incompatible(detail: "an account's attributes have too many members")
        }
        let bytes = JSONWriter.object { writer in
            for (name, value) in others {
                writer.name(name)
                writer.raw(Array(value.json))
            }
            for (name, value) in members { writer.member(name, value) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
