// Argon2Parameters: what one hash costs (RFC 9106 §3.1), within bounds that no stored string can push past.

/// The cost of an argon2id hash.
package struct Argon2Parameters: Sendable, Hashable {
    /// Memory in KiB.
    package let memoryKiB: Int
    /// Passes over the memory.
    package let iterations: Int
    /// Lanes.
    package let parallelism: Int

    /// Parameters; nil outside 8 × lanes … 1 GiB of memory, 1…100 passes, 1…16 lanes (RFC 9106 §3.1 has the lower bounds).
    package init?(memoryKiB: Int, iterations: Int, parallelism: Int) {
        guard (1...16).contains(parallelism), (8 * parallelism...Self.maximumMemoryKiB).contains(memoryKiB), (1...100).contains(iterations)
        else { return nil }
        self.memoryKiB = memoryKiB
        self.iterations = iterations
        self.parallelism = parallelism
    }

    /// 19 MiB, 2 passes, 1 lane: the least that OWASP's Password Storage Cheat Sheet asks for.
    package static let standard = Argon2Parameters(checked: 19_456, 2, 1)

    private init(checked memoryKiB: Int, _ iterations: Int, _ parallelism: Int) {
        self.memoryKiB = memoryKiB
        self.iterations = iterations
        self.parallelism = parallelism
    }

    private static let maximumMemoryKiB = 1 << 20
}
