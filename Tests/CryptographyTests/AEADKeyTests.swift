// Sealing: NIST's known answer for AES-256-GCM, and that nothing but the very same text opens.
import MartletCryptography
import MartletEncoding
import Testing

@Suite struct AEADKeyTests {
    private let key = [UInt8](0..<32)

    @Test func `sealing has the known answer of the GCM specification, test case 14`() throws {
        // AES-256, key and nonce and plaintext all zero: ciphertext and tag as published by McGrew and Viega.
        let key = try AEADKey([UInt8](repeating: 0, count: 32))
        let zeros = RandomSource { [UInt8](repeating: 0, count: $0) }
        let sealed = try key.seal([UInt8](repeating: 0, count: 16), associatedData: [], random: zeros)
        #expect(Hex.encode(Array(sealed.prefix(12))) == String(repeating: "0", count: 24))
        #expect(Hex.encode(Array(sealed.dropFirst(12))) == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    }

    @Test(arguments: [0, 1, 16, 17, 1000])
    func `what was sealed opens`(length: Int) throws {
        let key = try AEADKey(key)
        let text = [UInt8](repeating: 0x5A, count: length)
        let sealed = try key.seal(text, associatedData: Array("keys/1/private".utf8))
        #expect(sealed.count == length + 28)
        #expect(try key.open(sealed, associatedData: Array("keys/1/private".utf8)) == text)
    }

    @Test func `a flipped bit anywhere is noticed`() throws {
        let key = try AEADKey(key)
        let sealed = try key.seal(Array("secret".utf8), associatedData: [1])
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 0x10
            #expect(throws: CryptographyError.notAuthentic) { try key.open(altered, associatedData: [1]) }
        }
    }

    @Test func `another place, another key, or a cut text does not open`() throws {
        let key = try AEADKey(key)
        let sealed = try key.seal(Array("secret".utf8), associatedData: [1])
        #expect(throws: CryptographyError.notAuthentic) { try key.open(sealed, associatedData: [2]) }
        #expect(throws: CryptographyError.notAuthentic) { try key.open(sealed, associatedData: []) }
        #expect(throws: CryptographyError.notAuthentic) { try key.open(sealed.dropLast(), associatedData: [1]) }
        #expect(throws: CryptographyError.notAuthentic) { try key.open([], associatedData: [1]) }
        let other = try AEADKey([UInt8](repeating: 9, count: 32))
        #expect(throws: CryptographyError.notAuthentic) { try other.open(sealed, associatedData: [1]) }
    }

    @Test(arguments: [0, 16, 31, 33])
    func `only 32 bytes are a key`(length: Int) {
        #expect(throws: CryptographyError.invalidKey) { try AEADKey([UInt8](repeating: 1, count: length)) }
    }
}

extension AEADKey {
    fileprivate func open(_ sealed: ArraySlice<UInt8>, associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try open(Array(sealed), associatedData: associatedData)
    }
}
