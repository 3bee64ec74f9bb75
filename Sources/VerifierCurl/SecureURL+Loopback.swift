// Whether an address is the machine itself, so that no proxy is asked to reach it.

import MartletVerifier

extension SecureURL {
    /// Whether the host is `localhost`, `[::1]` or of 127.0.0.0/8. Plain http is by SecureURL's rule.
    var isLoopback: Bool {
        guard isEncrypted else { return true }
        let authority = origin.dropFirst("https://".count)
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
