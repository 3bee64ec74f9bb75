// The digest by which the revocation feed names an id: the first 16 bytes of SHA-256(kind ":" id).
import MartletCryptography
import MartletEncoding
import MartletVerifier
import Testing

@Suite struct RevocationDigestTests {
    @Test(arguments: [
        (RevocationDigest.Kind.session, "sid:abc"), (.token, "jti:abc"), (.client, "client:abc"), (.key, "key:abc"),
    ])
    func `a digest is the head of the SHA-256 of kind and id`(kind: RevocationDigest.Kind, text: String) {
        let digest = RevocationDigest(kind, "abc")
        #expect(digest.bytes == Array(Digest.sha256.hash(Array(text.utf8)).prefix(16)))
        #expect(RevocationDigest(bytes: digest.bytes[...]) == digest)
    }

    @Test func `kinds do not mix, and only 16 bytes are a digest`() {
        #expect(Set(RevocationDigest.Kind.allCases.map { RevocationDigest($0, "x") }).count == 4)
        #expect(RevocationDigest(bytes: [UInt8](repeating: 0, count: 15)[...]) == nil)
        #expect(RevocationDigest(bytes: [UInt8](repeating: 0, count: 17)[...]) == nil)
    }
}
