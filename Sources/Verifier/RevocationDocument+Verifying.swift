// RevocationDocument from what came over the network: believed only when the issuer's feed key signed it for this feed, about
// now. Nothing of the payload is looked at before the signature is right. Whether it is news, and fits to what is known, is
// FeedPosition's business.
import MartletEncoding
import MartletJOSE

extension RevocationDocument {
    /// A document that `issuer` has signed with one of these keys, and that is of about `now`.
    init(verifying text: [UInt8], issuer: String, keys: KeySnapshot, at now: UnixTime) throws(RevocationFeedRefusal) {
        let token: CompactJWS
        do { token = try CompactJWS(parsing: text, maximumLength: Self.maximumText) } catch {
            throw error == .tooLarge ? .tooLarge : .malformed
        }
        guard token.unverifiedHeader.hasType(Self.type) else { throw .wrongType }
        let payload = try Self.payload(of: token, keys: keys, at: now)
        do { try self.init(parsing: payload) } catch { throw error == .tooLarge ? .tooLarge : .malformed }
        guard self.issuer.utf8.elementsEqual(issuer.utf8) else { throw .wrongIssuer }
        guard issuedAt <= now.seconds + Self.leeway else { throw .fromTheFuture }
        guard now.seconds < expiresAt + Self.leeway else { throw .expired }
    }

    /// Only a key that names this type as what it signs will do: a key for access tokens must not be able to speak here.
    private static func payload(of token: CompactJWS, keys: KeySnapshot, at now: UnixTime) throws(RevocationFeedRefusal) -> [UInt8] {
        let header = token.unverifiedHeader
        guard now < keys.goodUntil, let algorithm = header.algorithm, !algorithm.isSymmetric else { throw .unknownKey }
        let candidates = keys.keys.candidates(keyID: header.keyID, algorithm: algorithm, type: Self.type).filter { $0.signs != nil }
        guard !candidates.isEmpty else {
            // A key that is here and for something else is no reason to fetch and to wait.
            throw keys.keys.contains(keyID: header.keyID) ? .badSignature : .unknownKey
        }
        for key in candidates {
            if let verified = try? token.verified(by: key) { return verified.payload }
        }
        throw .badSignature
    }

    /// Longest document that is fetched, in bytes: the longest payload in base64url, header and signature.
    static let maximumText = 24 << 20
    /// Seconds by which the issuer's clock may differ.
    static let leeway: Int64 = 60
}
