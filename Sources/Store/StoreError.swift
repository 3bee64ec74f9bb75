// StoreError: what can go wrong between a verb and the disk.

/// Why the store did not do what it was asked.
package enum StoreError: Error, Sendable, Hashable {
    /// The database cannot be read or written now: a full disk, a lock, an I/O error. Nothing of the verb remains.
    case unavailable(detail: String)
    /// Too many verbs are waiting.
    case overloaded
    /// The database cannot be used by this program: a newer schema, a changed migration, not a database.
    case incompatible(detail: String)

    /// The cause for the log.
    package var detail: String {
        switch self {
        case .unavailable(let detail), .incompatible(let detail): detail
        case .overloaded: "too many writes are waiting"
        }
    }
}
