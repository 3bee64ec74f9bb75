// Key sets: what is skipped, what is found, and that one bad key costs no other.
import MartletEncoding
import MartletJOSE
import Testing

@Suite struct JWKSetTests {
    @Test func `the keys of RFC 7517 A.1 and A.3 are read, and those for encryption skipped`() throws {
        let set = try JWKSet(parsing: Array(RFCVectors.keySet.utf8))
        #expect(set.keys.map(\.keyID) == ["2011-04-29", "HMAC key used in JWS spec Appendix A.1 example"])
        #expect(set.skipped.map(\.index) == [0, 2])
        #expect(set.skipped.map(\.reason) == [.notForSignatures, .keyTooSmall])
        #expect(set.skipped.map(\.keyID) == ["1", nil])
    }

    @Test func `a key is found by kid and algorithm together`() throws {
        let (one, other) = (try JWK.generate(.es256), try JWK.generate(.edDSA))
        let set = JWKSet([one, other])
        #expect(set.candidates(keyID: one.keyID, algorithm: .es256).count == 1)
        #expect(set.candidates(keyID: one.keyID, algorithm: .edDSA).isEmpty)
        #expect(set.candidates(keyID: other.keyID, algorithm: .es256).isEmpty)
        #expect(set.candidates(keyID: nil, algorithm: .es256).isEmpty)
        #expect(set.candidates(keyID: "", algorithm: .es256).isEmpty)
        #expect(set.contains(keyID: one.keyID) && !set.contains(keyID: "other"))
    }

    @Test func `two keys of one kid are both candidates, five are not all`() throws {
        let keys = try (0..<5).map { _ in try Self.key(named: "k") }
        #expect(JWKSet(Array(keys.prefix(2))).candidates(keyID: "k", algorithm: .es256).count == 2)
        #expect(JWKSet(keys).candidates(keyID: "k", algorithm: .es256).count == 4)
    }

    @Test func `kids that look alike are different`() throws {
        // One character composed and the same decomposed: equal as Swift strings, not as bytes.
        let set = JWKSet([try Self.key(named: "\u{E9}")])
        #expect(set.candidates(keyID: "e\u{301}", algorithm: .es256).isEmpty)
        #expect(set.candidates(keyID: "\u{E9}", algorithm: .es256).count == 1)
    }

    @Test(arguments: [
        ("", JOSEError.invalidJSON), ("[]", .invalidKey), ("{}", .invalidKey), (#"{"keys":{}}"#, .invalidKey),
        (#"{"keys":[],"keys":[]}"#, .invalidJSON), (#"{"keys":[]} x"#, .invalidJSON),
        (#"{"keys":[\#(Array(repeating: "1", count: 257).joined(separator: ","))]}"#, .tooManyKeys),
        (String(repeating: " ", count: 262_145), .tooLarge),
    ])
    func `what is no key set is refused`(json: String, error: JOSEError) {
        #expect(throws: error) { try JWKSet(parsing: Array(json.utf8)) }
    }

    @Test func `elements that are no keys are skipped`() throws {
        let key = String(decoding: try #require(try JWK.generate(.es256).publicJSON), as: UTF8.self)
        let set = try JWKSet(parsing: Array(#"{"keys":[1,null,"x",[],{},\#(key)],"other":1}"#.utf8))
        #expect(set.keys.count == 1 && set.skipped.count == 5)
    }

    @Test func `the public JSON of a set reads back as the same public keys`() throws {
        let keys = try [SignatureAlgorithm.es256, .es384, .edDSA, .ps256, .hs256].map { try JWK.generate($0) }
        let set = try JWKSet(parsing: JWKSet(keys).publicJSON)
        #expect(set.skipped.isEmpty)
        #expect(set.keys.map(\.thumbprint) == keys.dropLast().map(\.thumbprint))
        #expect(set.keys.allSatisfy { !$0.isPrivate })
    }

    private static func key(named name: String) throws -> JWK {
        let members = try JSONDocument(parsing: try JWK.generate(.es256).privateJSON()).root.members
        return try JWK(
            parsing: JSONWriter.object { writer in
                for member in members where member.name != "kid" {
                    writer.name(member.name)
                    writer.raw(Array(member.value.json))
                }
                writer.member("kid", name)
            })
    }
}
