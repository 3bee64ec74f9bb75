// HashingMemory: one block of memory per hashing thread, kept between hashes. Fresh memory for every hash costs page faults that a
// kept block, on huge pages where the kernel grants them, does not. libargon2 wipes the block before it gives it back (its
// FLAG_clear_internal_memory is on by default), so nothing of a password stays in it.
//
// libargon2's allocator callbacks carry no context, so the block is found through the calling thread; it is freed when that
// thread ends. Lanes run on threads of libargon2's own, but the memory is asked for by the caller's.
import CArgon2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum HashingMemory {
    /// `allocate_fptr`: the thread's block, in place of which a larger one is made when it is too small.
    static let take: @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, Int) -> Int32 = { result, count in
        guard let result, let base = HashingMemory.block(ofAtLeast: count) else { return ARGON2_MEMORY_ALLOCATION_ERROR.rawValue }
        result.pointee = base.assumingMemoryBound(to: UInt8.self)
        return ARGON2_OK.rawValue
    }

    /// `deallocate_fptr`: the block stays with its thread, unless it is unusually large.
    static let giveBack: @convention(c) (UnsafeMutablePointer<UInt8>?, Int) -> Void = { _, count in
        if count > HashingMemory.largestKept { HashingMemory.keep(nil) }
    }

    private static func block(ofAtLeast count: Int) -> UnsafeMutableRawPointer? {
        if let block = kept, block.count >= count { return block.base }
        keep(nil)
        keep(Block(count: count))
        return kept?.base
    }

    private static var kept: Block? {
        pthread_getspecific(slot).map { Unmanaged<Block>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func keep(_ block: Block?) {
        let old = pthread_getspecific(slot)
        pthread_setspecific(slot, block.map { UnsafeRawPointer(Unmanaged.passRetained($0).toOpaque()) })
        if let old { Unmanaged<Block>.fromOpaque(old).release() }
    }

    /// The thread's own pointer to its block.
    private static let slot: pthread_key_t = {
        var slot = pthread_key_t()
        #if canImport(Glibc)
            let result = pthread_key_create(&slot) { if let block = $0 { Unmanaged<Block>.fromOpaque(block).release() } }
        #else
            let result = pthread_key_create(&slot) { Unmanaged<Block>.fromOpaque($0).release() }
        #endif
        // Once in a process, before its first hash, and nothing that a peer sends brings it about.
        guard result == 0 else { fatalError("no thread-specific storage is left") }
        return slot
    }()

    private final class Block {
        let base: UnsafeMutableRawPointer
        let count: Int

        init?(count: Int) {
            var base: UnsafeMutableRawPointer?
            let size = (count + HashingMemory.hugePage - 1) / HashingMemory.hugePage * HashingMemory.hugePage
            guard posix_memalign(&base, HashingMemory.hugePage, size) == 0, let base else { return nil }
            #if canImport(Glibc)
                madvise(base, size, MADV_HUGEPAGE)
            #endif
            self.base = base
            self.count = size
        }

        deinit { free(base) }
    }

    private static let hugePage = 2 << 20
    private static let largestKept = 128 << 20
}
