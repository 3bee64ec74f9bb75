// IntrospectionAnswer: what a client hears about a token (RFC 7662 §2.2). The claims of an access token have the names and meanings of
// the answer's members (RFC 9068 §2.2, RFC 7662 §2.2, RFC 8693 §4, RFC 9449 §6.2, RFC 9470 §6.2), so they are handed on as they were
// signed: one copy of their text.

import MartletEncoding
import MartletJOSE
import MartletVerifier
import OAuth

enum IntrospectionAnswer {
    /// What is said of an access token; nil for one that is not active, of which nothing else is said.
    static func write(_ token: VerifiedToken?) -> [UInt8] {
        guard let token else { return inactive }
        let start = token.claims["cnf"]?["jkt"] == nil ? bearer : bound
        // Claims that a frontend of other software reads may have such a name, and a member is never there twice.
        guard token.claims["token_type"] == nil, token.claims["active"] == nil else { return merged(token, start) }
        let claims = token.claims.json
        var answer: [UInt8] = []
        answer.reserveCapacity(start.count + claims.count)
        answer += start
        answer += claims.dropFirst()
        return answer
    }

    /// The same for a refresh token.
    static func write(_ token: ActiveRefreshToken?, issuer: String) -> [UInt8] {
        guard let token else { return inactive }
        return JSONWriter.object(capacity: 512) { writer in
            writer.member("active", true)
            if !token.scope.isEmpty { writer.member("scope", token.scope) }
            writer.member("client_id", token.clientID)
            writer.member("exp", token.expiresAt.seconds)
            writer.member("iat", token.issuedAt.seconds)
            writer.member("sub", token.subject)
            writer.member("iss", issuer)
        }
    }

    private static func merged(_ token: VerifiedToken, _ start: [UInt8]) -> [UInt8] {
        var answer = start
        answer += JSONWriter.object(capacity: 640) { writer in
            for (name, value) in token.claims.all where name != "token_type" && name != "active" {
                writer.name(name)
                writer.raw(Array(value.json))
            }
        }.dropFirst()
        return answer
    }

    private static let inactive = JSONWriter.object { $0.member("active", false) }
    /// Up to where the claims begin; a token has `exp` at least.
    private static let bearer = Array(#"{"active":true,"token_type":"Bearer","#.utf8)
    /// RFC 9449 §6.2.
    private static let bound = Array(#"{"active":true,"token_type":"DPoP","#.utf8)
}
