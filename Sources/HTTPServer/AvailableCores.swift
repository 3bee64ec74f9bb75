// AvailableCores: how many cores this process may really use: its affinity mask, cut by the cgroup's CPU quota. In a
// container of one core on a machine of 64, 64 hashing threads would only take turns.

import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The cores available to this process.
package enum AvailableCores {
    /// 1 or more; the smaller of affinity and quota, a part of a core counting as one.
    package static let count: Int = {
        #if canImport(Glibc)
            let affinity = text(of: "/proc/self/status").flatMap(cores(processStatus:)) ?? System.coreCount
            let quota = text(of: "/sys/fs/cgroup/cpu.max").flatMap(cores(cpuMax:)) ?? Int.max
            return max(1, min(affinity, quota))
        #else
            return max(1, System.coreCount)
        #endif
    }()

    /// The cores a cgroup v2 `cpu.max` allows ("200000 100000" is 2), rounded up; nil when it sets no limit.
    static func cores(cpuMax: String) -> Int? {
        let words = cpuMax.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0, period > 0 else { return nil }
        return (quota - 1) / period + 1
    }

    /// The bits set in the line `Cpus_allowed:` of `/proc/self/status`, hexadecimal words with commas between them.
    static func cores(processStatus: String) -> Int? {
        guard let line = processStatus.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }) else { return nil }
        let bits = line.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount }
        return bits > 0 ? bits : nil
    }

    #if canImport(Glibc)
        private static func text(of path: String) -> String? {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return nil }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = read(file, &bytes, bytes.count)
            return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
        }
    #endif
}
