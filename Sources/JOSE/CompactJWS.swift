// CompactJWS: `header.payload.signature` (RFC 7515 §7.1), read strictly over its bytes: exactly three segments of canonical
// base64url, of bounded length. A value of this type is well formed and nothing more; `verified(by:)` is the only way on.
import MartletEncoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A well-formed token whose signature has not been checked.
public struct CompactJWS: Sendable {
    /// The token's text.
    public let text: [UInt8]
    /// What the token says of itself, unverified.
    public let unverifiedHeader: JWSHeader
    private let layout: Layout

    /// Longest token that is read, in bytes, when nothing else is said.
    public static let maximumLength = 16 * 1024

    /// Reads a token of at most `maximumLength` bytes. Throws where a rule of the form is broken.
    public init(parsing text: [UInt8], maximumLength: Int = maximumLength) throws(JOSEError) {
        let parsed = text.withUnsafeBufferPointer { text -> Result<(Layout, JWSHeader), JOSEError> in
            do throws(JOSEError) {
                let layout = try Layout(parsing: text, maximumLength: maximumLength)
                return .success((layout, try JWSHeader(segment: layout.header(in: text))))
            } catch {
                return .failure(error)
            }
        }
        (layout, unverifiedHeader) = try parsed.get()
        self.text = text
    }

    /// The payload, unverified. Throws ``JOSEError/invalidBase64URL``.
    public func unverifiedPayload() throws(JOSEError) -> [UInt8] {
        guard let payload = text.withUnsafeBufferPointer({ Base64URL.decode(layout.payload(in: $0)) }) else {
            throw .invalidBase64URL
        }
        return payload
    }

    /// The token as the holder of `key` signed it. Throws ``JOSEError/algorithmMismatch`` when the header names another algorithm
    /// than the key is for, and ``JOSEError/badSignature``.
    public func verified(by key: JWSVerificationKey) throws(JOSEError) -> VerifiedJWS {
        guard unverifiedHeader.algorithm == key.algorithm else { throw .algorithmMismatch }
        let isValid = text.withUnsafeBufferPointer { text -> Bool? in
            guard let signature = Base64URL.decode(layout.signature(in: text)) else { return nil }
            return signature.withUnsafeBufferPointer { key.isValid(signature: $0, for: layout.signed(in: text)) }
        }
        guard let isValid else { throw .invalidBase64URL }
        guard isValid else { throw .badSignature }
        return VerifiedJWS(header: unverifiedHeader, payload: try unverifiedPayload())
    }

    /// Where the segments stand in a token's text.
    package struct Layout: Sendable {
        private let firstDot: Int
        private let secondDot: Int

        /// Finds the two dots. Throws when there are not exactly two, or the text is too long.
        package init(
            parsing text: UnsafeBufferPointer<UInt8>, maximumLength: Int = CompactJWS.maximumLength
        ) throws(JOSEError) {
            guard text.count <= maximumLength else { throw .tooLarge }
            guard let first = Self.dot(in: text, from: 0), let second = Self.dot(in: text, from: first + 1),
                Self.dot(in: text, from: second + 1) == nil
            else { throw .notThreeSegments }
            firstDot = first
            secondDot = second
        }

        private static func dot(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
            guard let base = text.baseAddress, start < text.count else { return nil }
            guard let dot = memchr(base + start, Int32(CompactJWS.dot), text.count - start) else { return nil }
            return UnsafeRawPointer(dot) - UnsafeRawPointer(base)
        }

        package func header(in text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[..<firstDot])
        }

        package func payload(in text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[(firstDot + 1)..<secondDot])
        }

        package func signature(in text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[(secondDot + 1)...])
        }

        /// The signing input of RFC 7515 §5.2: header and payload with the dot between them.
        package func signed(in text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[..<secondDot])
        }
    }

    static let dot = UInt8(ascii: ".")
}

/// What the holder of a key signed. Only ``CompactJWS/verified(by:)`` makes one.
public struct VerifiedJWS: Sendable {
    /// The header.
    public let header: JWSHeader
    /// The payload.
    public let payload: [UInt8]

    /// The payload as claims; throws when it is not one strict JSON object.
    public func claims() throws(JOSEError) -> Claims {
        try Claims(parsing: payload)
    }

    fileprivate init(header: JWSHeader, payload: [UInt8]) {
        self.header = header
        self.payload = payload
    }
}
