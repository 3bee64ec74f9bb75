// CORSPolicy: which web origins may read answers (the Fetch standard's CORS protocol). Origins are listed one by one and
// compared as bytes; there is no wildcard. The server applies it to every answer, errors included.

/// Cross-origin rules.
package struct CORSPolicy: Sendable {
    private let origins: [[UInt8]]
    private var closed: Set<[UInt8]> = []

    /// No origin is listed: answers carry no CORS field at all.
    package static let none = CORSPolicy(validated: [])

    /// A policy for these origins, each as a browser writes it (`https://app.example`, `http://localhost:5173`).
    /// - Returns: nil when one of them is no origin: it has a path, upper-case letters or a wildcard, or is `null`.
    package init?(origins: [String]) {
        guard origins.allSatisfy(Self.isOrigin) else { return nil }
        self.init(validated: origins.map { Array($0.utf8) })
    }

    private init(validated origins: [[UInt8]]) {
        self.origins = origins
    }

    /// The same, but for these paths, whose answers are no other origin's to read: pages that people answer, with what proves their answer.
    package func closed(at paths: Set<String>) -> CORSPolicy {
        var policy = self
        policy.closed = Set(paths.map { Array($0.utf8) })
        return policy
    }

    /// Whether there is nothing to apply.
    package var isEmpty: Bool { origins.isEmpty }

    /// Adds the fields for an answer to a request for this path with this `Origin` (nil: none, or more than one).
    package func apply(to headers: inout Headers, path: ArraySlice<UInt8>?, origin: ArraySlice<UInt8>?) {
        guard !isEmpty, isOpen(path) else { return }
        // Also where the origin is not listed: a cache must not give that answer to one that is.
        headers.append(.vary, "Origin")
        guard let origin, allows(origin) else { return }
        headers.append(.accessControlAllowOrigin, origin)
        headers.append(.accessControlAllowCredentials, "true")
        headers.append(.accessControlExposeHeaders, "dpop-nonce, etag, retry-after, www-authenticate, x-request-id")
    }

    /// Adds the fields for the answer to a preflight (OPTIONS with `Access-Control-Request-Method`), whose `Allow` is given;
    /// those of `apply(to:path:origin:)` come besides.
    package func applyPreflight(to headers: inout Headers, path: ArraySlice<UInt8>?, origin: ArraySlice<UInt8>?, allow: String) {
        guard let origin, allows(origin), isOpen(path) else { return }
        headers.append(.accessControlAllowMethods, allow)
        headers.append(.accessControlAllowHeaders, "authorization, content-type, dpop, if-match, x-request-id")
        headers.append(.accessControlMaxAge, "600")
    }

    private func isOpen(_ path: ArraySlice<UInt8>?) -> Bool { closed.isEmpty || path.map { !closed.contains(Array($0)) } ?? true }

    private func allows(_ origin: ArraySlice<UInt8>) -> Bool {
        origins.contains { $0.elementsEqual(origin) }
    }

    private static func isOrigin(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let scheme = ["http://", "https://"].first(where: { bytes.starts(with: $0.utf8) }) else { return false }
        let host = bytes.dropFirst(scheme.utf8.count)
        guard !host.isEmpty, !host.contains(UInt8(ascii: "*")), host.allSatisfy({ $0.lowercased == $0 }) else { return false }
        return Array(host).withUnsafeBufferPointer { RequestTarget.isAuthority($0) }
    }
}
