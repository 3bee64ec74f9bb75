// The format of the revocation feed: what is written can be read, the same revocations are the same bytes, and nothing that is
// not exactly the format is read.
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

struct RevocationDocumentTests {
    @Test("every kind of entry comes back as it was written, in a snapshot and in a delta", arguments: [nil, 3] as [Int64?])
    func roundTrip(after: Int64?) throws {
        let entries = RevocationDigest.Kind.allCases.flatMap { kind in
            (0..<5).map { entry(kind, "id-\($0)", until: 1_800_000_000 + 60 * Int64($0 % 2)) }
        }
        var client = entry(.client, "bounded", until: 1_800_000_001)
        client.issuedBefore = 1_700_000_000
        let document = RevocationDocument(
            issuer: "https://auth.example", issuedAt: 1_799_999_990, lineage: "l\"1\u{e9}", sequence: 7, after: after,
            entries: entries + [client])
        let read = try RevocationDocument(parsing: document.payload)
        #expect(Set(read.entries) == Set(document.entries))
        #expect(read.entries.count == 21)
        #expect(read.issuer == document.issuer && read.lineage == document.lineage)
        #expect(read.issuedAt == document.issuedAt && read.expiresAt == document.issuedAt + 60)
        #expect(read.sequence == 7 && read.after == after)
    }

    @Test("the bytes do not depend on the order of the entries")
    func order() {
        let entries = RevocationDigest.Kind.allCases.flatMap { kind in (0..<20).map { entry(kind, "id-\($0)", until: 60 * Int64($0 / 5)) } }
        let written = document(entries).payload
        for shift in 1..<entries.count { #expect(document(Array(entries[shift...] + entries[..<shift])).payload == written) }
    }

    @Test("kinds without an entry are left out, and read as none")
    func emptyKinds() throws {
        let payload = document([]).payload
        #expect(String(decoding: payload, as: UTF8.self) == #"{"iss":"i","iat":100,"exp":160,"lineage":"l","seq":1}"#)
        #expect(try RevocationDocument(parsing: payload).entries.isEmpty)
    }

    @Test(
        "a time is never written earlier than it is",
        arguments: [
            (.session, 60_000, 60), (.session, 60_001, 120), (.token, 1, 60), (.token, 119_999, 120), (.client, 60_000, 60),
            (.client, 60_001, 61), (.key, 59_999, 60), (.key, 0, 0), (.session, -1, 0), (.key, Int64.max, 253_402_300_800),
            (.session, Int64.max, 253_402_300_800), (.session, Int64.min, 0),
        ] as [(RevocationDigest.Kind, Int64, Int64)])
    func rounding(kind: RevocationDigest.Kind, milliseconds: Int64, seconds: Int64) throws {
        let entry = RevocationEntry(kind: kind, digest: RevocationDigest(kind, "a"), until: UnixTime(milliseconds: milliseconds))
        let read = try RevocationDocument(parsing: document([entry]).payload)
        #expect(read.entries.map(\.until) == [UnixTime(seconds: seconds)])
    }

    @Test("200,000 sessions in one snapshot are few groups, and can be signed, verified and read")
    func large() throws {
        let digests = (0..<200_000 as Range<UInt64>).map { number in
            let word = withUnsafeBytes(of: (number &* 0x9E37_79B9_7F4A_7C15).bigEndian) { Array($0) }
            return RevocationDigest(bytes: (word + word)[...])
        }
        // As many times as ten minutes have seconds.
        let entries = digests.enumerated().compactMap { index, digest in
            digest.map {
                RevocationEntry(kind: .session, digest: $0, until: UnixTime(milliseconds: 1_800_000_000_000 + Int64(index % 600) * 1000))
            }
        }
        let key = try JWK.generate(.es256, signs: RevocationDocument.type)
        let payload = document(entries).payload
        let text = try key.signer(type: RevocationDocument.type).sign(payload)
        let token = try CompactJWS(parsing: text, maximumLength: 24 << 20)
        let read = try RevocationDocument(parsing: token.verified(by: key.verificationKey(.es256)).payload)
        #expect(read.entries.count == 200_000)
        #expect(Set(read.entries.map(\.digest)) == Set(entries.map(\.digest)))
        #expect(payload.count < 200_000 * 22)
        // Ten minutes with 20,000 each, of which 4,096 share a group, and the few of the very first second.
        #expect(try JSONDocument(parsing: payload).root["revoked"]?["sid"]?.elements?.count == 51)
    }

    @Test("members that nobody knows here are not looked at")
    func unknownMembers() throws {
        let payload = text(["x": #"{"sid":7}"#, "sub": "null", "key": #"[{"h":"\#(Self.hash)","until":60,"why":[]}]"#])
        #expect(try RevocationDocument(parsing: payload).entries.count == 1)
    }

    @Test(
        "what is not exactly the format is refused",
        arguments: [
            ("iss", nil, "missing"), ("iss", "7", "no text"), ("iss", #""""#, "empty"), ("iat", nil, "missing"),
            ("iat", "-1", "negative"), ("iat", "100.5", "a fraction"), ("iat", #""100""#, "text"), ("iat", "1e2", "an exponent"),
            ("iat", "253402300801", "after the year 9999"), ("exp", nil, "missing"), ("exp", "99", "before iat"),
            ("exp", "3701", "over an hour after iat"), ("exp", "null", "null"), ("lineage", nil, "missing"), ("lineage", #""""#, "empty"),
            ("lineage", "1", "a number"), ("seq", nil, "missing"), ("seq", "-1", "negative"), ("seq", "9223372036854775808", "too great"),
            ("seq", "1.0", "a fraction"), ("after", "-1", "negative"), ("after", "6", "greater than seq"), ("after", "null", "null"),
            ("after", #""3""#, "text"), ("sid", "null", "null"), ("sid", "{}", "an object"), ("sid", "[7]", "no groups"),
            ("sid", "[[]]", "an empty group"), ("sid", "[[60]]", "no hashes"), ("sid", #"[[60,"",""]]"#, "three in a group"),
            ("sid", #"[["60",""]]"#, "time as text"), ("sid", #"[[-60,""]]"#, "negative time"),
            ("sid", #"[[253402300801,""]]"#, "after the year 9999"), ("sid", #"[[60,7]]"#, "hashes as a number"),
            ("sid", #"[[60,"AAAA"]]"#, "three bytes"), ("sid", #"[[60,"AAAAAAAAAAAAAAAAAAAAAB"]]"#, "spare bits"),
            ("sid", #"[[60,"AAAAAAAAAAAAAAAAAAAAAA=="]]"#, "padding"), ("sid", #"[[60,"AAAAAAAAAAAAAAAAAAAAA\u0041"]]"#, "an escape"),
            ("sid", #"[[60,"AAAAAAAAAAAAAAAAAAAAAAAA"]]"#, "18 bytes"), ("sid", #"[[60,"+AAAAAAAAAAAAAAAAAAAAA"]]"#, "other alphabet"),
            ("jti", "[[60]]", "no hashes"), ("jti", "true", "a truth value"), ("client", "{}", "an object"),
            ("client", "[[]]", "no object"),
            ("client", #"[{"until":60}]"#, "no hash"), ("client", #"[{"h":"\#(hash)"}]"#, "no time"),
            ("client", #"[{"h":"\#(hash)","until":60,"iat_before":"5"}]"#, "bound as text"),
            ("client", #"[{"h":"\#(hash)","until":60,"iat_before":-5}]"#, "negative bound"),
            ("client", #"[{"h":"","until":60}]"#, "an empty hash"), ("client", #"[{"h":"\#(hash)","until":-1}]"#, "negative time"),
            ("key", #"[{"h":"\#(hash)AAAAAAAAAAAAAAAAAAAAAA","until":60}]"#, "33 bytes"), ("key", #"[{"h":5,"until":60}]"#, "a number"),
            ("key", #"[{"h":"\#(hash)","until":1e3}]"#, "an exponent"), ("key", "0", "a number"),
            ("revoked", "[]", "an array"), ("revoked", "null", "null"),
        ] as [(String, String?, String)])
    func malformed(member: String, value: String?, why: String) {
        #expect(throws: RevocationDocumentError.malformed(member: member), Comment(rawValue: why)) {
            try RevocationDocument(parsing: text([member: value]))
        }
    }

    @Test("what is no JSON object at all is refused", arguments: ["", "[]", "7", #""a""#, "{", #"{"seq":1,"seq":1}"#, "{}}", "null"])
    func noObject(text: String) {
        #expect(throws: RevocationDocumentError.notAnObject) { try RevocationDocument(parsing: Array(text.utf8)) }
    }

    @Test("a payload over 16 MiB is refused before it is read")
    func tooLong() {
        let payload = document([]).payload
        let spaces = [UInt8](repeating: UInt8(ascii: " "), count: RevocationDocument.maximumPayload - payload.count)
        #expect(throws: Never.self) { try RevocationDocument(parsing: payload + spaces) }
        #expect(throws: RevocationDocumentError.tooLarge) { try RevocationDocument(parsing: payload + spaces + spaces.prefix(1)) }
    }

    private func entry(_ kind: RevocationDigest.Kind, _ id: String, until: Int64) -> RevocationEntry {
        RevocationEntry(kind: kind, digest: RevocationDigest(kind, id), until: UnixTime(seconds: until))
    }

    private func document(_ entries: [RevocationEntry]) -> RevocationDocument {
        RevocationDocument(issuer: "i", issuedAt: 100, lineage: "l", sequence: 1, entries: entries)
    }

    /// A good payload but for these members, each with its JSON; nil leaves it out.
    private func text(_ changes: [String: String?]) -> [UInt8] {
        var members: [String: String?] = ["iss": #""i""#, "iat": "100", "exp": "160", "lineage": #""l""#, "seq": "5"]
        var revoked: [String: String?] = [:]
        for (name, value) in changes {
            if Self.kinds.contains(name) { revoked[name] = value } else { members.updateValue(value, forKey: name) }
        }
        if !revoked.isEmpty { members["revoked"] = Self.object(revoked) }
        return Array(Self.object(members).utf8)
    }

    private static func object(_ members: [String: String?]) -> String {
        let pairs = members.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static let kinds = Set(RevocationDigest.Kind.allCases.map(\.rawValue))
    private static let hash = "AAAAAAAAAAAAAAAAAAAAAA"
}
