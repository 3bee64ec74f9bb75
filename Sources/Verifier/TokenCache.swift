// TokenCache: tokens whose signature and claims were found good, so that the next sight of the same text costs a comparison.
//
//     text ─ seeded hash of its tail ─> shard (a lock each) ─> set of 8 slots ─> whole text compared
//
// The tail is part of the signature, which no stranger can choose for a token that gets in here; the seed differs per process.
// Bounded in number and size: with the default capacity of 32,768 tokens of at most `maximumFootprint` (12 KiB) each it never
// holds more than 384 MiB, and with tokens of usual size (600 bytes) about 70 MiB when full. Slots are made as they are needed.
import Synchronization

final class TokenCache: Sendable {
    private let shards: [Shard]
    private let setMask: Int
    private let seed: (UInt64, UInt64)

    /// Longest text that is kept, in bytes.
    static let maximumTextLength = 4096
    /// Most memory that one entry may take, in bytes, about.
    static let maximumFootprint = 12 * 1024

    /// Room for `capacity` tokens at most: the largest power of two that is not above it; under 8 means none.
    init(capacity: Int, seed: (UInt64, UInt64)) {
        let sets = capacity < Self.ways ? 0 : 1 << (Int.bitWidth - 1 - (capacity / Self.ways).leadingZeroBitCount)
        let shardCount = min(sets, Self.maximumShards)
        shards = (0..<shardCount).map { _ in Shard() }
        setMask = shardCount == 0 ? 0 : sets / shardCount - 1
        self.seed = seed
    }

    /// The token of exactly this text, kept under this generation of keys.
    @inline(__always)
    func token(for text: UnsafeBufferPointer<UInt8>, generation: UInt64) -> VerifiedToken? {
        guard let (hash, shard, first) = place(of: text) else { return nil }
        let found = shard.slots.withLock { slots -> VerifiedToken? in
            guard !slots.isEmpty else { return nil }
            for index in first..<(first + Self.ways) where slots[index].hash == hash && slots[index].generation == generation {
                slots[index].isRecent = true
                return slots[index].token
            }
            return nil
        }
        guard let found, found.text.withUnsafeBufferPointer({ sameBytes($0, text) }) else { return nil }
        return found
    }

    /// Keeps a token, in place of one that is of no more use, or else of one that was not asked for lately.
    func insert(_ token: VerifiedToken, generation: UInt64, isUseless: (VerifiedToken) -> Bool) {
        guard token.text.count <= Self.maximumTextLength, token.footprint <= Self.maximumFootprint else { return }
        guard let (hash, shard, first) = token.text.withUnsafeBufferPointer({ place(of: $0) }) else { return }
        // The old token is let go of outside the lock.
        let evicted = shard.slots.withLock { slots -> VerifiedToken? in
            if slots.isEmpty { slots = [Slot](repeating: Slot(), count: (setMask + 1) * Self.ways) }
            let ways = first..<(first + Self.ways)
            let free = ways.first { index in
                guard let old = slots[index].token else { return true }
                return slots[index].hash == hash || slots[index].generation != generation || isUseless(old)
            }
            let index = free ?? victim(in: ways, of: &slots, from: Int(truncatingIfNeeded: hash >> 60))
            let old = slots[index].token
            slots[index] = Slot(hash: hash, generation: generation, token: token, isRecent: false)
            return old
        }
        withExtendedLifetime(evicted) {}
    }

    /// Tokens held.
    var count: Int {
        shards.reduce(0) { sum, shard in sum + shard.slots.withLock { $0.count { $0.token != nil } } }
    }

    /// The clock's hand goes round once: a slot that was asked for lately gets a second chance.
    private func victim(in ways: Range<Int>, of slots: inout [Slot], from start: Int) -> Int {
        for step in 0..<Self.ways {
            let index = ways.lowerBound + (start + step) % Self.ways
            if !slots[index].isRecent { return index }
            slots[index].isRecent = false
        }
        return ways.lowerBound + start % Self.ways
    }

    @inline(__always)
    private func place(of text: UnsafeBufferPointer<UInt8>) -> (hash: UInt64, shard: Shard, firstSlot: Int)? {
        guard text.count >= 32, text.count <= Self.maximumTextLength, !shards.isEmpty else { return nil }
        let tail = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[(text.count - 32)...])
        func word(_ offset: Int) -> UInt64 { tail.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        let one = Self.fold(word(0) ^ seed.0, word(8) ^ seed.1)
        let two = Self.fold(word(16) ^ seed.1, word(24) ^ seed.0)
        let hash = Self.fold(one ^ seed.0, two ^ UInt64(truncatingIfNeeded: text.count) ^ seed.1)
        let shard = Int(truncatingIfNeeded: hash >> 32) & (shards.count - 1)
        return (hash, shards[shard], (Int(truncatingIfNeeded: hash) & setMask) * Self.ways)
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    private struct Slot: Sendable {
        var hash: UInt64 = 0
        var generation: UInt64 = 0
        var token: VerifiedToken?
        var isRecent = false
    }

    private final class Shard: Sendable {
        let slots = Mutex<[Slot]>([])
    }

    /// Eight, so that 20,000 tokens in use at once hardly ever crowd each other out of 32,768 slots.
    private static let ways = 8
    private static let maximumShards = 64
}
