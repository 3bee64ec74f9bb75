// SocketGate: asked by curl for a socket for each address that a name resolved to, just before it connects there. The address that is
// judged is the one that is connected to, so a name that resolves to another one the next time changes nothing.

import CMartletCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Decides which addresses are connected to.
final class SocketGate: Sendable {
    private let allows: @Sendable (PeerAddress) -> Bool

    init(allows: @escaping @Sendable (PeerAddress) -> Bool) {
        self.allows = allows
    }

    /// The options that make curl ask this gate, which must live as long as the exchange.
    func prepare(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
        [
            martlet_curl_set_open_socket(easy) { context, _, address in
                guard let context, let address else { return -1 }
                return Unmanaged<SocketGate>.fromOpaque(context).takeUnretainedValue().open(address)
            },
            martlet_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque()),
        ]
    }

    /// A socket for an address; CURL_SOCKET_BAD for one that is not allowed.
    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let peer = PeerAddress(address), allows(peer) else { return -1 }
        return socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    }
}

extension PeerAddress {
    /// What curl is about to connect to; nil when it is no IP address.
    fileprivate init?(_ address: UnsafeMutablePointer<curl_sockaddr>) {
        // curl declares the shortest kind of address and keeps the longest one in its place: CURLOPT_OPENSOCKETFUNCTION(3).
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(address) + offset, count: Int(address.pointee.addrlen))
        switch address.pointee.family {
        case AF_INET where bytes.count >= 8: self = .v4(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        case AF_INET6 where bytes.count >= 24:
            self = .v6(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
        default: return nil
        }
    }
}
