// RevocationFilter: says of nearly every digest that is not in a RevocationSet that it is not, for the price of one load from
// memory. One bit for each digest, found by bits of the digest itself, which is as good as random already.
//
// A bit is set after its entry is in the set and cleared only when no entry has it, so that a bit that is not set is always
// the truth. Full of millions of entries it says nothing any more, and the set is asked every time.
import Synchronization

/// Bits that many threads read while one sets them.
///
/// @unchecked: `words` points at atomics, made before the initialiser returns and freed with the object.
final class RevocationFilter: @unchecked Sendable {
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        words = .allocate(capacity: Self.wordCount)
        for index in 0..<Self.wordCount { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: Self.wordCount)
        words.deallocate()
    }

    /// Whether the digest may be in the set.
    @inline(__always)
    func mayContain(_ digest: RevocationDigest) -> Bool {
        let (word, bit) = Self.place(digest)
        return words[word].load(ordering: .acquiring) & bit != 0
    }

    /// Notes that the digest is in the set. One caller at a time.
    func insert(_ digest: RevocationDigest) {
        let (word, bit) = Self.place(digest)
        words[word].store(words[word].load(ordering: .relaxed) | bit, ordering: .releasing)
    }

    /// Forgets all but these digests, which were all noted before. One caller at a time, and none that inserts.
    func keep(_ digests: some Sequence<RevocationDigest>) {
        var kept = [UInt64](repeating: 0, count: Self.wordCount)
        for digest in digests {
            let (word, bit) = Self.place(digest)
            kept[word] |= bit
        }
        // Never without a bit that counts, not for a moment.
        for (index, bits) in kept.enumerated() { words[index].store(bits, ordering: .releasing) }
    }

    @inline(__always)
    private static func place(_ digest: RevocationDigest) -> (word: Int, bit: UInt64) {
        (Int(truncatingIfNeeded: digest.low >> 6) & (wordCount - 1), 1 << (digest.low & 63))
    }

    /// 64 KiB: with 10,000 revocations the set is asked in vain for one digest of fifty.
    private static let wordCount = 8192
}
