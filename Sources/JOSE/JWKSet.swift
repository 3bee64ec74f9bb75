// JWKSet: the keys of an issuer (RFC 7517 §5), an immutable value. Keys that cannot be used are left out, with the reason
// kept. A key is looked up by `kid` and algorithm together; two keys may share a `kid`, and then both are candidates.
import MartletEncoding

/// Signature keys, and what was left out.
public struct JWKSet: Sendable {
    /// The usable keys in their order.
    public let keys: [JWK]
    /// Keys of the document that cannot be used.
    public let skipped: [SkippedKey]
    private let verificationKeys: [JWSVerificationKey]

    /// A key that was left out, and why.
    public struct SkippedKey: Sendable, Hashable {
        /// Its place in `keys`, from 0.
        public let index: Int
        /// Its `kid`, when it has one.
        public let keyID: String?
        /// Why it cannot be used.
        public let reason: JOSEError
    }

    /// A set of these keys.
    public init(_ keys: [JWK] = []) {
        self.init(keys, skipped: [])
    }

    /// Reads `{"keys":[…]}`. Throws when the text is no JWK Set at all, is over 256 KiB, or has over 256 keys; a key that cannot
    /// be used is skipped (RFC 7517 §5).
    public init(parsing json: [UInt8]) throws(JOSEError) {
        guard json.count <= Self.maximumLength else { throw .tooLarge }
        guard let document = try? JSONDocument(parsing: json) else { throw .invalidJSON }
        guard let elements = document.root["keys"]?.elements else { throw .invalidKey }
        guard elements.count <= Self.maximumKeys else { throw .tooManyKeys }
        var keys: [JWK] = []
        var skipped: [SkippedKey] = []
        for (index, element) in elements.enumerated() {
            do throws(JOSEError) {
                keys.append(try JWK(element))
            } catch {
                skipped.append(SkippedKey(index: index, keyID: element["kid"]?.string, reason: error))
            }
        }
        self.init(keys, skipped: skipped)
    }

    /// The keys with this `kid` (or without one, when it is nil) that may be used with this algorithm for tokens of this `typ`:
    /// the first four, so that no set can make one token cost many verifications. A key that names what it signs is good for
    /// nothing else.
    public func candidates(keyID: String?, algorithm: SignatureAlgorithm, type: String? = nil) -> [JWSVerificationKey] {
        let candidates = verificationKeys.lazy.filter { key in
            key.algorithm == algorithm && Self.isSame(key.keyID, keyID) && key.isFor(type: type)
        }
        return Array(candidates.prefix(Self.maximumCandidates))
    }

    /// Whether a key with this `kid` is here, whatever it may be used with.
    public func contains(keyID: String?) -> Bool {
        keys.contains { Self.isSame($0.keyID, keyID) }
    }

    /// The JWK Set of the public keys as JSON. Shared secrets and private members are never in it.
    public var publicJSON: [UInt8] {
        JSONWriter.object(capacity: 256 * keys.count + 16) { writer in
            writer.name("keys")
            writer.array { writer in
                for key in keys { if let json = key.publicJSON { writer.raw(json) } }
            }
        }
    }

    private init(_ keys: [JWK], skipped: [SkippedKey]) {
        self.keys = keys
        self.skipped = skipped
        verificationKeys = keys.flatMap { key in key.algorithms.compactMap { try? key.verificationKey($0) } }
    }

    /// By bytes: String's own equality would take two spellings of one character for the same.
    private static func isSame(_ left: String?, _ right: String?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    private static let maximumLength = 256 * 1024
    private static let maximumKeys = 256
    private static let maximumCandidates = 4
}
