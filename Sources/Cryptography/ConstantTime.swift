// ConstantTime: comparison of secrets. The time depends on the lengths alone.
import CMartletOpenSSL

/// Comparison that tells nothing by how long it takes.
public enum ConstantTime {
    /// Whether both have the same bytes. Lengths are not secret.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Whether both have the same bytes. Lengths are not secret.
    package static func equal(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        guard left.count > 0 else { return true }
        return CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
    }
}
