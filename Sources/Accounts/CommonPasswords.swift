// CommonPasswords: the 10,000 commonest passwords of 8 characters or more, as a sorted text that is searched in place.

/// A sorted list of passwords in lower case, a line each.
package struct CommonPasswords: Sendable {
    private let text: [UInt8]

    /// The list from its text: lines in byte order.
    package init(sortedLines text: [UInt8]) {
        self.text = text
    }

    /// Whether a password in lower case is on the list.
    package func contains(_ password: String) -> Bool {
        let wanted = Array(password.utf8)
        var low = text.startIndex
        var high = text.endIndex
        while low < high {
            // The line around the middle of what is left.
            let middle = low + (high - low) / 2
            let start = text[low..<middle].lastIndex(of: 0x0A).map { $0 + 1 } ?? low
            let end = text[middle..<high].firstIndex(of: 0x0A) ?? high
            let line = text[start..<end]
            if line.elementsEqual(wanted) { return true }
            if line.lexicographicallyPrecedes(wanted) { low = min(end + 1, high) } else { high = start }
        }
        return false
    }
}
