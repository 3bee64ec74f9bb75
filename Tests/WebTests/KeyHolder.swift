// KeyHolder: a client with a key, and the proofs that it makes (RFC 9449 §4.2).

import MartletCryptography
import MartletEncoding
import MartletJOSE
import MartletVerifier
import Testing

struct KeyHolder {
    private let key: JWK
    private let signer: SigningKey

    init() throws {
        key = try JWK.generate(.es256)
        let numbers = try JSONDocument(parsing: try key.privateJSON()).root
        let number = { (name: String) in try #require(numbers[name]?.string.flatMap { Base64URL.decode($0) }) }
        signer = try SigningKey(
            try PrivateKey(.ec(.p256, x: try number("x"), y: try number("y")), .ec(d: try number("d"))), .ecdsa(.sha256))
    }

    /// A header field with a new proof.
    func field(
        _ method: String = "POST", _ uri: String = Server.issuer + "/oauth2/token", token: String? = nil, nonce: String? = nil,
        id: String = Base64URL.encode(RandomSource.secure.bytes(9)), at now: UnixTime = Server.start
    ) throws -> String {
        let header = JSONWriter.object { writer in
            writer.member("typ", "dpop+jwt")
            writer.member("alg", "ES256")
            writer.name("jwk")
            writer.raw(key.publicJSON ?? [])
        }
        let claims = JSONWriter.object { writer in
            writer.member("jti", id)
            writer.member("htm", method)
            writer.member("htu", uri)
            writer.member("iat", now.seconds)
            if let token { writer.member("ath", Base64URL.encode(Digest.sha256.hash(Array(token.utf8)))) }
            if let nonce { writer.member("nonce", nonce) }
        }
        let input = Base64URL.encode(header) + "." + Base64URL.encode(claims)
        return "DPoP: \(input).\(Base64URL.encode(try signer.sign(Array(input.utf8))))"
    }

    var thumbprint: String {
        get throws {
            let text = Array(try field().utf8.dropFirst("DPoP: ".utf8.count))
            let uri = Server.issuer + "/oauth2/token"
            return try DPoPProof(verifying: text, method: "POST", uri: uri, accessToken: nil, at: Server.start).thumbprint
        }
    }
}
