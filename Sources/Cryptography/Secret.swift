// Secret: bytes that are wiped when the last holder lets go of them, and that no printing shows.
import CMartletOpenSSL

/// Secret bytes, wiped at the end.
public final class Secret: Sendable, CustomStringConvertible, CustomReflectable {
    /// Number of bytes.
    public let count: Int
    private let storage: Storage

    /// A copy of `bytes`. The caller's array is the caller's to forget.
    public init(_ bytes: [UInt8]) {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        buffer.initialize(repeating: 0)
        for (index, byte) in bytes.enumerated() { buffer[index] = byte }
        storage = Storage(buffer: buffer)
        count = bytes.count
    }

    deinit {
        OPENSSL_cleanse(storage.buffer.baseAddress, storage.buffer.count)
        storage.buffer.deallocate()
    }

    /// Runs `body` with the bytes, which are not to be kept.
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(rebasing: storage.buffer[..<count]))
    }

    /// A copy of the bytes.
    package var bytes: [UInt8] { withBytes { Array($0) } }

    /// Nothing of the bytes.
    public var description: String { "(\(count) secret bytes)" }
    /// Nothing of the bytes.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Sendable because nobody writes between init and deinit.
    private struct Storage: @unchecked Sendable {
        let buffer: UnsafeMutableBufferPointer<UInt8>
    }
}
