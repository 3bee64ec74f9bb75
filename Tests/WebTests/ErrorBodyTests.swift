// The one shape of an error, and the challenge that every 401 carries (RFC 6750 §3).

import Accounts
import HTTP
import MartletEncoding
import MartletJOSE
import MartletVerifier
import ResourceServer
import Store
import Testing
import Tokens

@testable import Web

struct ErrorBodyTests {
    @Test(
        "what each layer refuses is the contract's status and code",
        arguments: [
            (AccountError.invalid([FieldProblem("a", "b", "C.")]), 400, "validation_failed"),
            (.weakPassword(FieldProblem("a", "b", "C.")), 400, "weak_password"),
            (.usernameTaken, 409, "username_taken"), (.emailTaken, 409, "email_taken"), (.registrationClosed, 403, "registration_closed"),
            (.invalidCredentials, 401, "invalid_credentials"), (.rateLimited(retryAfter: 7), 429, "rate_limited"),
            (.notFound, 404, "not_found"),
            (.versionMismatch, 409, "conflict"), (.lastAdministrator, 409, "conflict"), (.store(.overloaded), 503, "overloaded"),
            (.store(.unavailable(detail: "disk")), 503, "unavailable"), (.store(.incompatible(detail: "disk")), 503, "unavailable"),
        ] as [(AccountError, Int, String)])
    func accountErrors(error: AccountError, status: Int, code: String) {
        let refusal = Refusal(error)
        #expect(Int(refusal.status.code) == status && refusal.code == code)
        #expect(!refusal.detail.contains("disk"))
        if status == 429 { #expect(refusal.retryAfter == 7) }
        if status == 503 { #expect(refusal.retryAfter != nil) }
    }

    @Test(
        "what is wrong with a token is told by the code that the API would give",
        arguments: [
            (TokenFailure.invalid(reason: "claims"), 401, "invalid_token"), (.expired, 401, "token_expired"),
            (.wrongType, 401, "token_wrong_type"),
            (.sessionEnded, 401, "session_ended"), (.replayed, 401, "refresh_replayed"), (.store(.overloaded), 503, "overloaded"),
            (.signing(detail: "secret cause"), 500, "internal_error"),
        ] as [(TokenFailure, Int, String)])
    func tokenFailures(failure: TokenFailure, status: Int, code: String) {
        let refusal = Refusal(failure)
        #expect(Int(refusal.status.code) == status && refusal.code == code)
        #expect(!refusal.detail.contains("secret cause") && !refusal.detail.contains("claims"))
    }

    @Test(
        "of a verifier's failures each is 401, but a missing scope 403 and keys on their way 503",
        arguments: [
            (VerificationFailure.expired, 401, "token_expired"), (.revoked, 401, "token_revoked"), (.wrongType, 401, "token_wrong_type"),
            (.wrongAudience, 401, "invalid_token"), (.malformed(.invalidBase64URL), 401, "invalid_token"),
            (.badSignature, 401, "invalid_token"),
            (.insufficientScope("admin"), 403, "insufficient_scope"), (.keyPending, 503, "not_ready"),
        ] as [(VerificationFailure, Int, String)])
    func verificationFailures(failure: VerificationFailure, status: Int, code: String) {
        let refusal = Refusal(failure)
        #expect(Int(refusal.status.code) == status && refusal.code == code)
    }

    @Test("the body is code, detail and request_id, with fields where members are wrong")
    func body() throws {
        let id = try #require(RequestID(callers: Array("req-1".utf8)))
        let plain = ErrorBody.render(.notFound("There is no such \"thing\"."), id)
        #expect(plain.json?.members.map(\.name) == ["code", "detail", "request_id"])
        #expect(plain.json?["detail"]?.string == "There is no such \"thing\".")
        #expect(plain.json?["request_id"]?.string == "req-1")
        #expect(plain.headers[.contentType] == "application/json")
        #expect(plain.headers[.cacheControl] == "no-store")
        let problems = [
            FieldProblem("password", "too_short", "A."), FieldProblem("username", "invalid", "B."), FieldProblem("password", "odd", "C."),
        ]
        let invalid = ErrorBody.render(.invalid(problems), id)
        #expect(invalid.json?.members.map(\.name) == ["code", "detail", "fields", "request_id"])
        #expect(invalid.json?["fields"]?.members.map(\.name) == ["password", "username"])
        #expect(invalid.json?["fields"]?["password"]?.elements?.map { $0["code"]?.string } == ["too_short", "odd"])
        #expect(invalid.json?["fields"]?["password"]?.elements?.first?["detail"]?.string == "A.")
    }

    @Test("the cause of a 500 or 503 is for the log alone")
    func cause() throws {
        let id = try #require(RequestID(callers: Array("req-1".utf8)))
        for refusal in [Refusal(StoreError.unavailable(detail: "/var/lib/x")), Refusal(TokenFailure.signing(detail: "/var/lib/x"))] {
            #expect(refusal.logDetail == "/var/lib/x")
            guard case .bytes(let bytes) = ErrorBody.render(refusal, id).body else { return }
            #expect(!String(decoding: bytes, as: UTF8.self).contains("/var/lib"))
        }
    }

    @Test(
        "a 401 carries a Bearer challenge: without an error where no token was given, with one where it was bad",
        arguments: [
            (Refusal.unauthorized("missing_token", "x"), "Bearer realm=\"martlet\""),
            (Refusal(AccountError.invalidCredentials), "Bearer realm=\"martlet\""),
            (
                Refusal(VerificationFailure.expired),
                "Bearer realm=\"martlet\", error=\"invalid_token\", error_description=\"Token has expired.\""
            ),
            (
                Refusal(TokenFailure.sessionEnded),
                "Bearer realm=\"martlet\", error=\"invalid_token\", error_description=\"The session has ended; log in again.\""
            ),
            (
                Refusal(VerificationFailure.insufficientScope("admin")),
                "Bearer realm=\"martlet\", error=\"insufficient_scope\", error_description=\"The token does not have the scope admin.\""
            ), (Refusal.forbidden("No."), nil), (Refusal.notFound("No."), nil), (Refusal(StoreError.overloaded), nil),
        ] as [(Refusal, String?)])
    func challenge(refusal: Refusal, expected: String?) throws {
        let id = try #require(RequestID(callers: Array("req-1".utf8)))
        let told = ErrorBody.render(refusal, id).headers[.wwwAuthenticate]
        // A 401 names the other scheme (RFC 9449 §7.1) behind it.
        let other = refusal.status == .unauthorized ? ", DPoP realm=\"martlet\", algs=" : ""
        #expect(expected.map { told?.hasPrefix($0 + other) == true } ?? (told == nil))
    }

    @Test("no description breaks out of its quotes: RFC 6750 §3 has neither quotes nor backslashes in it")
    func descriptions() {
        let failures =
            [
                VerificationFailure.algorithmNotAllowed, .unknownKey, .wrongKeyAlgorithm, .badSignature, .wrongType, .wrongIssuer,
                .wrongAudience,
                .proofRequired, .notBound, .wrongProofKey, .badProof(.nonceNeeded), .badProof(.missingClaim("ath")),
            ]
            + [.missingClaim("sub"), .malformedClaim("aud"), .expired, .notYetValid, .insufficientScope("account"), .revoked]
            + JOSEError.allCases.map { .malformed($0) }
        let tokenFailures: [TokenFailure] = [.invalid(reason: "x"), .expired, .wrongType, .sessionEnded, .replayed]
        for detail in failures.map({ Refusal($0).detail }) + tokenFailures.map({ Refusal($0).detail }) {
            #expect(detail.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }, "\(detail)")
        }
    }
}
