// JOSECases: signing and verifying tokens of the shape that the service makes.

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier

enum JOSECases {
    static func all(_ algorithms: [SignatureAlgorithm]) throws -> [Case] {
        try algorithms.flatMap { try cases($0) } + [parseClaims(), parseHostile()]
    }

    private static func cases(_ algorithm: SignatureAlgorithm) throws -> [Case] {
        let key = try JWK.generate(algorithm)
        let signer = try key.signer(type: "at+jwt")
        let payload = claims(id: 0)
        let token = try signer.sign(payload)
        let keys = LocalKeySource(JWKSet([key]))
        let policy = VerificationPolicy(issuer: issuer, audiences: [issuer], algorithms: [algorithm])
        let uncached = TokenVerifier(policy: policy, keys: keys, cacheCapacity: 0)
        let cached = TokenVerifier(policy: policy, keys: keys)
        var cases = [
            Case(name: "sign \(algorithm.name)") { count in
                for _ in 0..<count { precondition((try? signer.sign(payload)) != nil) }
            },
            Case(name: "verify \(algorithm.name), uncached") { count in
                for _ in 0..<count { precondition((try? uncached.verify(token, at: now)) != nil) }
            },
        ]
        if algorithm == .es256 {
            cases.append(
                Case(name: "verify, cached") { count in
                    for _ in 0..<count { precondition((try? cached.verify(token, at: now)) != nil) }
                })
        }
        return cases
    }

    private static func parseClaims() -> Case {
        let text = claims(id: 1)
        return Case(name: "parse claims") { count in
            for _ in 0..<count { precondition((try? JSONDocument(parsing: text)) != nil) }
        }
    }

    /// As many member names as an object may have, each as long as a body allows and all in escapes.
    private static func parseHostile() -> Case {
        let name = { (number: Int) in (String(repeating: "x", count: 38) + "\(number)").utf8.map { "\\u00" + Hex.encode([$0]) }.joined() }
        let text = Array(("{" + (0..<256).map { "\"\(name($0))\":1" }.joined(separator: ",") + "}").utf8)
        return Case(name: "parse 64 KiB of hostile JSON") { count in
            for _ in 0..<count { precondition((try? JSONDocument(parsing: text)) != nil) }
        }
    }

    static func claims(id: Int) -> [UInt8] {
        JSONWriter.object { writer in
            writer.member("iss", issuer)
            writer.member("sub", "01a1fc22-40f8-7a56-8e57-66398104ac47")
            writer.member("aud", issuer)
            writer.member("exp", now.seconds + 600)
            writer.member("iat", now.seconds)
            writer.member("jti", "RhLXd8Rw6zU-9MtRN-dCB\(id)")
            writer.member("client_id", "martlet")
            writer.member("scope", "account")
            writer.member("sid", "01a1fc22-40f8-71e1-8aa6-83fead38e08d")
        }
    }

    static let issuer = "https://auth.example.com"
    static let now = UnixTime(seconds: 1_800_000_000)
}
