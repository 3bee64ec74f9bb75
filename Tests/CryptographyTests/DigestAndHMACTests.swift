// Known answers for SHA-2 (FIPS 180-4 examples) and HMAC-SHA-256 (RFC 4231).
import MartletCryptography
import MartletEncoding
import Testing

@Suite struct DigestAndHMACTests {
    @Test(arguments: [
        (Digest.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (Digest.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            Digest.sha384, "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            Digest.sha512, "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `digests have their published values`(digest: Digest, message: String, expected: String) {
        #expect(Hex.encode(digest.hash(Array(message.utf8))) == expected)
        #expect(digest.byteCount * 2 == expected.count)
    }

    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `HMAC has the values of RFC 4231 §4`(key: [UInt8], message: [UInt8], expected: String) {
        let hmac = HMACKey(key)
        // Twice: the second run starts from a context that was used before.
        for _ in 0..<2 { #expect(Hex.encode(hmac.code(for: message)) == expected) }
        #expect(hmac.isValid(code: hmac.code(for: message), for: message))
        #expect(!hmac.isValid(code: Array(hmac.code(for: message).dropLast()), for: message))
        #expect(!hmac.isValid(code: hmac.code(for: message), for: message + [0]))
    }

    /// RFC 4231 §4.3.
    @Test(arguments: [
        (
            Digest.sha384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
        ),
        (
            .sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
    ])
    func `so it has over the longer digests`(digest: Digest, expected: String) {
        let hmac = HMACKey(Array("Jefe".utf8), digest)
        for _ in 0..<2 { #expect(Hex.encode(hmac.code(for: Array("what do ya want for nothing?".utf8))) == expected) }
    }

    @Test func `an empty key is a key`() {
        // HMAC_SHA256("", "") of RFC 2104's definition.
        #expect(Hex.encode(HMACKey([UInt8]()).code(for: [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `one HMAC key serves many threads at once`() async {
        let key = HMACKey(Array("Jefe".utf8))
        let expected = key.code(for: Array("m".utf8))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).allSatisfy { _ in key.code(for: Array("m".utf8)) == expected } }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func `equality is by bytes and length`() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]))
        #expect(!ConstantTime.equal([1, 2], [1, 2, 0]))
    }

    @Test func `random bytes are as many as asked for and differ`() {
        #expect(RandomSource.secure.bytes(0).isEmpty)
        #expect(RandomSource.secure.bytes(33).count == 33)
        #expect(RandomSource.secure.bytes(16) != RandomSource.secure.bytes(16))
    }

    @Test func `a secret shows nothing of itself`() {
        let secret = Secret(Array("hunter2hunter2".utf8))
        var text = ""
        dump(secret, to: &text)
        #expect(!("\(secret)" + text).contains("hunter"))
        #expect(secret.bytes == Array("hunter2hunter2".utf8))
    }
}
