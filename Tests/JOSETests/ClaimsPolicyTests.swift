// Claims: every check on its own edge, and the order in which they are made.
import MartletEncoding
import MartletJOSE
import Testing

@Suite struct ClaimsPolicyTests {
    private static let good = """
        "iss":"https://a.example","aud":"https://api.example","exp":1000
        """
    private let policy = ClaimsPolicy(
        type: "at+jwt", issuer: "https://a.example", audiences: ["https://api.example", "https://b.example"], leeway: 30)

    @Test(arguments: [
        (#"{\#(good)}"#, 900, ClaimsFailure?.none, "good"),
        (#"{\#(good)}"#, 1029, nil, "within the leeway after exp"),
        (#"{\#(good)}"#, 1030, .expired, "at exp and the leeway"),
        (#"{"aud":"https://api.example","exp":1000}"#, 900, .missingClaim("iss"), "no iss"),
        (#"{"iss":["https://a.example"],"aud":"https://api.example","exp":1000}"#, 900, .wrongIssuer, "iss in an array"),
        (#"{"iss":"https://a.example/","aud":"https://api.example","exp":1000}"#, 900, .wrongIssuer, "a slash more"),
        (#"{"iss":"https:\/\/a.example","aud":"https://api.example","exp":1000}"#, 900, nil, "iss written with escapes"),
        (#"{"iss":"https://a.example","exp":1000}"#, 900, .missingClaim("aud"), "no aud"),
        (#"{"iss":"https://a.example","aud":[],"exp":1000}"#, 900, .wrongAudience, "an empty aud"),
        (#"{"iss":"https://a.example","aud":"https://c.example","exp":1000}"#, 900, .wrongAudience, "another aud"),
        (#"{"iss":"https://a.example","aud":"https://api.example.evil","exp":1000}"#, 900, .wrongAudience, "a longer aud"),
        (#"{"iss":"https://a.example","aud":["x","https://b.example"],"exp":1000}"#, 900, nil, "one aud of several"),
        (#"{"iss":"https://a.example","aud":{"a":1},"exp":1000}"#, 900, .wrongAudience, "an object as aud"),
        (#"{"iss":"https://a.example","aud":"https://api.example"}"#, 900, .missingClaim("exp"), "no exp"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":"1000"}"#, 900, .malformedClaim("exp"), "exp as a string"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":null}"#, 900, .malformedClaim("exp"), "exp null"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":-1}"#, 900, .expired, "exp before the epoch"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":1000.9}"#, 1029, nil, "exp with a fraction"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":1e3}"#, 1030, .expired, "exp with an exponent"),
        (#"{"iss":"https://a.example","aud":"https://api.example","exp":999999999999999999}"#, 900, nil, "exp in the far future"),
        (
            #"{"iss":"https://a.example","aud":"https://api.example","exp":99999999999999999999999}"#, 900, .malformedClaim("exp"),
            "exp beyond all numbers"
        ),
        (#"{\#(good),"nbf":930}"#, 900, nil, "nbf within the leeway"),
        (#"{\#(good),"nbf":931}"#, 900, .notYetValid, "nbf beyond the leeway"),
        (#"{\#(good),"nbf":"0"}"#, 900, .malformedClaim("nbf"), "nbf as a string"),
        (#"{\#(good),"iat":99999}"#, 900, nil, "iat in the future"),
        (#"{\#(good),"iat":"x"}"#, 900, nil, "iat that is no number"),
    ])
    func `claims pass or fail`(claims: String, now: Int64, failure: ClaimsFailure?, reason: String) throws {
        let claims = try Claims(parsing: Array(claims.utf8))
        let found = policy.failure(header: try Self.header("at+jwt"), claims: claims, at: UnixTime(seconds: now))
        #expect(found == failure, Comment(rawValue: reason))
    }

    @Test func `the order is typ, iss, aud, exp, nbf, scope`() throws {
        let policy = ClaimsPolicy(type: "at+jwt", issuer: "i", audiences: ["a"], requiredScopes: ["s"])
        let now = UnixTime(seconds: 500)
        func failure(_ type: String, _ claims: String) throws -> ClaimsFailure? {
            policy.failure(header: try Self.header(type), claims: try Claims(parsing: Array(claims.utf8)), at: now)
        }
        #expect(try failure("rt+jwt", #"{"exp":1,"nbf":900}"#) == .wrongType)
        #expect(try failure("at+jwt", #"{"iss":"x","exp":1,"nbf":900}"#) == .wrongIssuer)
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"x","exp":1,"nbf":900}"#) == .wrongAudience)
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"a","exp":1,"nbf":900}"#) == .expired)
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"a","exp":900,"nbf":900}"#) == .notYetValid)
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"a","exp":900,"nbf":1}"#) == .insufficientScope("s"))
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"a","exp":900,"nbf":1,"scope":"ss xs"}"#) == .insufficientScope("s"))
        #expect(try failure("at+jwt", #"{"iss":"i","aud":"a","exp":900,"nbf":1,"scope":"x s"}"#) == nil)
    }

    @Test func `an issuer that goes by other names is known by each, byte by byte`() throws {
        var policy = ClaimsPolicy(type: "at+jwt", issuer: "https://a.example", audiences: nil)
        policy.otherIssuers = ["my-app", "old"]
        for (name, failure) in [("https://a.example", nil), ("my-app", nil), ("old", nil), ("My-App", .wrongIssuer), ("", .wrongIssuer)]
            as [(String, ClaimsFailure?)]
        {
            let claims = try Claims(parsing: Array(#"{"iss":"\#(name)","aud":"x","exp":1000}"#.utf8))
            #expect(policy.failure(header: try Self.header("at+jwt"), claims: claims, at: UnixTime(seconds: 900)) == failure, "\(name)")
        }
    }

    @Test func `a header without typ is of no type`() throws {
        let key = try JWK.generate(.hs256)
        let header = try CompactJWS(parsing: key.signer(type: nil).sign([])).unverifiedHeader
        let claims = try Claims(parsing: Array(#"{\#(Self.good)}"#.utf8))
        #expect(policy.failure(header: header, claims: claims, at: UnixTime(seconds: 900)) == .wrongType)
    }

    @Test(arguments: [(-5, 0), (0, 0), (30, 30), (60, 60), (3600, 60)] as [(Int64, Int64)])
    func `the leeway stays in 0…60 seconds`(asked: Int64, given: Int64) {
        #expect(ClaimsPolicy(type: "t", issuer: "i", audiences: [], leeway: asked).leeway == given)
    }

    @Test func `claims are read by their types`() throws {
        let claims = try Claims(
            parsing: Array(
                #"{"sub":"u","aud":["a","b"],"scope":"one  two","sid":"s","jti":"j","client_id":"c","roles":["r"],"iat":5,"x":{"y":[1]}}"#
                    .utf8))
        #expect(claims.subject == "u" && claims.audience == ["a", "b"] && claims.scopes == ["one", "two"])
        #expect(claims.sessionID == "s" && claims.tokenID == "j" && claims.clientID == "c" && claims.roles == ["r"])
        #expect(claims.issuedAt == 5 && claims.expiresAt == nil && claims.issuer == nil)
        #expect(claims["x"]?["y"]?.elements?.first?.integer == 1)
        let wrong = try Claims(parsing: Array(#"{"sub":1,"aud":1,"scope":[],"roles":"r","iat":"5"}"#.utf8))
        #expect(wrong.subject == nil && wrong.audience == [] && wrong.scopes == [] && wrong.roles == [] && wrong.issuedAt == nil)
    }

    @Test(arguments: [("[]", JOSEError.claimsNotAnObject), ("", .invalidJSON), (#"{"a":1,"a":2}"#, .invalidJSON), ("{} {}", .invalidJSON)])
    func `what is no object of claims is refused`(json: String, error: JOSEError) {
        #expect(throws: error) { try Claims(parsing: Array(json.utf8)) }
    }

    private static func header(_ type: String) throws -> JWSHeader {
        try CompactJWS(parsing: try JWK.generate(.hs256).signer(type: type).sign([])).unverifiedHeader
    }
}
