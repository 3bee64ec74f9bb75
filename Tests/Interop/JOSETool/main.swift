// jose-tool: lets the interoperability tests sign and verify with MartletJOSE from another language.
//
//     JOSETool sign ALG            a new key: prints its private JWK, its public JWK Set, and a token (HS256: an empty set)
//     JOSETool sign ALG JWK        the same with a key of the caller's (private JWK as JSON)
//     JOSETool verify JWKS TOKEN   prints the payload, or the reason for refusing it and exits with status 1
//     JOSETool thumbprint JWK      prints the RFC 7638 thumbprint
import MartletEncoding
import MartletJOSE

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

func sign(_ name: String, _ json: String?) throws {
    guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw JOSEError.unsupportedAlgorithm }
    let key = try json.map { try JWK(parsing: Array($0.utf8)) } ?? JWK.generate(algorithm)
    let claims = JSONWriter.object { writer in
        writer.member("iss", "https://martlet.example")
        writer.member("sub", "grüße")
        writer.member("aud", "https://api.example")
        writer.member("exp", 4_102_444_800)
    }
    print(text(try key.privateJSON()))
    print(text(JWKSet([key]).publicJSON))
    print(text(try key.signer(algorithm, type: "JWT").sign(claims)))
}

func verify(_ json: String, _ token: String) throws -> [UInt8] {
    let jws = try CompactJWS(parsing: Array(token.utf8))
    guard let algorithm = jws.unverifiedHeader.algorithm else { throw JOSEError.unsupportedAlgorithm }
    let candidates = try JWKSet(parsing: Array(json.utf8)).candidates(keyID: jws.unverifiedHeader.keyID, algorithm: algorithm)
    guard let key = candidates.first else { throw JOSEError.algorithmMismatch }
    return try jws.verified(by: key).payload
}

let arguments = CommandLine.arguments.dropFirst()
do {
    switch (arguments.first, arguments.count) {
    case ("sign", 2): try sign(arguments[2], nil)
    case ("sign", 3): try sign(arguments[2], arguments[3])
    case ("verify", 3): print(text(try verify(arguments[2], arguments[3])))
    case ("thumbprint", 2): print(try JWK(parsing: Array(arguments[2].utf8)).thumbprint)
    default:
        print("usage: JOSETool sign ALG [JWK] | verify JWKS TOKEN | thumbprint JWK")
        exit(2)
    }
} catch {
    print((error as? JOSEError)?.code ?? "\(error)")
    exit(1)
}
