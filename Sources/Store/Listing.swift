// Page, Listing: a part of a list, and where the next part begins.

/// Which part of a list is wanted.
package struct Page: Sendable, Hashable {
    /// 1…200.
    package var limit: Int
    /// Where an earlier part ended; nil for the first part. Opaque text that an engine made.
    package var cursor: String?

    /// The most that one page holds.
    package static let maximumLimit = 200

    /// A page; `limit` is held to 1…200.
    package init(limit: Int = 50, cursor: String? = nil) {
        self.limit = min(max(limit, 1), Self.maximumLimit)
        self.cursor = cursor
    }
}

/// A part of a list.
package struct Listing<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Where the next part begins; nil at the end. A cursor that is none reads as the end of the list.
    package var next: String?

    package init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}
