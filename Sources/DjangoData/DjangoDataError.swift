// DjangoDataError: what stands in the way of reading or writing Django's data as a whole. What is wrong with one row is no error
// but part of what is read (``DjangoRow``).

/// Why a source cannot be read, in a sentence for the person who named it.
package struct DjangoDataError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
